// A node shows what its run has said: when the run ends, and when another tab is opened again, whose outputs are still known.
import { app } from "../../../scripts/app.js";

// An extension for nodes of these kinds (a Set). made(node): it was created; told(node, output): what its run has said; more(type): further hooks.
export function register(name, kinds, made, told, more = () => {}) {
  app.registerExtension({
    name,
    beforeRegisterNodeDef(type, definition) {
      if (!kinds.has(definition.name)) return;
      const { onNodeCreated, onExecuted } = type.prototype;
      type.prototype.onNodeCreated = function () {
        onNodeCreated?.apply(this, arguments);
        made(this);
      };
      type.prototype.onExecuted = function (output) {
        onExecuted?.apply(this, arguments);
        told(this, output);
      };
      more(type);
    },
    onNodeOutputsUpdated(outputs) {
      for (const [id, output] of Object.entries(outputs)) {
        const node = app.graph?.getNodeById?.(Number(id));
        if (kinds.has(node?.type)) told(node, output);
      }
    },
  });
}
