"""Cross-Attention Heatmaps: each word's map laid over the picture, with its scale."""

import torch
from comfy_api.latest import io, ui

from ..attention.capture import word_means
from ..attention.maps import minmax, resize
from ..attention.records import parse_blocks
from ..guidance.fair.people import who_is_where
from ..guidance.find_run import pixel_size, require_maps, run_of
from ..pictures.drawing import enlarge, label, mark_people, to_tensor
from ..pictures.heatmap import legend, overlay
from .types import ATTENTION, Attention, Regions, advanced, schema

NODE = "Cross-Attention Heatmaps"


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
