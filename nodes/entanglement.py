"""Concept Entanglement (BiasMap): do two concepts look at the same places of a sampled picture?"""

import torch
from comfy_api.latest import io
from PIL import Image

from ..attention.records import parse_blocks
from ..guidance.find_run import pixel_size, require_maps, run_of
from ..metrics.entanglement import chance_level, mean_iou
from ..metrics.measure_entanglement import NODE, Entanglement, describe, measure
from ..pictures.drawing import enlarge, to_tensor
from ..pictures.entanglement import draw
from ..pictures.plot import line_plot
from .types import ENTANGLEMENT, Attention, advanced, picture_and_text, schema
from .user.theme import current


def block_curve(found: Entanglement) -> Image.Image:
    curve = (f"{found.names[0]} ~ {found.names[1]}", [mean_iou(v) for v in found.by_block.values()])
    places = [
        str(b).replace("input.", "in ").replace("output.", "out ").replace("middle.0", "mid") for b in found.by_block
    ]
    level = ("chance", chance_level(found.percentile))
    return line_plot("IoU by block of the U-Net", [curve], places, level, current())


class FairConceptEntanglement(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairConceptEntanglement",
            display_name=NODE,
            category=ENTANGLEMENT,
            search_aliases=["BiasMap", "IoU", "overlap", "attribution", "stereotype"],
            description="How far the places overlap at which the model looked for two concepts, such as gender and doctor, as "
            "the IoU of the strongest 30 % of their maps. Read it beside the chance level and a control word.",
            inputs=[
                Attention.Input("attention", tooltip="From Capture Cross-Attention, with both words recorded."),
                io.Latent.Input("latent", tooltip="The latent sampled with it."),
                io.String.Input("demographic", default="gender", tooltip="The first concept, a word that was recorded."),
                io.String.Input("semantic", default="doctor", tooltip="The second concept, a word that was recorded."),
                io.Image.Input("image", optional=True, tooltip="The decoded picture to draw the overlap on."),
                io.String.Input("control", default="", optional=True,
                                tooltip="A recorded word that has nothing to do with people: its IoU with the second concept is "
                                "what overlap alone means here. Empty: none."),
                advanced(io.Float.Input(
                    "percentile", default=70.0, min=1.0, max=99.0, step=1.0, optional=True,
                    tooltip="How much of a map counts as the concept's place. 70: the strongest 30 %, as the paper takes (try this first). "
                    "Higher: only the peaks, and the number jumps. Lower: nearly everything overlaps.",
                )),
                advanced(io.String.Input(
                    "blocks", default="", optional=True,
                    tooltip="Only these blocks, as in: output.3, output.4. Empty: all recorded but the middle, as published.",
                )),
            ],
            outputs=[
                io.Float.Output(display_name="mIoU", tooltip="Mean IoU over the images; 0.176 is chance at percentile 70."),
                io.Image.Output(display_name="overlap", tooltip="The first concept's mask in red, the second's in blue, and where both meet in yellow."),
                io.String.Output(display_name="report", tooltip="All numbers in words; connect Preview as Text."),
                io.Image.Output(display_name="curve", tooltip="The IoU block by block through the U-Net."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, attention, latent, demographic="gender", semantic="doctor", image=None, control="", percentile=70.0,
                blocks="") -> io.NodeOutput:  # fmt: skip
        run = run_of(attention, latent, NODE, image)
        store = run.store
        names = [name.strip() for name in (demographic, semantic, control) if name.strip()]
        if not demographic.strip() or not semantic.strip():
            raise ValueError(
                f"{NODE}: name two recorded words as demographic and semantic; recorded: {', '.join(store.labels)}"
            )
        require_maps(run, NODE)
        found = measure(store, names, percentile, parse_blocks(blocks, store.blocks, NODE))
        size = pixel_size(latent, image)
        bases = image if image is not None else torch.full((store.images, *size, 3), 0.25)
        drawn = to_tensor([draw(found, i, enlarge(base)[0]) for i, base in enumerate(bases)])
        text, curve = describe(found), to_tensor([block_curve(found)])
        shown = picture_and_text(cls, drawn, text)
        return io.NodeOutput(mean_iou(found.ious), drawn, text, curve, ui=shown)


NODES = [FairConceptEntanglement]
