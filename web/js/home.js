// Where a node finds what is kept on another: the widget that holds the edits of the people whom its attention shows.
import { app } from "../../../scripts/app.js";

const FINDS = "FairInference"; // finds people while it samples, and takes edits of them
const NAME = "edits";

// The node whose output comes in at an input, through reroutes and out of subgraphs; null where nothing does, or it is not to be told.
export function origin(node, name) {
  const graph = node.graph ?? app.graph;
  const at = node.inputs?.find((input) => input.name === name)?.link;
  const link = at == null ? null : (graph.getLink?.(at) ?? graph.links?.[at]);
  let source = link && graph.getNodeById(link.origin_id);
  let slot = link?.origin_slot;
  for (let steps = 0; source?.isSubgraphNode?.() && steps < 9; steps++) {
    const inner = source.resolveSubgraphOutputLink?.(slot);
    slot = inner?.link?.origin_slot ?? 0;
    source = inner?.outputNode ?? null;
  }
  if (source?.type === "Reroute") return origin(source, source.inputs[0]?.name);
  return source ?? null;
}

// {widget, own}: of the Fair Inference that the attention comes from, else the node's own; of whatever is wired to that input.
export function home(node) {
  const source = origin(node, "attention");
  const own = source?.type !== FINDS;
  const keeper = own ? node : source;
  const wired = origin(keeper, NAME);
  const widgets = (wired ?? keeper).widgets ?? [];
  const widget = widgets.find((w) => w.name === NAME) ?? (wired && widgets.find((w) => typeof w.value === "string"));
  return { widget, own };
}
