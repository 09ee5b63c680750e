// The viewer's own words, in the user's language: locales/<language>/main.json, "fairMaps"; English where it has none.

export const ENGLISH = {
  "run": "press Run: the maps are shown here",
  "gone": "the maps are no longer on the server: press Run",
  "foreign": "this is no file of maps; press Run to make it anew",
  "cut": "the file of maps is not whole; press Run to make it anew",
  "view": "what is shown",
  "map": "map of words",
  "strongest": "strongest word",
  "people": "people",
  "beside": "both, side by side",
  "difference": "difference, second less first",
  "compare": "how words are compared",
  "share": "by share of attention",
  "own": "by own range",
  "before": "picture before",
  "next": "next picture",
  "opacity": "map over picture",
  "canvas": "map: arrow keys move the place, Enter makes what is as strong as it the mask",
  "ranks": "words at this place, the strongest first",
  "words": "words",
  "token": "token",
  "press": "press a word, or a place",
  "both": "press a word that both recordings have",
  "others": "others",
  "blocks": "blocks",
  "steps": "step",
  "all": "all",
  "whom": "people in this picture: press one to edit",
  "edit": "edit people",
  "drop": "drop",
  "split": "split",
  "merge": "merge",
  "draw": "draw",
  "done": "done",
  "undo": "undo",
  "clear": "as found",
  "give": "what they are given",
  "dealt": "as dealt",
  "noun": "who is drawn",
  "dropped": "dropped",
  "nobody": "nobody was found in this picture: draw somebody",
  "pending": "edited: press Run to draw it so",
  "lost": "edits that do not fit this picture any more",
  "outline": "draw around somebody, or press corner after corner, then done; Escape stops"
};

let spoken = {};

// words: id -> text in the user's language. What it lacks, or what is no text, stays English.
export function speak(words) {
  spoken = typeof words === "object" && words ? words : {};
}

export function say(id) {
  return typeof spoken[id] === "string" && spoken[id] ? spoken[id] : ENGLISH[id];
}
