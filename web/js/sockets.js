// Colours of this pack's own sockets and links, in both renderers.
import { app } from "../../../scripts/app.js";

const COLOURS = {
  FAIR_TOKENS: "#e6b35c",
  FAIR_REGIONS: "#7fc97f",
  FAIR_ATTENTION: "#e07a5f",
  FAIR_TARGET: "#c38bd9",
  FAIR_ATTRIBUTES: "#5fb7c9",
  FAIR_READER: "#8a9be0",
};

// The front end empties the colour of every type that its palette does not name; a palette that names ours wins.
function fix(colours) {
  for (const [type, own] of Object.entries(COLOURS)) {
    let colour = colours?.[type] || own;
    Object.defineProperty(colours, type, {
      configurable: true,
      enumerable: true,
      get: () => colour,
      set: (given) => (colour = given || own),
    });
  }
}

app.registerExtension({
  name: "FairAttention.Sockets",
  setup() {
    fix(app.canvas.default_connection_color_byType);
    fix(app.canvas.constructor.link_type_colors);
    const rules = Object.entries(COLOURS).map(([type, colour]) => `--color-datatype-${type}: ${colour};`);
    const style = document.createElement("style");
    style.textContent = `:root { ${rules.join(" ")} }`;
    document.head.append(style);
  },
});
