// People as a user wants them: what edits make of whom was found. The rules of guidance/fair/edit_people.py, number for number, so that the
// page shows what the next run does. A person here: {label, status, name, why, inside}, inside an array of cells 0 or 1, {height, width} the size.

const NEAR = 0.1;

export const DROPPED = "dropped";
export const STATED = "stated";

// The list in a text; empty for what is none, which the node refuses.
export function parse(text) {
  try {
    const said = JSON.parse(text || "[]");
    return Array.isArray(said) ? said : [];
  } catch {
    return [];
  }
}

export const isEdit = (said) => Array.isArray(said?.at) && typeof said.edit === "string";

export function rounded(at) {
  return at.map((place) => place.map((share) => Math.round(Math.max(0, Math.min(1, share)) * 1e4) / 1e4));
}

export function decode(told, { height, width }) {
  const inside = new Uint8Array(height * width);
  let at = 0;
  told.runs.forEach((length, i) => {
    if (i % 2) inside.fill(1, at, at + length);
    at += length;
  });
  return { ...told, inside };
}

const middle = (cell, { height, width }) => [((cell % width) + 0.5) / width, (Math.floor(cell / width) + 0.5) / height];

const square = ([x, y], [u, v]) => (x - u) * (x - u) + (y - v) * (y - v);

function each(inside, visit) {
  for (let cell = 0; cell < inside.length; cell++) if (inside[cell]) visit(cell);
}

export function centre(inside, { height, width }) {
  let [n, xs, ys] = [0, 0, 0];
  each(inside, (cell) => {
    n += 1;
    xs += cell % width;
    ys += Math.floor(cell / width);
  });
  return [(xs + 0.5 * n) / n / width, (ys + 0.5 * n) / n / height];
}

function nearest(inside, place, size) {
  let [best, gap] = [-1, Infinity];
  each(inside, (cell) => {
    const far = square(middle(cell, size), place);
    if (far < gap) [best, gap] = [cell, far];
  });
  return [best, gap];
}

// A place inside a person, by which edits name it: its cell nearest to its centre.
export function spot(inside, size) {
  return middle(nearest(inside, centre(inside, size), size)[0], size);
}

function distance(inside, place, size) {
  const [column, row] = [Math.min(size.width - 1, Math.floor(place[0] * size.width)), Math.min(size.height - 1, Math.floor(place[1] * size.height))];
  return inside[row * size.width + column] ? 0 : nearest(inside, place, size)[1];
}

// The number of the person whom a place means, or -1.
export function whoIsAt(people, place, size) {
  let best = null;
  people.forEach(({ status, inside }, j) => {
    if (status === DROPPED || !inside.includes(1)) return;
    const gap = distance(inside, place, size);
    if (gap > NEAR * NEAR) return;
    const far = square(centre(inside, size), place);
    if (!best || gap < best.gap || (gap === best.gap && far < best.far)) best = { gap, far, j };
  });
  return best ? best.j : -1;
}

// Two parts of a person, each cell to the nearer of two places; null where one of them would be nothing.
export function halves(inside, one, other, size) {
  const parts = [new Uint8Array(inside.length), new Uint8Array(inside.length)];
  each(inside, (cell) => {
    const place = middle(cell, size);
    parts[square(place, one) <= square(place, other) ? 0 : 1][cell] = 1;
  });
  return parts.every((part) => part.includes(1)) ? parts : null;
}

// Where a person is split when nothing else is said: left and right of its centre, as people stand.
export function ends(inside, size) {
  const [x, y] = centre(inside, size);
  return [[x - 0.01, y], [x + 0.01, y]];
}

export function polygon(corners, { height, width }) {
  const inside = new Uint8Array(height * width);
  for (let cell = 0; cell < inside.length; cell++) {
    const [x, y] = middle(cell, { height, width });
    corners.forEach(([x1, y1], i) => {
      const [x2, y2] = corners[(i + 1) % corners.length];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside[cell] ^= 1;
    });
  }
  return inside;
}

// Whom was found, after these edits of the picture, and the edits that found nobody any more: {people, lost}.
export function edited(found, edits, names, nouns, size) {
  let people = [...found];
  const lost = [];
  for (const edit of edits) {
    if (edit.edit === "draw") {
      const inside = polygon(edit.at, size);
      const label = nouns.includes(edit.name) ? edit.name : (nouns[0] ?? "person");
      if (inside.includes(1)) people.push({ label, status: "open", name: "", why: "", inside });
      else lost.push(edit);
      continue;
    }
    const there = edit.at.slice(0, edit.edit === "merge" ? 2 : 1).map((place) => whoIsAt(people, place, size));
    const first = Math.min(...there);
    const changed = first < 0 ? null : CHANGES[edit.edit]?.(people[first], people[Math.max(...there)], edit, size, names);
    if (!changed) lost.push(edit);
    else people = people.flatMap((person, j) => (j === first ? changed : there.includes(j) ? [] : [person]));
  }
  return { people, lost };
}

const CHANGES = {
  drop: (person) => [{ ...person, status: DROPPED, name: "", why: "" }],
  give: (person, _, { name }, size, names) => names.includes(name) && person.status !== STATED && [{ ...person, status: "chosen", name, why: "" }],
  merge: (person, other) => [{ ...person, inside: person.inside.map((cell, i) => cell | other.inside[i]) }],
  split: (person, _, { at }, size) => halves(person.inside, at[1], at[2], size)?.map((inside) => ({ ...person, inside })),
};
