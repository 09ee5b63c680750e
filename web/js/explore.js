// Explore Maps: the map viewer on its node. What is chosen there is written into the node's inputs, and read from them.
import { api } from "../../../scripts/api.js";
import { app } from "../../../scripts/app.js";
import { home } from "./home.js";
import { read } from "./maps/data.js";
import { Viewer } from "./maps/viewer.js";
import { say, speak } from "./maps/words.js";
import { register } from "./outputs.js";

const KIND = "FairExploreMaps";
const FILE = /^fair_maps_[0-9a-f]{24}\.bin$/; // as the node names it: a workflow of somebody else asks for nothing else
const KEPT = "fair_maps"; // property of the node: what it showed last, for when the page is opened again

const input = (node, name) => node.widgets?.find((widget) => widget.name === name);

function write(node, widget, value) {
  if (!widget || widget.value === value) return;
  widget.value = value;
  widget.callback?.(value);
  node.graph?.setDirtyCanvas?.(true, true);
}

function follow(node) {
  const lines = String(input(node, "words")?.value ?? "").split("\n");
  const names = lines.map((line) => line.split(/\s+/).filter(Boolean).join(" ")).filter(Boolean);
  const { widget, own } = home(node);
  node.fairMaps.set(names, Number(input(node, "threshold")?.value ?? 0.5), String(widget?.value ?? ""), own, String(input(node, "blocks")?.value ?? ""));
}

// What a file of the server's holds, as data.read gives it.
async function fetched(filename) {
  if (!FILE.test(filename)) throw new Error(say("foreign"));
  const answer = await api.fetchApi(`/view?${new URLSearchParams({ filename, subfolder: "", type: "temp" })}`);
  if (!answer.ok) throw new Error(say("gone"));
  return read(await answer.arrayBuffer());
}

async function load(node, file, said = "") {
  const viewer = node.fairMaps;
  if (!viewer || !FILE.test(file?.filename ?? "")) return;
  node.properties[KEPT] = { filename: file.filename };
  if (viewer.file !== file.filename) {
    viewer.file = file.filename;
    try {
      const found = await fetched(file.filename);
      if (viewer.file !== file.filename) return; // another run was faster
      viewer.show(found);
    } catch (error) {
      viewer.file = null;
      viewer.clear(error.message);
      return;
    }
  }
  viewer.say(said);
  follow(node);
}

function attach(node) {
  const viewer = new Viewer({
    choose: (names) => write(node, input(node, "words"), names.join("\n")),
    cut: (threshold) => write(node, input(node, "threshold"), threshold),
    edit: (edits) => write(node, home(node).widget, edits),
    limit: (blocks) => write(node, input(node, "blocks"), blocks),
    fetch: (name) => fetched(name).then(({ recordings }) => recordings),
  });
  node.fairMaps = viewer;
  const options = { serialize: false, getMinHeight: () => 380, getValue: () => "", setValue: () => {} };
  const widget = node.addDOMWidget("maps", "FAIR_MAPS", viewer.element, options);
  widget.serialize = false; // else it would be saved as one value more than the node has inputs
  widget.serializeValue = () => undefined;
  for (const name of ["words", "threshold", "edits", "blocks"]) {
    const own = input(node, name);
    if (!own) continue;
    const { callback } = own;
    own.callback = function () {
      const result = callback?.apply(this, arguments);
      follow(node);
      return result;
    };
  }
  viewer.element.addEventListener("pointerenter", () => follow(node));
  node.setSize?.([Math.max(node.size[0], 460), Math.max(node.size[1], 760)]);
}

function executed(node, output) {
  const [file] = output?.[KEPT] ?? [];
  if (file) load(node, file, [output.text ?? ""].flat().join("\n"));
}

app.registerExtension({
  name: "FairAttention.Language",
  // Before any node is made: the viewer's own words, as the host hands them out with those of our nodes.
  async init() {
    const language = app.extensionManager?.setting?.get?.("Comfy.Locale") ?? "en";
    const texts = await api.fetchApi("/i18n").then((answer) => answer.json()).catch(() => ({}));
    speak(texts?.[language]?.fairMaps);
  },
});

register("FairAttention.Maps", new Set([KIND]), attach, executed, (type) => {
  const { configure, onRemoved } = type.prototype;
  type.prototype.configure = function () {
    configure.apply(this, arguments);
    load(this, this.properties?.[KEPT]);
    if (this.fairMaps) follow(this);
  };
  type.prototype.onRemoved = function () {
    onRemoved?.apply(this, arguments);
    this.fairMaps?.close();
  };
});
