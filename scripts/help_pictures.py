"""A picture of every node for its help page, web/docs/<node id>.jpg: as the front end draws it after a run.

python -m fair_attention.scripts.help_pictures         # or with node ids: only those
"""

import io
import json
import shutil
import sys
from pathlib import Path

from PIL import Image

from ..host.hosts import ROOT, pack_version
from ..host.server import running
from .browser import OPEN, go_to_front_end, launch
from .draw import to_workflow
from .draw_workflows import GRAPHS
from .graph_parts import CLIP, MODEL, graph, loaded, node, note

PAGES = ROOT / "web" / "docs"
SCALE, MARGIN, AT = 1.5, 14, (300, 130)  # device pixels, graph units around a node, where on the page it is put
QUEUED = "() => window.app.queuePrompt(0)"
# Bring a node to its place on the page; the rectangle it then covers, its title included.
SHOW = """([kind, left, top, margin]) => {
    const app = window.app, node = app.graph.nodes.find(n => n.type === kind), view = app.canvas.ds
    const frame = app.canvas.canvas.getBoundingClientRect()
    node.title = LiteGraph.registered_node_types[kind].title
    view.scale = 1
    view.offset[0] = left - node.pos[0]
    view.offset[1] = top - node.pos[1]
    app.canvas.setDirty(true, true)
    return {x: frame.x + left - margin, y: frame.y + top - 30 - margin, width: node.size[0] + 2 * margin,
            height: node.size[1] + 30 + 2 * margin}
}"""


def kept_maps():
    """The nodes that no shipped workflow has."""
    found = ["9", 0]
    nodes = {
        **loaded(2),
        "7": node("FairLinguisticAlignment", clip=CLIP, prompt="a photo of two pilots"),
        "8": node("FairTargetDistribution", preset="gender", seed=0),
        "10": node("FairBlockVoting", tokens=["7", 0]),
        "9": node("FairInference", model=MODEL, clip=CLIP, target=["8", 0], regions=["10", 0], preservation="blended"),
        "4": node("KSampler", model=found, positive=["7", 1], negative=["2", 0], latent_image=["3", 0]),
        "11": node("FairUneditedLatent", attention=["9", 1], latent=["4", 0]),
        "12": node("FairAttentionSave", attention=["9", 1], latent=["4", 0]),
        "13": node("FairAttentionLoad"),
        "14": node("FairPoolAttributes"),
        "15": node("FairImageConsistency"),
        "19": node("FairAskWords", attribution_prompt="a person with a hat"),
        "16": node("FairAttributeReader"),
    }
    return graph("", note(), nodes, [["1", "2", "3"], ["7", "8"], ["10", "9"], ["4"], ["11", "12"], ["13", "14", "15"], ["16", "19"]],
                 {"all": ["1", "2", "3"]})  # fmt: skip


# Workflow, None for the one above -> what is pictured in it.
SHOWN: dict[str | None, tuple[str, ...]] = {
    "fair-inference-gender": ("FairLinguisticAlignment", "FairBlockVoting", "FairTargetDistribution", "FairInference",
                              "FairReport"),
    "see-attention": ("FairAttentionHeatmaps",),
    "explore-maps": ("FairExploreMaps",),
    "discover-entanglement": ("FairAttentionCapture",),
    "measure-a-batch": ("FairReadAttributes", "FairBiasMetrics"),
    "before-and-after": ("FairCompareBias",),
    "softiou-guidance": ("FairSoftIoUGuidance", "FairConceptEntanglement"),
    "full-chain": ("FairLocateRegions",),
    "record-a-study": ("FairRecordPeople",),
    "compare-baselines": ("FairEthicalIntervention", "FairDiffusion", "FairConceptEditing"),
    None: ("FairUneditedLatent", "FairAttentionSave", "FairAttentionLoad", "FairPoolAttributes", "FairImageConsistency",
           "FairAttributeReader", "FairAskWords"),
}  # fmt: skip


def picture(page, kind: str) -> Image.Image:
    clip = page.evaluate(SHOW, [kind, *AT, MARGIN])
    page.wait_for_timeout(1500)
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")


def main() -> None:
    from playwright.sync_api import sync_playwright

    wanted = set(sys.argv[1:]) or {kind for kinds in SHOWN.values() for kind in kinds}
    base = Path("output/help-pictures")
    shutil.rmtree(base, ignore_errors=True)  # the front end is to be as on a first start
    with running(base) as server, sync_playwright() as playwright:
        info = server.object_info()
        page = launch(playwright).new_page(viewport={"width": 1600, "height": 1400}, device_scale_factor=SCALE)
        go_to_front_end(page, server.url)
        page.keyboard.press("Escape")
        for name, kinds in SHOWN.items():
            if not wanted & set(kinds):
                continue
            page.evaluate(OPEN, to_workflow(GRAPHS[name]() if name else kept_maps(), info, pack_version()))
            page.wait_for_timeout(1500)
            if name:
                page.evaluate(QUEUED)
                while any(json.loads(server.get("/queue")).values()):
                    page.wait_for_timeout(1000)  # the page goes on
                page.wait_for_timeout(3000)
            for kind in (k for k in kinds if k in wanted):
                picture(page, kind).save(PAGES / f"{kind}.jpg", quality=82)
                print(f"wrote web/docs/{kind}.jpg", flush=True)


if __name__ == "__main__":
    main()
