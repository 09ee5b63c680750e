// Maps in colours that are told apart without colour vision too: a ramp, a ramp with two ends, and colours for words.

const RAMP = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"]; // viridis
const ENDS = ["#2166ac", "#92c5de", "#f7f7f7", "#f4a582", "#b35806"]; // less, as much, more
export const WORDS = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"]; // Okabe and Ito
export const OTHERS = "#8a8a8a";

const triple = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

function table(stops) {
  const colours = stops.map(triple);
  return Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (colours.length - 1);
    const first = Math.min(Math.floor(place), colours.length - 2);
    return colours[first].map((c, k) => Math.round(c + (place - first) * (colours[first + 1][k] - c)));
  });
}
const TABLES = { ramp: table(RAMP), ends: table(ENDS) };
export const GRADIENTS = { ramp: RAMP.join(), ends: ENDS.join() };

// A canvas of a pixel a cell. values in low ... high; scale: "ramp" or "ends".
export function heat(values, { width, height }, low, high, scale) {
  const span = high - low || 1;
  const colours = TABLES[scale];
  return painted(width, height, (cell) => {
    const place = Math.round((255 * (values[cell] - low)) / span);
    return colours[Math.max(0, Math.min(255, place))];
  });
}

// The same of words. colour: word -> "#rrggbb".
export function mosaic(which, { width, height }, colour) {
  const colours = new Map([...new Set(which)].map((word) => [word, triple(colour(word))]));
  return painted(width, height, (cell) => colours.get(which[cell]));
}

function painted(width, height, colour) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  for (let cell = 0; cell < width * height; cell++) {
    const [red, green, blue] = colour(cell);
    pixels.data.set([red, green, blue, 255], 4 * cell);
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

// A picture below a map in a box {x, y, width, height}.
export function panel(context, box, picture, map, opacity, smooth) {
  context.save();
  context.imageSmoothingEnabled = true;
  context.fillStyle = "#000";
  context.fillRect(box.x, box.y, box.width, box.height);
  if (picture) context.drawImage(picture, box.x, box.y, box.width, box.height);
  context.imageSmoothingEnabled = smooth;
  context.globalAlpha = picture ? opacity : 1;
  if (map) context.drawImage(map, box.x, box.y, box.width, box.height);
  context.restore();
}

// The border of a region, cell by cell: light, or of a colour, over dark, to be seen on any colour.
export function border(context, box, inside, { width, height }, thick, colour = "#fff") {
  const [w, h] = [box.width / width, box.height / height];
  const path = new Path2D();
  const line = (x, y, toX, toY) => {
    path.moveTo(box.x + x * w, box.y + y * h);
    path.lineTo(box.x + toX * w, box.y + toY * h);
  };
  for (let y = 0, cell = 0; y < height; y++) {
    for (let x = 0; x < width; x++, cell++) {
      if (!inside[cell]) continue;
      if (x === 0 || !inside[cell - 1]) line(x, y, x, y + 1);
      if (x === width - 1 || !inside[cell + 1]) line(x + 1, y, x + 1, y + 1);
      if (y === 0 || !inside[cell - width]) line(x, y, x + 1, y);
      if (y === height - 1 || !inside[cell + width]) line(x, y + 1, x + 1, y + 1);
    }
  }
  stroke(context, path, thick, colour);
}

// Words on a plate in the middle of somebody, in shares of the box.
export function label(context, box, [x, y], text, sharp) {
  context.font = `bold ${13 * sharp}px sans-serif`;
  const [width, height] = [context.measureText(text).width + 8 * sharp, 18 * sharp];
  const left = Math.max(box.x, Math.min(box.x + box.width - width, box.x + x * box.width - width / 2));
  const top = box.y + y * box.height - height / 2;
  context.fillStyle = "#000c";
  context.fillRect(left, top, width, height);
  context.fillStyle = "#fff";
  context.fillText(text, left + 4 * sharp, top + 13 * sharp);
}

// A line that is being drawn around somebody, back to where it began.
export function outline(context, box, corners, thick) {
  const path = new Path2D();
  for (const [x, y] of corners) path.lineTo(box.x + x * box.width, box.y + y * box.height);
  path.closePath();
  for (const [x, y] of corners.slice(-1)) path.arc(box.x + x * box.width, box.y + y * box.height, 2 * thick, 0, 7);
  stroke(context, path, thick);
}

// A ring round the place that is asked about.
export function mark(context, box, cell, { width, height }, thick) {
  const path = new Path2D();
  const [x, y] = [(cell % width) + 0.5, Math.floor(cell / width) + 0.5];
  path.arc(box.x + (x * box.width) / width, box.y + (y * box.height) / height, 4 * thick, 0, 7);
  stroke(context, path, thick);
}

function stroke(context, path, thick, light = "#fff") {
  context.lineCap = "square";
  for (const [colour, width] of [["#000", 3 * thick], [light, 1.5 * thick]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke(path);
  }
}

// `sides` boxes of the pictures' shape, as large as there is room, side by side.
export function boxes(width, height, sides, shape) {
  const gap = sides > 1 ? 6 : 0;
  const w = Math.min((width - gap) / sides, height * shape);
  const [left, top] = [(width - sides * w - gap) / 2, (height - w / shape) / 2];
  return Array.from({ length: sides }, (_, i) => ({ x: left + i * (w + gap), y: top, width: w, height: w / shape }));
}
