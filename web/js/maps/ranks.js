// The list beside the picture: words at a place, the strongest first. A press chooses a word.
import { ranked } from "./data.js";
import { part, percent, shortened } from "./page.js";

const ROWS = 8; // words that the list has room for

export class Ranks {
  // toggle(word): called with its number in the first recording.
  constructor(list, toggle) {
    this.rows = Array.from({ length: ROWS }, () => {
      const parts = { word: part("span", { className: "word", dir: "auto" }), share: part("span") };
      const button = part("button", {}, parts.word, parts.share);
      button.onclick = () => button.name && toggle(Number(button.name));
      list.append(part("li", {}, button));
      return { button, ...parts };
    });
  }

  // Of `recording`, words named as in `first`. place: {cell}, or null.
  show(recording, first, image, place, by) {
    const found = place ? ranked(recording, image, place.cell, by) : [];
    this.rows.forEach(({ button, word, share }, at) => {
      const one = found[at];
      const name = one ? recording.words[one.word].name : "";
      const number = one ? first.words.findIndex((w) => w.name === name) : -1;
      button.name = number < 0 ? "" : number;
      button.hidden = !one;
      word.textContent = shortened(name);
      share.textContent = one ? (by === "share" ? percent(one.share) : one.own.toFixed(2)) : "";
      const filled = one ? 100 * one.own : 0;
      button.style.background = `linear-gradient(to right, color-mix(in srgb, #56b4e9 40%, transparent) ${filled}%, transparent ${filled}%)`;
    });
  }
}
