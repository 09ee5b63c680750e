"""Concept Entanglement (BiasMap): do two concepts look at the same places of a sampled picture?"""

from dataclasses import dataclass

import numpy as np
import torch
from comfy_api.latest import io, ui
from PIL import Image
from torch import Tensor

from ..attention.capture import MapStore
from ..attention.maps import resize, sum_size
from ..attention.trace import Block
from ..metrics.entanglement import block_iou, chance_level, concept_iou, iou, mean_iou, percentile_mask
from .capture import parse_blocks
from .drawing import COLOURS, enlarge, label, to_tensor
from .plot import line_plot
from .runs import pixel_size, require_maps, run_of
from .theme import current
from .types import ENTANGLEMENT, Attention, advanced, schema

NODE = "Concept Entanglement (IoU)"
ONE, OTHER, BOTH = COLOURS[0], COLOURS[1], (250, 220, 60)


@dataclass(frozen=True)
class Entanglement:
    """masks: bool [2,images,h,w] of the two concepts. control: IoU of a third word with the second, [images] or None."""

    names: tuple[str, str]
    percentile: float
    masks: Tensor
    by_block: dict[Block, Tensor]  # of every block recorded, [images]
    control: tuple[str, Tensor] | None

    @property
    def ious(self) -> Tensor:
        return iou(*self.masks)


def block_maps(store: MapStore) -> dict[Block, Tensor]:
    """block -> [images,words,h,w] at the common size: mean over heads and steps of what was recorded."""
    size = sum_size(store.latent_size)
    return {block: resize(store.mean(block).cpu(), size) for block in store.blocks}


def measure(store: MapStore, names: list[str], percentile: float, blocks: frozenset[Block] | None) -> Entanglement:
    """M_c = sum over blocks of the maps at one size (OVAM, BiasMap), by default of all but the middle, as published.

    BiasMap sums over the heads, this takes their mean: the same but for a factor where all blocks have as many heads
    (SD 1.x). names: demographic, semantic and, where wanted, control.
    """
    maps = block_maps(store)
    chosen = [b for b in maps if (b in blocks if blocks is not None else b.part != "middle")]
    if not chosen:
        raise ValueError(f"{NODE}: only the middle block was recorded; name it in blocks: middle.0")
    columns = [_column(store, name) for name in names]
    total = torch.stack([maps[b] for b in chosen]).sum(0)
    concepts = total[:, columns].transpose(0, 1)  # [2 or 3,images,h,w]
    each = [{block: m[:, column] for block, m in maps.items()} for column in columns[:2]]
    return Entanglement(
        (names[0], names[1]),
        percentile,
        percentile_mask(concepts[:2], percentile),
        block_iou(*each, percentile),
        (names[2], concept_iou(concepts[2], concepts[1], percentile)) if len(names) > 2 else None,
    )


def _column(store: MapStore, name: str) -> int:
    recorded = [text.lower() for text in store.labels]
    if name.lower() not in recorded:
        raise ValueError(
            f"{NODE}: {name!r} was not recorded; the attention holds {', '.join(store.labels) or 'no words'}. "
            "Name one of these, or add the word to Capture Cross-Attention (its attribution_prompt takes any word)."
        )
    return recorded.index(name.lower())


def describe(found: Entanglement) -> str:
    one, other = found.names
    share, mean = 1 - found.percentile / 100, mean_iou(found.ious)
    lines = [f'IoU of the strongest {share:.0%} of the maps of "{one}" and "{other}"']
    lines += [f"image {i}: {value:.3f}" for i, value in enumerate(found.ious.tolist(), 1)]
    lines.append(f"mean (mIoU): {mean:.3f}")
    chance = chance_level(found.percentile)
    meaning = (
        "above it: they are entangled" if mean > chance else "not above it: they are independent or avoid each other"
    )
    lines.append(f"chance level of independent masks: {chance:.3f}; {meaning}")
    if found.control is not None:
        name, values = found.control
        lines.append(f'control, "{name}" and "{other}": {mean_iou(values):.3f}')
    lines.append(
        "by block (BIoU, mean over images): " + ", ".join(f"{b} {mean_iou(v):.3f}" for b, v in found.by_block.items())
    )
    return "\n".join(lines)


def draw(found: Entanglement, image: int, base: Image.Image) -> Image.Image:
    """The two masks over the picture in one colour each, and their overlap in a third."""
    a, b = (resize(m[image].float(), (base.height, base.width)).numpy() >= 0.5 for m in found.masks)
    pixels = np.asarray(base, float).copy()
    for where, colour in ((a & ~b, ONE), (b & ~a, OTHER), (a & b, BOTH)):
        grey = pixels[where].mean(-1, keepdims=True)  # the picture's own colours would mix with ours
        pixels[where] = 0.45 * grey + 0.55 * np.array(colour)
    picture = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
    for line, (text, colour) in enumerate(zip(found.names, (ONE, OTHER), strict=True)):
        label(picture, text, 6, 6 + 32 * line, colour)
    label(picture, f"IoU {found.ious[image]:.3f}", 6, 70, (20, 20, 20))
    return picture


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
                    tooltip="A concept's mask is what lies above this percentile of its map; BiasMap takes 70.",
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
        shown = {**ui.PreviewImage(drawn, cls=cls).as_dict(), "text": (text,)}
        return io.NodeOutput(mean_iou(found.ious), drawn, text, curve, ui=shown)


NODES = [FairConceptEntanglement]
