// Who is in a picture, and the text of the edits that say so: what the panel of people (people.js) shows and changes.
import * as rules from "./edits.js";

const cells = ({ inside }) => inside.join("");
const alike = (person) => `${person.status === rules.DROPPED}${person.name}${cells(person)}`;

export class Crowd {
  text = ""; // all edits, of other pictures too
  own = false; // whether the edits are the viewer's own node's, made to whom the run has left
  image = 0;
  people = [];
  lost = []; // edits whose people are not there any more
  pending = false; // whether the run has drawn other people than these

  // told: who is in the pictures, as the file has it (pictures/crowd.py).
  constructor(told) {
    this.told = told;
    this.size = { height: told.height, width: told.width };
  }

  // Edits of the picture that is shown.
  edits() {
    const { seed, numbers } = this.told;
    const numbered = rules.parse(this.text).map((said, number) => ({ ...said, number }));
    return numbered.filter((e) => rules.isEdit(e) && e.seed === seed && e.image === numbers[this.image]);
  }

  // The text without some edits, and with one more, {edit, at, name}.
  changed(gone, more) {
    const numbers = new Set(gone.map(({ number }) => number));
    const kept = rules.parse(this.text).filter((_, number) => !numbers.has(number));
    const { seed } = this.told;
    const image = this.told.numbers[this.image];
    const edits = [...kept, ...more.map(({ edit, at, name }) => ({ edit, seed, image, at: rules.rounded(at), ...(name ? { name } : {}) }))];
    return edits.length ? JSON.stringify(edits) : "";
  }

  // Edits that gave this person an attribute.
  givenTo(person) {
    return this.edits().filter(({ edit, at }) => edit === "give" && this.people[rules.whoIsAt(this.people, at[0], this.size)] === person);
  }

  update() {
    const { found, now, names, nouns } = this.told;
    const decoded = (list) => list[this.image].map((person) => rules.decode(person, this.size));
    const drawn = decoded(now);
    const { people, lost } = rules.edited(this.own ? drawn : decoded(found), this.edits(), names, nouns, this.size);
    // Whoever nothing was said of is as the run has left whom it has drawn in these cells.
    const as = new Map(drawn.map((person) => [cells(person), person]));
    this.people = people.map((person) => (person.status === "open" ? (unchosen(as.get(cells(person))) ?? person) : person));
    this.pending = this.people.map(alike).join("|") !== drawn.map(alike).join("|");
    this.lost = lost;
  }
}

// What the user had chosen and has taken back is not known to come again.
function unchosen(person) {
  return person && (person.status === "chosen" || person.status === rules.DROPPED) ? { ...person, status: "open", name: "", why: "" } : person;
}
