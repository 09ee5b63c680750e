// What a node says after a run, in a box on the node that cannot be written into and is not saved.
import { app } from "../../../scripts/app.js";
import { ComfyWidgets } from "../../../scripts/widgets.js";
import { register } from "./outputs.js";

const SPEAKING = new Set([
  "FairLinguisticAlignment",
  "FairReport",
  "FairConceptEntanglement",
  "FairAttributeReader",
  "FairReadAttributes",
  "FairBiasMetrics",
  "FairCompareBias",
  "FairImageConsistency",
  "FairRecordPeople",
  "FairAttentionSave",
  "FairEthicalIntervention",
  "FairConceptEditing",
]);
const NAME = "says";

function addText(node) {
  const { widget } = ComfyWidgets.STRING(node, NAME, ["STRING", { multiline: true }], app);
  widget.label = "after a run";
  widget.serialize = false; // else it would be saved as one value more than the node has inputs
  widget.options.serialize = false;
  widget.options.read_only = true;
  const box = widget.element ?? widget.inputEl;
  if (box) {
    box.readOnly = true;
    box.placeholder = "what it did, in words, after a run";
  }
  widget.serializeValue = () => undefined;
}

function show(node, output) {
  const widget = node.widgets?.find((w) => w.name === NAME);
  if (widget && output?.text) widget.value = [output.text].flat().join("\n");
}

register("FairAttention.Texts", SPEAKING, addText, show);
