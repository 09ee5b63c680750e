// The map viewer: recordings in, what is chosen out. Knows the page and the data, nothing of nodes.
import * as data from "./data.js";
import * as draw from "./draw.js";
import { listen } from "./input.js";
import { layerOf } from "./layers.js";
import { chip, offer, page, shortened, views } from "./page.js";
import { Parts } from "./parts.js";
import { People } from "./people.js";
import { Ranks } from "./ranks.js";
import { say } from "./words.js";

export class Viewer {
  recordings = []; // that are shown: of all blocks and steps, or of some
  whole = [];
  image = 0;
  place = null; // {side, cell} last pointed at
  chosen = []; // words, by number in the first recording
  threshold = 0.5;

  // choose(names), cut(threshold), edit(text), limit(blocks): called when the user has chosen other words, another threshold or other blocks,
  // or edited people. fetch(name): a promise of another file's recordings.
  constructor({ choose, cut, edit, limit, fetch }) {
    Object.assign(this, { choose, cut, parts: page() });
    this.element = this.parts.element;
    this.ranks = new Ranks(this.parts.ranks, (word) => this.toggle(word));
    this.people = new People(this.parts, edit, () => this.ask());
    this.sliders = new Parts(this.parts.sliders, fetch, limit, (...found) => this.look(...found));
    listen(this);
    this.watcher = new ResizeObserver(() => this.ask());
    this.watcher.observe(this.parts.canvas);
    this.say(say("run"));
  }

  say(text) {
    this.said = text;
    this.tell();
  }

  tell() {
    const lines = this.editing ? [this.people.message(), this.said] : [this.said];
    this.parts.message.textContent = shortened(lines.filter(Boolean).join("; "), 300);
  }

  // Whether people are edited, in place of choosing words.
  get editing() {
    return this.parts.view.value === "people" && Boolean(this.people.crowd);
  }

  // As data.read gives them.
  show({ recordings, people, parts, blocks }) {
    this.whole = this.recordings = recordings;
    this.people.show(people);
    this.image = Math.min(this.image, recordings[0].images - 1);
    const { height, width } = recordings[0];
    this.place = this.at(Math.floor(width / 2), Math.floor(height / 2)); // there is something to read at once
    offer(this.parts.view, views(recordings.length > 1, people), recordings[0].words.length ? "map" : "people");
    this.parts.chips.replaceChildren(...recordings[0].words.map((word, number) => chip(word, () => this.toggle(number))));
    this.say("");
    this.sliders.set(parts, blocks);
  }

  // The recordings of a part alone, or null: the whole. stepping: it is one step, of which no mask is made.
  look(part, stepping, problem = "") {
    if (!this.whole.length) return;
    this.recordings = part?.map((recording, i) => ({ ...recording, pictures: this.whole[i].pictures })) ?? this.whole;
    this.stepping = stepping;
    const two = ["beside", "difference"].includes(this.parts.view.value);
    if (two && this.recordings.length < 2) this.parts.view.value = "map";
    if (problem) this.say(problem);
    this.picture();
  }

  clear(text) {
    this.whole = this.recordings = [];
    this.parts.chips.replaceChildren();
    this.say(text);
    this.ask();
  }

  toggle(number) {
    const kept = this.chosen.filter((word) => word !== number);
    this.chosen = kept.length < this.chosen.length ? kept : [...kept, number].sort((a, b) => a - b);
    this.choose(this.chosen.map((word) => this.recordings[0].words[word].name));
    this.ask();
  }

  // What the node's inputs say; edits: those of people, own: of this very node.
  set(names, threshold, edits = "", own = true, blocks = "") {
    this.sliders.follow(blocks);
    this.people.set(edits, own);
    const words = this.recordings[0]?.words ?? [];
    const chosen = words.flatMap(({ name }, number) => (names.includes(name) ? [number] : []));
    Object.assign(this, { chosen, threshold });
    this.ask();
  }

  step(by) {
    const images = this.recordings[0]?.images ?? 1;
    this.image = (this.image + by + images) % images;
    this.picture();
  }

  async picture() {
    const image = this.image;
    this.people.turn(image);
    const decode = (blob) => (blob ? createImageBitmap(blob).catch(() => null) : null);
    const recordings = this.recordings;
    const pictures = await Promise.all(recordings.map(({ pictures }) => decode(pictures[image])));
    if (image !== this.image || recordings !== this.recordings) return;
    this.pictures = pictures;
    this.ask();
  }

  // The place of a cell of the first picture.
  at(column, row, side = 0) {
    const { width, height } = this.recordings[0];
    return { side, cell: row * width + column, share: [(column + 0.5) / width, (row + 0.5) / height] };
  }

  // how: "press", "drag", or nothing.
  point(place, how, more) {
    if (!place || !this.recordings.length) return;
    this.place = place;
    if (how && this.editing) this.people.at(place.share, how, more);
    else if (how) this.press(place.cell);
    this.ask();
  }

  // What is as strong as this place becomes the region; of the strongest word there, where none is chosen.
  press(cell) {
    const first = this.recordings[0];
    if (!first.words.length || this.stepping) return; // people alone, or one step to look at
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
    this.boxes = draw.boxes(width, height, sides, first.width / first.height);
    const layer = this.layer(view.value);
    this.boxes.forEach((box, side) => {
      const second = view.value === "difference" ? 1 : side;
      draw.panel(context, box, this.pictures?.[second] ?? (sides === 1 && this.pictures?.[0]), layer.maps[side], Number(this.parts.opacity.value), layer.smooth);
      if (this.editing) this.people.draw(context, box, sharp);
      else if (side === 0 && this.chosen.length && !this.stepping && view.value !== "difference") {
        draw.border(context, box, data.region(first, this.image, this.chosen, this.threshold), first, sharp);
      }
      if (this.place) draw.mark(context, box, this.place.cell, first, sharp);
    });
    this.parts.scale.replaceChildren(...layer.scale);
    this.list();
    this.tell();
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
    const { ranks, crowd, chips, tools } = this.parts;
    [ranks.hidden, chips.hidden, crowd.hidden, tools.hidden] = [this.editing, this.editing, !this.editing, !this.editing];
    const side = this.parts.view.value === "difference" ? 1 : (this.place?.side ?? 0);
    const [first] = this.recordings;
    this.ranks.show(this.recordings[side] ?? first, first, this.image, this.place, this.parts.by.value);
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
