// The panel of people to edit: whom the run has found, outlined and listed, and what can be done to whoever is chosen.
import { Crowd } from "./crowd.js";
import { border, label, OTHERS, outline, WORDS } from "./draw.js";
import * as rules from "./edits.js";
import { part, shortened } from "./page.js";
import { say } from "./words.js";

const STEP = 0.01; // of the picture, between two corners of a line that is drawn
const CORNERS = 200; // of an outline, at most

export class People {
  crowd = null;
  chosen = []; // numbers of people, two at most
  corners = null; // while somebody is drawn

  // parts: {crowd, tools}. write(text): keep these edits. ask(): draw anew.
  constructor(parts, write, ask) {
    Object.assign(this, { parts, write, ask });
    const select = (id, act) => part("select", { title: say(id), aria: { label: say(id) }, onchange: act });
    const button = (id, act) => part("button", { textContent: say(id), onclick: act, name: id });
    this.give = select("give", () => this.edit("give"));
    this.noun = select("noun");
    this.buttons = {
      drop: button("drop", () => this.edit("drop")),
      split: button("split", () => this.edit("split")),
      merge: button("merge", () => this.edit("merge")),
      draw: button("draw", () => (this.corners ? this.finish() : this.begin())),
      undo: button("undo", () => this.change(this.crowd.edits().slice(-1))),
      clear: button("clear", () => this.change(this.crowd.edits())),
    };
    const { drop, split, merge, draw, undo, clear } = this.buttons;
    parts.tools.append(this.give, drop, split, merge, draw, this.noun, undo, clear);
  }

  // told: who is in the pictures, or null.
  show(told) {
    const { text = "", own = false } = this.crowd ?? {};
    this.crowd = told && Object.assign(new Crowd(told), { text, own });
    const option = (value) => part("option", { value }, shortened(value));
    this.noun.replaceChildren(...(told?.nouns ?? []).map(option));
    this.noun.hidden = (told?.nouns.length ?? 0) < 2;
    this.give.replaceChildren(part("option", { value: "" }, say("dealt")), ...(told?.names ?? []).map(option));
    this.turn(0);
  }

  turn(image) {
    if (!this.crowd) return;
    this.crowd.image = image;
    this.update();
  }

  // What the node that keeps the edits says. own: that is the viewer's own.
  set(text, own) {
    if (!this.crowd || (text === this.crowd.text && own === this.crowd.own)) return;
    Object.assign(this.crowd, { text, own });
    this.update();
  }

  update() {
    [this.chosen, this.corners] = [[], null];
    this.crowd.update();
    this.list();
    this.ask();
  }

  change(gone, more = []) {
    this.crowd.text = this.crowd.changed(gone, more);
    this.update();
    this.write(this.crowd.text);
  }

  edit(kind) {
    const people = this.chosen.map((j) => this.crowd.people[j]);
    const spots = people.map(({ inside }) => rules.spot(inside, this.crowd.size));
    if (kind === "merge") this.change([], [{ edit: kind, at: spots }]);
    else if (kind === "split") this.change([], [{ edit: kind, at: [spots[0], ...rules.ends(people[0].inside, this.crowd.size)] }]);
    else if (kind === "drop") this.change([], spots.map((at) => ({ edit: kind, at: [at] })));
    else {
      const name = this.give.value;
      const given = people.flatMap((person) => this.crowd.givenTo(person));
      this.change(given, name ? spots.map((at) => ({ edit: kind, at: [at], name })) : []);
    }
  }

  choose(j, more) {
    const others = more ? this.chosen.filter((other) => other !== j) : [];
    this.chosen = more && this.chosen.includes(j) ? others : [...others, j].slice(-2);
    this.list();
    this.ask();
  }

  begin() {
    this.corners = [];
    this.list();
    this.ask();
  }

