// The cards of this pack's workflows: a title, a sentence and the order of learning, where the host knows file names only.
import { api } from "../../../scripts/api.js";

const PACK = decodeURIComponent(new URL(import.meta.url).pathname.match(/extensions\/([^/]+)\//)?.[1] ?? "");
const cards = fetch(new URL("../templates.json", import.meta.url))
  .then((answer) => answer.json())
  .catch(() => []);

// Hand our templates on as one category of the host's own kind, which has titles, and take them out of the file lists.
const { getWorkflowTemplates, getCoreWorkflowTemplates } = api;
let offered = [];

async function titled() {
  const described = await cards;
  return offered.length && described.every((card) => offered.includes(card.name)) ? described : [];
}

if (PACK && getWorkflowTemplates && getCoreWorkflowTemplates) {
  api.getWorkflowTemplates = async function () {
    const files = await getWorkflowTemplates.apply(this, arguments);
    offered = files[PACK] ?? [];
    const described = await titled();
    const others = offered.filter((name) => !described.some((card) => card.name === name));
    const rest = { ...files, [PACK]: others };
    if (!others.length) delete rest[PACK];
    return rest;
  };
  api.getCoreWorkflowTemplates = async function () {
    const core = await getCoreWorkflowTemplates.apply(this, arguments);
    const described = await titled();
    if (!described.length) return core;
    const templates = described.map((card) => ({ ...card, mediaType: "image", mediaSubtype: "jpg" }));
    return [...core, { moduleName: PACK, title: "Fair Attention", type: "image", templates }];
  };
}
