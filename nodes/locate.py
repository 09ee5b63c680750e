"""Locate Regions: where the people of a sampled picture are, as masks, from the attention recorded with it."""

import torch
from comfy_api.latest import io, ui

from ..attention.maps import resize
from ..guidance.fair.edits import parse_edits
from ..guidance.fair.people import who_is_where
from ..guidance.find_run import pixel_size, run_of
from ..pictures.drawing import draw_people
from .types import PEOPLE, Attention, Regions, edits_input, schema

NODE = "Locate Regions"


class FairLocateRegions(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairLocateRegions",
            display_name="Locate Regions",
            category=PEOPLE,
            search_aliases=["segment", "mask from prompt", "mask per person", "individual masks", "person", "people", "individuals", "person mask"],
            description="Masks of the people a prompt names: one for the whole region of each image, one for each individual.",
            inputs=[
                Attention.Input("attention", tooltip="From Capture Cross-Attention (with tokens connected) or Fair Inference."),
                io.Latent.Input("latent", tooltip="The latent sampled with it."),
                Regions.Input("regions", tooltip="From Block Voting."),
                io.Image.Input("image", optional=True, tooltip="The decoded picture, to draw the outlines on."),
                edits_input(),
            ],
            outputs=[
                io.Mask.Output(display_name="region", tooltip="One mask per image: all people."),
                io.Mask.Output(display_name="individuals", tooltip="One mask per person, image by image, left to right."),
                io.Image.Output(display_name="overlay", tooltip="The people outlined and numbered."),
                io.Int.Output(display_name="count", tooltip="Number of individuals in all images."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, attention, latent, regions, image=None, edits="") -> io.NodeOutput:
        run = run_of(attention, latent, NODE, image)
        people = who_is_where(run, regions, NODE, parse_edits(edits, NODE))
        size = pixel_size(latent, image)
        masks = [
            torch.stack([resize(p.mask, size) for p in found]) if found else torch.zeros(0, *size) for found in people
        ]
        region = torch.stack([m.amax(0) if len(m) else torch.zeros(size) for m in masks])
        every = torch.cat(masks)
        canvas = image.cpu() if image is not None else region[..., None].expand(-1, -1, -1, 3) * 0.5
        overlay = draw_people(canvas, people)
        individuals = every if len(every) else torch.zeros(1, *size)
        return io.NodeOutput(region, individuals, overlay, len(every), ui=ui.PreviewImage(overlay, cls=cls))


NODES = [FairLocateRegions]