  finish() {
    const corners = this.corners.filter((_, i) => i % Math.ceil(this.corners.length / CORNERS) === 0);
    this.corners = null;
    const somebody = corners.length > 2 && rules.polygon(corners, this.crowd.size).includes(1);
    if (somebody) this.change([], [{ edit: "draw", at: corners, name: this.noun.value || this.crowd.told.nouns[0] || "person" }]);
    else this.list();
    this.ask();
  }

  // The pointer or the keys at a place [x, y]. how: "press", "drag", "release". more: one more is chosen.
  at(place, how, more) {
    if (this.corners) this.corner(place, how);
    else if (how === "press") {
      const j = rules.whoIsAt(this.crowd.people, place, this.crowd.size);
      if (j >= 0) this.choose(j, more);
    }
  }

  corner(place, how) {
    if (how === "release") return this.dragged && this.finish();
    const last = this.corners.at(-1);
    const far = !last || Math.hypot(place[0] - last[0], place[1] - last[1]) > STEP;
    if (how === "press") this.dragged = false;
    if (how === "drag") this.dragged ||= far;
    if (far) this.corners.push(place);
    this.ask();
  }

  // Escape: what is being drawn is given up. Whether something was.
  stop() {
    const drawing = Boolean(this.corners);
    this.corners = null;
    if (drawing) this.list();
    this.ask();
    return drawing;
  }

  message() {
    const { lost, pending, people } = this.crowd;
    if (this.corners) return say("outline");
    if (lost.length) return `${say("lost")}: ${lost.length}`;
    if (pending) return say("pending");
    return say(people.length ? "whom" : "nobody");
  }

  list() {
    const { chosen, buttons, corners } = this;
    const { people, told } = this.crowd;
    const focused = [...this.parts.crowd.children].findIndex((row) => row.contains(document.activeElement));
    const rows = people.map((person, j) => this.row(person, j));
    this.parts.crowd.replaceChildren(...rows);
    rows[focused]?.firstChild.focus();
    const alive = chosen.length > 0 && chosen.every((j) => people[j].status !== rules.DROPPED);
    buttons.drop.disabled = !alive;
    buttons.split.disabled = !alive || chosen.length !== 1;
    buttons.merge.disabled = !alive || chosen.length !== 2;
    this.give.disabled = !alive || !told.names.length || people[chosen[0]].status === rules.STATED;
    this.give.value = (alive && people[chosen[0]].status === "chosen" && people[chosen[0]].name) || "";
    buttons.undo.disabled = buttons.clear.disabled = !this.crowd.edits().length;
    buttons.draw.textContent = say(corners ? "done" : "draw");
    buttons.draw.setAttribute("aria-pressed", Boolean(corners));
  }

  row(person, j) {
    const state = person.status === rules.DROPPED ? say("dropped") : person.name;
    const text = `${j + 1} ${shortened(person.label)}${state ? `: ${shortened(state)}` : ""}`;
    const key = part("i", { className: "key" });
    key.style.background = person.status === rules.DROPPED ? OTHERS : WORDS[j % WORDS.length];
    const word = part("span", { className: "word", dir: "auto" }, text);
    const button = part("button", { title: shortened(person.why || text, 200), aria: { pressed: this.chosen.includes(j) } }, key, word);
    button.onclick = () => this.choose(j, true);
    return part("li", {}, button);
  }

  draw(context, box, sharp) {
    const { people, size } = this.crowd;
    people.forEach((person, j) => {
      const gone = person.status === rules.DROPPED;
      const thick = this.chosen.includes(j) ? 2 : gone ? 0.5 : 1;
      border(context, box, person.inside, size, thick * sharp, gone ? OTHERS : WORDS[j % WORDS.length]);
      const said = gone ? `${j + 1} ×` : `${j + 1} ${shortened(person.name, 16)}`.trim();
      label(context, box, rules.centre(person.inside, size), said, sharp);
    });
    if (this.corners) outline(context, box, this.corners, sharp);
  }
}
