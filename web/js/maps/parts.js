// Sliders over parts of a recording: its blocks by their resolution, its steps where queries were kept. Each part is a file of its own, read
// when it is asked for. Which blocks count is the node's input as well, so its masks are of what is shown; steps are to look at only.
import { part } from "./page.js";
import { say } from "./words.js";

export class Parts {
  told = []; // {kind, label, text, filename}
  whole = ""; // the blocks of the file at hand
  text = ""; // the blocks that the node's input names
  known = new Map(); // name of a file -> promise of its recordings

  // bar: where the sliders are. read(name): promise of recordings. choose(text): for the node's input. show(recordings, stepping, problem):
  // recordings null is the whole.
  constructor(bar, read, choose, show) {
    Object.assign(this, { bar, read, choose, show });
    this.blocks = this.slider("blocks", () => choose(this.of("blocks")[this.blocks.range.valueAsNumber].text));
    this.steps = this.slider("steps", () => this.update());
  }

  of(kind) {
    return this.told.filter((one) => one.kind === kind);
  }

  slider(kind, moved) {
    const range = part("input", { type: "range", min: 0, value: 0, step: 1, oninput: moved, title: say(kind), aria: { label: say(kind) } });
    const said = part("output");
    const label = part("label", { className: "steps", hidden: true }, `${say(kind)} `, range, " ", said);
    this.bar.append(label);
    return { range, said, label };
  }

  // Of a file that was read. whole: the blocks its maps are the mean of.
  set(told, whole) {
    Object.assign(this, { told, whole, known: new Map() });
    for (const kind of ["blocks", "steps"]) {
      const { range, label } = this[kind];
      const parts = this.of(kind).length;
      label.hidden = !parts;
      range.max = kind === "steps" ? parts : parts - 1; // before the first step: all of them
      range.value = 0;
    }
    this.update();
  }

  // What the node's input says.
  follow(text) {
    if (text === this.text) return;
    this.text = text;
    this.update();
  }

  async update() {
    const parts = this.of("blocks");
    const number = parts.findIndex(({ text }) => text === this.text);
    const step = this.of("steps")[this.steps.range.valueAsNumber - 1];
    this.blocks.range.value = Math.max(0, number);
    const named = ({ label }) => label || say("all");
    this.blocks.said.value = number < 0 ? this.text : named(parts[number]);
    this.steps.said.value = step ? step.label : say("all");
    this.blocks.range.setAttribute("aria-valuetext", this.blocks.said.value);
    this.steps.range.setAttribute("aria-valuetext", this.steps.said.value);
    const wanted = step ?? (this.text === this.whole ? null : (parts[number] ?? null));
    this.wanted = wanted;
    if (!wanted) return this.show(null, false);
    if (!this.known.has(wanted.filename)) this.known.set(wanted.filename, this.read(wanted.filename));
    try {
      const recordings = await this.known.get(wanted.filename);
      if (this.wanted === wanted) this.show(recordings, Boolean(step));
    } catch (error) {
      this.known.delete(wanted.filename);
      if (this.wanted === wanted) this.show(null, false, error.message);
    }
  }
}
