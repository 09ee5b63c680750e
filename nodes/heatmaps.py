"""Cross-Attention Heatmaps: each word's map laid over the picture, with its scale."""

import numpy as np
import torch
from comfy_api.latest import io, ui
from PIL import Image, ImageDraw
from torch import Tensor

from ..attention.capture import MapStore
from ..attention.maps import minmax, read_size, resize
from ..attention.trace import Block
from .capture import parse_blocks
from .drawing import enlarge, font, label, mark_people, to_tensor
from .locate import who_is_where
from .runs import pixel_size, require_maps, run_of
from .types import ATTENTION, Attention, Regions, advanced, schema

NODE = "Cross-Attention Heatmaps"
STOPS = np.array([(48, 18, 59), (65, 105, 225), (35, 190, 160), (190, 230, 60), (250, 150, 40), (160, 20, 20)], float)


def word_means(store: MapStore, blocks: frozenset[Block] | None) -> Tensor:
    """[images, words, h, w] at read size: the share of its attention a place gives a word, mean over blocks (DAAM)."""
    chosen = [b for b in store.blocks if blocks is None or b in blocks]
    return torch.stack([resize(store.mean(b).cpu(), read_size(store.latent_size)) for b in chosen]).mean(0)


def colour_map(heat: np.ndarray) -> np.ndarray:
    """[h,w] in 0..1 -> [h,w,3] in 0..255, dark blue through green to red."""
    place = heat.clip(0, 1) * (len(STOPS) - 1)
    return np.stack([np.interp(place, range(len(STOPS)), STOPS[:, c]) for c in range(3)], -1)


def overlay(picture: Image.Image, heat: Tensor, opacity: float) -> Image.Image:
    colours = colour_map(resize(heat, (picture.height, picture.width)).numpy())
    mixed = (1 - opacity) * np.asarray(picture, float) + opacity * colours
    return Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8))


def legend(picture: Image.Image, low: float, high: float) -> None:
    """The colours' scale in the lower left corner: the least and the largest share of attention in this map."""
    pen = ImageDraw.Draw(picture)
    width, height, x, y = 150, 10, 8, picture.height - 36
    pen.rectangle((x - 4, y - 4, x + width + 4, picture.height - 4), fill=(20, 20, 20))
    bar = colour_map(np.linspace(0, 1, width)[None].repeat(height, 0))
    picture.paste(Image.fromarray(bar.round().astype(np.uint8)), (x, y))
    for text, at, anchor in ((f"{low:.1%}", x, "la"), (f"{high:.1%}", x + width, "ra")):
        pen.text((at, y + height + 1), text, fill="white", font=font(16), anchor=anchor)


class FairAttentionHeatmaps(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairAttentionHeatmaps",
            display_name="Cross-Attention Heatmaps",
            category=ATTENTION,
            search_aliases=["DAAM", "heat map", "saliency", "attribution", "word", "word map", "where it looks"],
            description="Where the model looked for each recorded word: one overlay per image and word, and the same as masks.",
            inputs=[
                Attention.Input("attention", tooltip="From a capture node or Fair Inference."),
                io.Latent.Input("latent", tooltip="The latent sampled with it."),
                io.Image.Input("image", optional=True, tooltip="The decoded picture to lay the maps on; without it the maps alone."),
                io.Float.Input("opacity", default=0.6, min=0.0, max=1.0, step=0.05, tooltip="Of the map over the picture. 0: the picture only, 1: the map only."),
                advanced(io.String.Input(
                    "blocks", default="", optional=True,
                    tooltip="Only these blocks, as in: output.3, output.4. Empty: the mean of all recorded.",
                )),
                Regions.Input("regions", optional=True, tooltip="From Block Voting: outlines and numbers the people found."),
            ],
            outputs=[
                io.Image.Output(display_name="overlays", tooltip="Image by image, word by word."),
                io.Mask.Output(display_name="maps", tooltip="The maps in 0..1, in the same order."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, attention, latent, image=None, opacity=0.6, blocks="", regions=None) -> io.NodeOutput:
        run = run_of(attention, latent, NODE, image)
        store = run.store
        if not store.labels:
            raise ValueError(f"{NODE}: no word was recorded (masks were given from outside)")
        require_maps(run, NODE)
        means = word_means(store, parse_blocks(blocks, store.blocks, NODE))
        heat = minmax(means)
        people = who_is_where(run, regions, NODE) if regions is not None else None
        size = pixel_size(latent, image)
        pictures = []
        for i in range(store.images):
            base = enlarge(image[i] if image is not None else torch.zeros(*size, 3))[0]
            for w, name in enumerate(store.labels):
                pictures.append(overlay(base, heat[i, w], opacity if image is not None else 1.0))
                mark_people(pictures[-1], people[i] if people else ())
                legend(pictures[-1], float(means[i, w].min()), float(means[i, w].max()))
                label(pictures[-1], name, 6, 6, (20, 20, 20))
        drawn = to_tensor(pictures)
        return io.NodeOutput(drawn, resize(heat.flatten(0, 1), size), ui=ui.PreviewImage(drawn, cls=cls))


NODES = [FairAttentionHeatmaps]
