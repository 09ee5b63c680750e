"""Run every shipped workflow on the embedded model and keep a `.jpg` of its result beside it.

    python -m fair_attention.scripts.thumbnails            # or with names: only those

What a picture shows is what the nodes drew: the workflow's own seed, steps and number of pictures.
"""

import math
import sys
from pathlib import Path

from PIL import Image, ImageOps

from ..host.server import Server, running
from ..host.workflow import read_prompt
from .draw_workflows import FOLDER, GRAPHS, NEED_FILES

SIDE, GAP = 512, 6  # pixels of the square thumbnail, and between its pictures
# Which nodes' pictures tell what a workflow does, in reading order, and how many of each.
SHOWN = {
    "see-attention": (("FairAttentionHeatmaps", 4),),
    "explore-maps": (("PreviewImage", 2), ("MaskPreview", 2)),
    "fair-inference-gender": (("PreviewImage", 2), ("SaveImage", 2)),  # before above, after below
    "fair-inference-gender-skin-tone": (("FairReport", 4),),
    "fair-inference-age": (("FairReadAttributes", 4),),
    "measure-a-batch": (("FairReadAttributes", 2), ("FairBiasMetrics", 2)),
    "before-and-after": (("FairReadAttributes", 3), ("FairCompareBias", 1)),
    "masks-from-another-node": (("PreviewImage", 2), ("FairReport", 2)),
    "composed": (("FairReport", 2), ("FairAttentionHeatmaps", 2)),
    "discover-entanglement": (("FairConceptEntanglement", 4),),
    "softiou-guidance": (("FairConceptEntanglement", 4),),
    "compare-baselines": (("PreviewImage", 4), ("SaveImage", 1), ("FairReport", 1)),
    "compare-fine-tune": (("FairReadAttributes", 2), ("FairBiasMetrics", 2)),
    "measure-photographs": (("FairReadAttributes", 2), ("FairBiasMetrics", 2)),
    "record-a-study": (("FairRecordPeople", 4),),
    "full-chain": (("FairLocateRegions", 2), ("FairReport", 2)),
}
# What needs files that are not here shows what it does on the emoji world, where masks say who is to change as well.
BORROWED = dict.fromkeys(sorted(NEED_FILES), "masks-from-another-node")


def thumbnail(pictures: list[Image.Image]) -> Image.Image:
    """The pictures as a square sheet, each whole, on white."""
    columns = math.ceil(math.sqrt(len(pictures)))
    cell = (SIDE - GAP * (columns + 1)) // columns
    sheet = Image.new("RGB", (SIDE, SIDE), "white")
    for i, picture in enumerate(pictures):
        fitted = ImageOps.contain(picture, (cell, cell), Image.Resampling.LANCZOS)  # small ones are enlarged
        x, y = (GAP + (cell + GAP) * place for place in (i % columns, i // columns))
        sheet.paste(fitted, (x + (cell - fitted.width) // 2, y + (cell - fitted.height) // 2))
    return sheet


def pictures_of(server: Server, name: str) -> list[Image.Image]:
    """The pictures the workflow's telling nodes show, over all nodes of a kind in turn."""
    prompt = read_prompt(FOLDER / f"{name}.json", server.object_info())
    entry = server.queue(prompt)
    pictures = []
    for kind, count in SHOWN[name]:
        nodes = [n for n, node in prompt.items() if node["class_type"] == kind and n in entry["outputs"]]
        each = [server.images(entry, n) for n in nodes]
        pictures += [shown[i] for i in range(count) for shown in each if i < len(shown)][:count]
    return pictures


def main() -> None:
    with running(Path("output/thumbnails")) as server:
        for name in sys.argv[1:] or GRAPHS:
            file = FOLDER / f"{name}.jpg"
            thumbnail(pictures_of(server, BORROWED.get(name, name))).save(file, quality=88, optimize=True)
            print(f"wrote workflows/{file.name}, {file.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
