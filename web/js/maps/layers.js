// What is laid over the pictures, for each way of looking: {maps, scale, smooth, colours}: a canvas for each picture, what explains its colours.
import * as data from "./data.js";
import * as draw from "./draw.js";
import { part, percent, shortened } from "./page.js";
import { say } from "./words.js";

// viewer: its recordings, image, chosen words and parts are read, nothing is changed.
export function layerOf(view, viewer) {
  return ({ strongest: mosaics, beside: pair, difference: less, people: bare }[view] ?? single)(viewer);
}

function range(low, high, scale) {
  const bar = part("i");
  bar.style.background = `linear-gradient(to right, ${draw.GRADIENTS[scale]})`;
  return [part("span", {}, percent(low)), bar, part("span", {}, percent(high))];
}

const ends = (values) => values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);

function single({ recordings: [first], image, chosen }) {
  if (!chosen.length) return { maps: [null], scale: [part("span", {}, say("press"))], smooth: true };
  const [low, high] = ends(data.shares(first, image, chosen));
  const sums = data.together(first, image, chosen);
  const map = draw.heat(sums, first, 0, first.levels * chosen.length, "ramp");
  return { maps: [map], scale: range(low, high, "ramp"), smooth: true };
}

// The chosen words' numbers in the second recording; those it has not are left out of both.
function shared({ recordings: [first, second], chosen }) {
  const pairs = chosen.map((w) => [w, second.words.findIndex(({ name }) => name === first.words[w].name)]).filter(([, o]) => o >= 0);
  return [pairs.map(([own]) => own), pairs.map(([, other]) => other)];
}

// Of people: the pictures alone.
const bare = () => ({ maps: [null], scale: [], smooth: true });

const NONE = () => [part("span", {}, say("both"))];

function pair(viewer) {
  const { recordings, image } = viewer;
  const words = shared(viewer);
  if (!words[0].length) return { maps: [null, null], scale: NONE(), smooth: true };
  const values = recordings.map((recording, i) => data.shares(recording, image, words[i]));
  const [low, high] = ends(values.flatMap((v) => ends(v)));
  const maps = values.map((v) => draw.heat(v, recordings[0], low, high, "ramp"));
  return { maps, scale: range(low, high, "ramp"), smooth: true };
}

function less(viewer) {
  const { recordings, image } = viewer;
  const words = shared(viewer);
  if (!words[0].length) return { maps: [null], scale: NONE(), smooth: true };
  const [before, after] = recordings.map((recording, i) => data.shares(recording, image, words[i]));
  const change = after.map((value, cell) => value - before[cell]);
  const most = Math.max(...ends(change).map(Math.abs));
  return { maps: [draw.heat(change, recordings[0], -most, most, "ends")], scale: range(-most, most, "ends"), smooth: true };
}

// The strongest word of every place; the words with the largest places have colours of their own.
function mosaics({ recordings: [first], image, chosen, parts }) {
  const among = chosen.length > 1 ? chosen : first.words.map((_, word) => word);
  const which = data.strongest(first, image, among, parts.by.value);
  const areas = new Map();
  for (const word of which) areas.set(word, (areas.get(word) ?? 0) + 1);
  const largest = [...areas.keys()].sort((a, b) => areas.get(b) - areas.get(a) || a - b).slice(0, draw.WORDS.length);
  const colours = new Map(largest.map((word, i) => [word, draw.WORDS[i]]));
  const key = largest.flatMap((word) => [swatch(colours.get(word)), part("span", { className: "word", dir: "auto" }, shortened(first.words[word].name))]);
  if (areas.size > largest.length) key.push(swatch(draw.OTHERS), part("span", {}, say("others")));
  return { maps: [draw.mosaic(which, first, (word) => colours.get(word) ?? draw.OTHERS)], scale: key, colours, smooth: false };
}

function swatch(colour) {
  const key = part("i", { className: "key" });
  key.style.background = colour;
  return key;
}
