// What the map viewer is made of in the page. Words are whatever a prompt held: they are text, cut short, never markup.
import { say } from "./words.js";

const RULES = `
.fair-maps { container-type: inline-size; display: flex; flex-direction: column; gap: 4px; width: 100%; height: 100%; min-height: 0; box-sizing: border-box;
  color: var(--input-text); font: 12px sans-serif; user-select: none; }
.fair-maps :is(button, select) { background: var(--comfy-input-bg); color: inherit; border: 1px solid var(--border-color);
  border-radius: 4px; padding: 1px 6px; font: inherit; cursor: pointer; max-width: 100%; }
.fair-maps :is(button, select, canvas, input):focus-visible { outline: 2px solid #56b4e9; outline-offset: 1px; }
.fair-maps .bar { display: flex; flex-wrap: wrap; gap: 4px; align-items: center; }
.fair-maps .bar input { width: 70px; }
.fair-maps .middle { display: flex; gap: 6px; flex: 1 1 0; min-height: 120px; }
.fair-maps .stage { flex: 1 1 0; min-width: 0; position: relative; }
.fair-maps .stage canvas { position: absolute; inset: 0; width: 100%; height: 100%; cursor: crosshair; touch-action: none; }
.fair-maps .ranks { flex: 0 0 128px; list-style: none; margin: 0; padding: 0; overflow: hidden; }
.fair-maps .ranks button { display: flex; gap: 4px; width: 100%; border-color: transparent; padding: 1px 4px; margin-bottom: 1px; }
.fair-maps .word { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: 1 1 0; text-align: start; unicode-bidi: isolate; }
.fair-maps .chips { display: flex; flex-wrap: wrap; gap: 3px; max-height: 92px; overflow-y: auto; flex: none; }
.fair-maps .chips button { max-width: 140px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: isolate;
  border-width: 2px; }
.fair-maps [aria-pressed=true] { font-weight: bold; border-color: currentColor !important; text-decoration: underline; }
.fair-maps .scale { display: flex; gap: 6px; align-items: center; min-height: 16px; }
.fair-maps .scale i { flex: 1 1 0; height: 8px; border-radius: 2px; }
.fair-maps .scale i.key { flex: 0 0 10px; height: 10px; }
.fair-maps .scale .word { flex: 0 1 auto; max-width: 90px; }
.fair-maps :is(.ranks, .chips)[hidden] { display: none; }
.fair-maps :is(button, select):disabled { opacity: .45; cursor: default; }
.fair-maps .ranks i.key { flex: 0 0 10px; height: 10px; align-self: center; border-radius: 2px; }
.fair-maps .bar:not(:has(> :not([hidden]))), .fair-maps label[hidden] { display: none; }
.fair-maps .message:empty { display: none; }
.fair-maps .steps { white-space: nowrap; }
@container (max-width: 380px) {
  .fair-maps .middle { flex-direction: column; }
  .fair-maps .ranks { flex: none; display: grid; grid-template-columns: 1fr 1fr; column-gap: 4px; }
}
`;

export function styled() {
  if (document.getElementById("fair-maps-style")) return;
  document.head.append(Object.assign(document.createElement("style"), { id: "fair-maps-style", textContent: RULES }));
}

// An element with properties and children.
export function part(tag, properties = {}, ...children) {
  const { aria = {}, ...own } = properties;
  const element = Object.assign(document.createElement(tag), own);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  element.append(...children);
  return element;
}

export function shortened(text, most = 40) {
  const letters = Array.from(String(text).slice(0, 4 * most));
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : letters.join("");
}

export function choice(label, options) {
  return part("select", { title: label, aria: { label } }, ...Object.entries(options).map(([value, text]) => part("option", { value }, text)));
}

// Other options in a choice: what was chosen stays, if it is among them.
export function offer(select, options, otherwise) {
  const kept = select.value;
  select.replaceChildren(...choice("", options).children);
  select.value = kept in options ? kept : otherwise;
}

// A word to press. tokens: its places in the prompt.
export function chip({ name, tokens }, press) {
  const said = `${shortened(name, 200)}: ${say("token")} ${tokens.slice(0, 20).join(", ")}`;
  return part("button", { dir: "auto", title: said, onclick: press, aria: { pressed: false } }, shortened(name));
}

export function percent(value) {
  const hundredths = 100 * value;
  return `${hundredths.toFixed(Math.abs(hundredths) < 1 ? 2 : 1)} %`;
}

// The ways of looking at what there is: with a second recording, with people.
export function views(two, people) {
  const ids = ["map", "strongest", ...(people ? ["people"] : []), ...(two ? ["beside", "difference"] : [])];
  return Object.fromEntries(ids.map((id) => [id, say(id)]));
}

// The viewer's parts, by name, in `element`.
export function page() {
  styled();
  const parts = {
    view: choice(say("view"), views(false, false)),
    by: choice(say("compare"), { share: say("share"), own: say("own") }),
    before: part("button", { title: say("before"), aria: { label: say("before") } }, "‹"),
    number: part("span", { className: "number", role: "status" }),
    after: part("button", { title: say("next"), aria: { label: say("next") } }, "›"),
    opacity: part("input", { type: "range", min: 0, max: 1, step: 0.05, value: 0.65, title: say("opacity"), aria: { label: say("opacity") } }),
    canvas: part("canvas", { tabIndex: 0 }),
    ranks: part("ol", { className: "ranks", aria: { label: say("ranks") } }),
    crowd: part("ol", { className: "ranks", hidden: true, aria: { label: say("whom") } }),
    sliders: part("div", { className: "bar" }),
    scale: part("div", { className: "scale" }),
    chips: part("div", { className: "chips", role: "group", aria: { label: say("words") } }),
    tools: part("div", { className: "chips", hidden: true, role: "group", aria: { label: say("edit") } }),
    message: part("div", { className: "message", role: "status" }),
  };
  parts.canvas.setAttribute("role", "application");
  parts.canvas.setAttribute("aria-label", say("canvas"));
  const { view, by, before, number, after, opacity, canvas, ranks, crowd, sliders, scale, chips, tools, message } = parts;
  const bar = part("div", { className: "bar" }, view, by, part("span", { className: "steps" }, before, number, after), opacity);
  const middle = part("div", { className: "middle" }, part("div", { className: "stage" }, canvas), ranks, crowd);
  return { ...parts, element: part("div", { className: "fair-maps" }, bar, middle, sliders, scale, chips, tools, message) };
}
