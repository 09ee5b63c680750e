// Target Distribution: the text box shows the attributes that count; whoever changes them has a list of their own.
import { app } from "../../../scripts/app.js";

const KIND = "FairTargetDistribution";
const OWN = "own list";
const lists = {}; // preset -> its list, as the server tells with the node

function learn(definition) {
  Object.assign(lists, definition?.input?.required?.preset?.[1]?.lists);
}

function widgets(node) {
  const named = (name) => node.widgets?.find((widget) => widget.name === name);
  return { preset: named("preset"), attributes: named("attributes") };
}

function show(node) {
  const { preset, attributes } = widgets(node);
  const counts = lists[preset?.value];
  if (attributes && counts !== undefined && attributes.value !== counts) attributes.value = counts;
}

function connect(node) {
  const { preset, attributes } = widgets(node);
  if (!preset || !attributes) return;
  const [changed, written] = [preset.callback, attributes.callback];
  preset.callback = function () {
    const result = changed?.apply(this, arguments);
    show(node);
    return result;
  };
  attributes.callback = function () {
    const result = written?.apply(this, arguments);
    const counts = lists[preset.value];
    const other = counts !== undefined && attributes.value.trim() !== counts;
    if (other && !node.isBeingLoaded) preset.value = OWN;
    return result;
  };
  show(node);
}

app.registerExtension({
  name: "FairAttention.Target",
  beforeRegisterNodeDef(type, definition) {
    if (definition.name !== KIND) return;
    learn(definition);
    const { onNodeCreated, configure } = type.prototype;
    type.prototype.onNodeCreated = function () {
      onNodeCreated?.apply(this, arguments);
      connect(this);
    };
    // A saved node's values come one by one: none of them is a change by the user.
    type.prototype.configure = function () {
      this.isBeingLoaded = true;
      try {
        configure.apply(this, arguments);
        show(this);
      } finally {
        this.isBeingLoaded = false;
      }
    };
  },
  refreshComboInNodes(definitions) {
    learn(definitions?.[KIND]); // a list that was kept just now
  },
});
