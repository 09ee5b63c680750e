// The file that Explore Maps writes (its layout: pictures/explorer.py), and what is asked of it: all in whole numbers, as the node does.
import { say } from "./words.js";

const MAGIC = "FAIRMAP1";

// ArrayBuffer -> {recordings, people, parts, blocks}: one or two recordings {words, images, height, width, levels, low, high, cells, pictures}, and who is in
// the first (pictures/crowd.py), or null; files of their parts by themselves, and the blocks that these are the mean of. Error, in words, for any other file.
export async function read(buffer) {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC) throw new Error(say("foreign"));
  let at = 12 + new DataView(buffer).getUint32(8, true);
  if (at > bytes.length) throw new Error(say("cut"));
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(12, at)));
  } catch {
    throw new Error(say("foreign"));
  }
  if (at + header?.bytes !== bytes.length) throw new Error(say("cut"));
  const take = (length) => bytes.subarray(at, (at += length));
  const recordings = [];
  for (const facts of header.recordings) {
    const packed = take(facts.maps);
    const pictures = facts.pictures.map((length) => new Blob([take(length)], { type: "image/jpeg" }));
    recordings.push({ ...facts, cells: await cells(packed, facts), pictures });
  }
  return { recordings, people: header.people ?? null, parts: header.parts ?? [], blocks: header.blocks ?? "" };
}

async function cells(packed, { images, words, height, width }) {
  let found;
  try {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    found = new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error(say("cut"));
  }
  if (found.length !== images * words.length * height * width) throw new Error(say("cut"));
  for (let row = 0; row < found.length; row += width) {
    const first = row % (height * width) === 0;
    for (let x = 0, sum = 0; x < width; x++) {
      sum += found[row + x];
      found[row + x] = sum + (first ? 0 : found[row + x - width]); // an array of bytes keeps what is left modulo 256
    }
  }
  return found;
}

// A word's cells in one picture.
export function map(recording, image, word) {
  const size = recording.height * recording.width;
  return recording.cells.subarray((image * recording.words.length + word) * size).subarray(0, size);
}

// The sum of the chosen words' cells; its largest possible value is levels times their number.
export function together(recording, image, chosen) {
  const sums = new Int32Array(recording.height * recording.width);
  for (const word of chosen) map(recording, image, word).forEach((value, cell) => (sums[cell] += value));
  return sums;
}

// The share of attention that a cell's value stands for.
export function share(recording, image, word, value) {
  const low = recording.low[image][word];
  return low + ((recording.high[image][word] - low) * value) / recording.levels;
}

// Mean share of the chosen words in every cell.
export function shares(recording, image, chosen) {
  const sums = new Float32Array(recording.height * recording.width);
  for (const word of chosen) {
    map(recording, image, word).forEach((v, cell) => (sums[cell] += share(recording, image, word, v) / chosen.length));
  }
  return sums;
}

export function least(threshold, { levels }) {
  return Math.floor(threshold * levels + 0.5);
}

// 1 where the mean of the chosen words' maps reaches the threshold: the node's mask, cell by cell.
export function region(recording, image, chosen, threshold) {
  const enough = least(threshold, recording) * chosen.length;
  return Uint8Array.from(together(recording, image, chosen), (sum) => (chosen.length && sum >= enough ? 1 : 0));
}

// The largest threshold in hundredths, as the node's widget has them, whose region still holds this cell.
export function thresholdAt(recording, image, chosen, cell) {
  const value = Math.floor(together(recording, image, chosen)[cell] / chosen.length);
  return Math.floor((100 * value) / recording.levels + 1e-9) / 100;
}

// Words from the strongest to the weakest in a cell: {word, share, own}. by: "share" of attention or "own", of a word's own range.
export function ranked(recording, image, cell, by) {
  const found = recording.words.map((_, word) => {
    const value = map(recording, image, word)[cell];
    return { word, share: share(recording, image, word, value), own: value / recording.levels };
  });
  return found.sort((a, b) => b[by] - a[by] || a.word - b.word);
}

// Which of these words is the strongest in every cell.
export function strongest(recording, image, among, by) {
  const best = new Float32Array(recording.height * recording.width).fill(-Infinity);
  const which = new Int16Array(best.length).fill(-1);
  for (const word of among) {
    map(recording, image, word).forEach((v, cell) => {
      const value = by === "share" ? share(recording, image, word, v) : v;
      if (value > best[cell]) [best[cell], which[cell]] = [value, word];
    });
  }
  return which;
}
