// What pointer and keys do to the viewer.

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function listen(viewer) {
  const { view, by, before, after, opacity, canvas } = viewer.parts;
  for (const control of [view, by, opacity]) control.oninput = () => viewer.ask();
  before.onclick = () => viewer.step(-1);
  after.onclick = () => viewer.step(1);
  canvas.onpointermove = (event) => viewer.point(under(viewer, event), event.buttons === 1 && "drag");
  canvas.onpointerup = (event) => viewer.editing && viewer.people.at(under(viewer, event)?.share, "release");
  canvas.onpointerdown = (event) => {
    event.stopPropagation(); // the node stays where it is
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    canvas.focus();
    viewer.point(under(viewer, event), "press", event.shiftKey || event.ctrlKey || event.metaKey);
  };
  canvas.onkeydown = (event) => key(viewer, event);
  // Keys of the viewer are no commands of the graph; with Ctrl they are (Run).
  viewer.element.onkeydown = (event) => event.ctrlKey || event.metaKey || event.stopPropagation();
  viewer.element.onpointerdown = (event) => event.stopPropagation();
}

function key(viewer, event) {
  const first = viewer.recordings[0];
  const way = STEPS[event.key];
  if (!first || event.ctrlKey || event.metaKey) return;
  if (way) {
    const far = event.shiftKey ? 8 : 1;
    const cell = viewer.place?.cell ?? 0;
    const moved = (value, by, size) => Math.max(0, Math.min(size - 1, value + far * by));
    const [x, y] = [moved(cell % first.width, way[0], first.width), moved(Math.floor(cell / first.width), way[1], first.height)];
    viewer.point(viewer.at(x, y, viewer.place?.side));
  } else if (event.key === "Enter" || event.key === " ") viewer.point(viewer.place, "press", event.shiftKey);
  else if (event.key === "PageUp") viewer.step(-1);
  else if (event.key === "PageDown") viewer.step(1);
  else if (event.key !== "Escape" || !viewer.editing || !viewer.people.stop()) return;
  event.preventDefault();
}

// Which place the pointer is over: {side, cell, share}, in cells of the maps and in shares of the picture; null outside the pictures.
function under(viewer, { clientX, clientY }) {
  const frame = viewer.parts.canvas.getBoundingClientRect();
  const { width, height } = viewer.parts.canvas;
  const [x, y] = [((clientX - frame.x) * width) / frame.width, ((clientY - frame.y) * height) / frame.height];
  const side = viewer.boxes?.findIndex((b) => x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height) ?? -1;
  if (side < 0 || !viewer.recordings.length) return null;
  const box = viewer.boxes[side];
  const share = [(x - box.x) / box.width, (y - box.y) / box.height];
  const { width: columns, height: rows } = viewer.recordings[0];
  return { ...viewer.at(Math.floor(share[0] * columns), Math.floor(share[1] * rows), side), share };
}
