// The map viewer: recordings in, what is chosen out. Knows the page and the data, nothing of nodes.
import * as data from "./data.js";
import * as draw from "./draw.js";
import { layerOf } from "./layers.js";
import { choice, page, part, percent, ROWS, shortened } from "./page.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Viewer {
  recordings = [];
  image = 0;
  place = null; // {side, cell} last pointed at
  chosen = []; // words, by number in the first recording
  threshold = 0.5;

  // choose(names), cut(threshold): called when the user has chosen other words or another threshold.
  constructor(choose, cut) {
    Object.assign(this, { choose, cut, parts: page() });
    this.element = this.parts.element;
    this.rows = Array.from({ length: ROWS }, () => this.row());
    this.listen();
    this.watcher = new ResizeObserver(() => this.ask());
    this.watcher.observe(this.parts.canvas);
    this.say("press Run: the maps are shown here");
  }

  row() {
    const parts = { word: part("span", { className: "word", dir: "auto" }), share: part("span") };
    const button = part("button", {}, parts.word, parts.share);
    button.onclick = () => button.name && this.toggle(Number(button.name));
    this.parts.ranks.append(part("li", {}, button));
    return { button, ...parts };
  }

  listen() {
    const { view, by, before, after, opacity, canvas } = this.parts;
    for (const control of [view, by, opacity]) control.oninput = () => this.ask();
    before.onclick = () => this.step(-1);
    after.onclick = () => this.step(1);
    canvas.onpointermove = (event) => this.point(this.under(event), event.buttons === 1);
    canvas.onpointerdown = (event) => {
      event.stopPropagation(); // the node stays where it is
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      canvas.focus();
      this.point(this.under(event), true);
    };
    canvas.onkeydown = (event) => this.key(event);
    // Keys of the viewer are no commands of the graph; with Ctrl they are (Run).
    this.element.onkeydown = (event) => event.ctrlKey || event.metaKey || event.stopPropagation();
    this.element.onpointerdown = (event) => event.stopPropagation();
  }

  key(event) {
    const first = this.recordings[0];
    const way = STEPS[event.key];
    if (!first || event.ctrlKey || event.metaKey) return;
    if (way) {
      const far = event.shiftKey ? 8 : 1;
      const cell = this.place?.cell ?? Math.floor(first.height / 2) * first.width + Math.floor(first.width / 2);
      const [x, y] = [(cell % first.width) + far * way[0], Math.floor(cell / first.width) + far * way[1]];
      const inside = (value, size) => Math.max(0, Math.min(size - 1, value));
      this.point({ side: this.place?.side ?? 0, cell: inside(y, first.height) * first.width + inside(x, first.width) });
    } else if (event.key === "Enter" || event.key === " ") this.point(this.place, true);
    else if (event.key === "PageUp") this.step(-1);
    else if (event.key === "PageDown") this.step(1);
    else return;
    event.preventDefault();
  }

  say(text) {
    this.parts.message.textContent = shortened(text, 300);
  }

  // Recordings as data.read gives them.
  show(recordings) {
    this.recordings = recordings;
    this.image = Math.min(this.image, recordings[0].images - 1);
    const { height, width } = recordings[0];
    this.place = { side: 0, cell: Math.floor(height / 2) * width + Math.floor(width / 2) }; // there is something to read at once
    const two = recordings.length > 1 ? { beside: "both, side by side", difference: "difference, second less first" } : {};
    const view = choice("what is shown", { map: "map of words", strongest: "strongest word", ...two });
    if (view.length !== this.parts.view.length) this.parts.view.replaceChildren(...view.children);
    this.parts.chips.replaceChildren(...recordings[0].words.map((word, number) => this.chip(word, number)));
    this.say("");
    this.picture();
  }

  clear(text) {
    this.recordings = [];
    this.parts.chips.replaceChildren();
    this.say(text);
    this.ask();
  }

  chip({ name, tokens }, number) {
    const said = `${shortened(name, 200)}: token ${tokens.slice(0, 20).join(", ")}`;
    const chip = part("button", { dir: "auto", title: said, aria: { pressed: false } }, shortened(name));
    chip.onclick = () => this.toggle(number);
    return chip;
  }

  toggle(number) {
    const kept = this.chosen.filter((word) => word !== number);
    this.chosen = kept.length < this.chosen.length ? kept : [...kept, number].sort((a, b) => a - b);
    this.choose(this.chosen.map((word) => this.recordings[0].words[word].name));
    this.ask();
  }

  // What the node's inputs say.
  set(names, threshold) {
    const words = this.recordings[0]?.words ?? [];
    this.chosen = words.flatMap(({ name }, number) => (names.includes(name) ? [number] : []));
    this.threshold = threshold;
    this.ask();
  }

  step(by) {
    const images = this.recordings[0]?.images ?? 1;
    this.image = (this.image + by + images) % images;
    this.picture();
  }

  async picture() {
    const image = this.image;
    const decode = (blob) => (blob ? createImageBitmap(blob).catch(() => null) : null);
    const recordings = this.recordings;
    const pictures = await Promise.all(recordings.map(({ pictures }) => decode(pictures[image])));
    if (image !== this.image || recordings !== this.recordings) return;
    this.pictures = pictures;
    this.ask();
  }

  // Which place the pointer is over.
  under({ clientX, clientY }) {
    const frame = this.parts.canvas.getBoundingClientRect();
    const { width, height } = this.parts.canvas;
    const [x, y] = [((clientX - frame.x) * width) / frame.width, ((clientY - frame.y) * height) / frame.height];
    const side = this.boxes?.findIndex((b) => x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height) ?? -1;
    if (side < 0 || !this.recordings.length) return null;
    const box = this.boxes[side];
    const { width: columns, height: rows } = this.recordings[0];
    const [column, row] = [Math.floor(((x - box.x) * columns) / box.width), Math.floor(((y - box.y) * rows) / box.height)];
    return { side, cell: row * columns + column };
  }

  point(place, pressed = false) {
    if (!place || !this.recordings.length) return;
    this.place = place;
    if (pressed) this.press(place.cell);
    this.ask();
  }

  // What is as strong as this place becomes the region; of the strongest word there, where none is chosen.
  press(cell) {
    const first = this.recordings[0];
    if (!this.chosen.length) this.toggle(data.ranked(first, this.image, cell, this.parts.by.value)[0].word);
    this.threshold = data.thresholdAt(first, this.image, this.chosen, cell);
    this.cut(this.threshold);
  }

  ask() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      this.draw();
    });
  }

  draw() {
    const { canvas, number, view } = this.parts;
    const sharp = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * sharp), Math.round(canvas.clientHeight * sharp)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const [first] = this.recordings;
    number.textContent = first ? `${this.image + 1} / ${first.images}` : "";
    if (!first || !width || !height) return;
    const sides = view.value === "beside" ? 2 : 1;
    this.boxes = boxes(width, height, sides, first.width / first.height);
    const layer = this.layer(view.value);
    this.boxes.forEach((box, side) => {
      const second = view.value === "difference" ? 1 : side;
      draw.panel(context, box, this.pictures?.[second] ?? (sides === 1 && this.pictures?.[0]), layer.maps[side], Number(this.parts.opacity.value), layer.smooth);
      if (side === 0 && this.chosen.length && view.value !== "difference") {
        draw.border(context, box, data.region(first, this.image, this.chosen, this.threshold), first, sharp);
      }
      if (this.place) draw.mark(context, box, this.place.cell, first, sharp);
    });
    this.parts.scale.replaceChildren(...layer.scale);
    this.list();
  }

  // The maps to lay over the pictures, made once for what is chosen, and the scale of their colours.
  layer(view) {
    const wanted = [view, this.image, this.chosen.join(), view === "strongest" && this.parts.by.value].join("|");
    if (this.made?.wanted !== wanted || this.made.of !== this.recordings) {
      this.made = { ...layerOf(view, this), wanted, of: this.recordings };
    }
    return this.made;
  }

  list() {
    const side = this.parts.view.value === "difference" ? 1 : (this.place?.side ?? 0);
    const recording = this.recordings[side] ?? this.recordings[0];
    const by = this.parts.by.value;
    const found = this.place ? data.ranked(recording, this.image, this.place.cell, by) : [];
    this.rows.forEach(({ button, word, share }, at) => {
      const one = found[at];
      const name = one ? recording.words[one.word].name : "";
      const number = one ? this.recordings[0].words.findIndex((w) => w.name === name) : -1;
      button.name = number < 0 ? "" : number;
      button.hidden = !one;
      word.textContent = shortened(name);
      share.textContent = one ? (by === "share" ? percent(one.share) : one.own.toFixed(2)) : "";
      const filled = one ? 100 * one.own : 0;
      button.style.background = `linear-gradient(to right, color-mix(in srgb, #56b4e9 40%, transparent) ${filled}%, transparent ${filled}%)`;
    });
    [...this.parts.chips.children].forEach((chip, number) => {
      chip.setAttribute("aria-pressed", this.chosen.includes(number));
      chip.style.borderColor = this.made?.colours?.get(number) ?? "var(--border-color)";
    });
  }

  close() {
    this.watcher.disconnect();
    if (this.asked) cancelAnimationFrame(this.asked);
  }
}

// `sides` boxes of the pictures' shape, as large as there is room, side by side.
function boxes(width, height, sides, shape) {
  const gap = sides > 1 ? 6 : 0;
  const w = Math.min((width - gap) / sides, height * shape);
  const [left, top] = [(width - sides * w - gap) / 2, (height - w / shape) / 2];
  return Array.from({ length: sides }, (_, i) => ({ x: left + i * (w + gap), y: top, width: w, height: w / shape }));
}
