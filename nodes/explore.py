"""Explore Maps: the recorded maps to look at with the mouse, on the node; what was chosen there as masks."""

import hashlib
from functools import partial
from pathlib import Path

import folder_paths
import torch
from comfy_api.latest import io

from ..attention.maps import resize
from ..attention.records import parse_blocks
from ..guidance.fair.edit_people import edit_run
from ..guidance.fair.edits import Edit, parse_edits
from ..guidance.fair.people import people_known, somebody
from ..guidance.find_run import pixel_size, require_maps, run_of
from ..guidance.run_record import Person, Recording, SampledRun, Status
from ..pictures.crowd import crowd
from ..pictures.drawing import enlarge, mark_people, outline, to_tensor
from ..pictures.explorer import Quantised, as_file, known, people, quantise, quantise_like, regions, together
from ..pictures.heatmap import overlay
from ..pictures.parts import parts
from .types import ATTENTION, Attention, Regions, advanced, edits_input, schema

NODE = "Explore Maps"
WHOLE, EACH, PEOPLE = "one for each picture", "one for each person", "the people found"


class FairExploreMaps(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairExploreMaps",
            display_name="Explore Maps",
            category=ATTENTION,
            search_aliases=["map viewer", "interactive", "hover", "word picker", "click to mask", "mask from prompt", "region to words", "argmax map",
                            "compare maps", "DAAM", "OVAM"],
            description="After a run the maps are on the node: point at a place to see which words act there, choose words to see where they "
            "act, click to make the region a mask. Beside a second recording, also the difference.",
            inputs=[
                Attention.Input("attention", tooltip="From a capture node, Fair Inference or Load Attention Maps."),
                io.Latent.Input("latent", tooltip="The latent sampled with it."),
                io.Image.Input("image", optional=True, tooltip="The decoded picture, to see below the maps; without it the maps alone."),
                io.String.Input(
                    "words", default="", multiline=True, optional=True,
                    tooltip="Whose map is shown and made a mask, one word a line: press words on the node instead of writing them. Several: the mean "
                    "of their maps. Empty: an empty mask.",
                ),
                io.Float.Input(
                    "threshold", default=0.5, min=0.0, max=1.0, step=0.01, optional=True,
                    tooltip="The mask is where the map is at least that strong, from 0 (its weakest place) to 1 (its strongest). Or click a place on "
                    "the node: all that is as strong as it.",
                ),
                io.Combo.Input(
                    "masks", options=[WHOLE, EACH, PEOPLE], default=WHOLE, optional=True,
                    tooltip="One mask for each picture, or the region cut into people, one mask each, left to right, picture by picture. The people "
                    "found: those of Fair Inference or of regions, as you have edited them.",
                ),
                advanced(io.String.Input(
                    "blocks", default="", optional=True,
                    tooltip="Only these blocks, as in: output.3, output.4. Empty: the mean of all recorded.",
                )),
                Attention.Input("other_attention", optional=True, tooltip="A second recording to compare: the same seeds with a LoRA, or before guidance."),
                io.Latent.Input("other_latent", optional=True, tooltip="The latent sampled with the second recording."),
                io.Image.Input("other_image", optional=True, tooltip="The decoded picture of the second recording."),
                Regions.Input("regions", optional=True, tooltip="From Block Voting: whom it finds in these maps can be seen and edited. Fair Inference brings "
                              "its people itself."),
                edits_input(),
            ],
            outputs=[
                io.Mask.Output(display_name="masks", tooltip="What was chosen on the node, in the size of the picture."),
                io.Image.Output(display_name="overlay", tooltip="The chosen map over each picture, the region outlined."),
                io.String.Output(display_name="edits", tooltip="How the people were edited here: for Locate Regions, or the Fair Inference of another sampling."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, attention, latent, image=None, words="", threshold=0.5, masks=WHOLE, blocks="", other_attention=None,
                other_latent=None, other_image=None, regions=None, edits="") -> io.NodeOutput:  # fmt: skip
        run = maps_of(attention, latent, image)
        q = quantise(run.store, attention.watch.words, parse_blocks(blocks, run.store.blocks, NODE))
        shown, whole = [(q, decoded(image))], [(run, attention.watch)]
        if other_attention is not None or other_latent is not None:
            other = the_other(run, other_attention, other_latent, other_image)
            chosen = parse_blocks(blocks, other.store.blocks, NODE)
            whole.append((other, other_attention.watch))
            shown.append((quantise_like(q, other.store, other_attention.watch.words, chosen), decoded(other_image)))
        chosen, gone = known(words, q)
        found = run.people if regions is None else people_known(run, regions, NODE)
        nouns = [group.noun.text for group in regions.aligned.groups] if regions else []
        told = [
            {"kind": p.kind, "label": p.label, "text": p.text, **keep(as_file([(q, ()) for q in p.recordings]))}
            for p in parts(whole)
        ]
        file = keep(as_file(shown, crowd(run, found, nouns) if found else None, told, blocks))
        size, notes = (
            pixel_size(latent, image),
            [f"not recorded: {', '.join(gone)}; press words on the node"] * bool(gone),
        )
        there = edited(run, found, regions, parse_edits(edits, NODE), notes)
        cut = masks_of_people(there, size) if masks == PEOPLE else masks_of(q, chosen, threshold, masks, size)
        drawn = overlays(q, chosen, threshold, latent, image, there if masks == PEOPLE else ())
        return io.NodeOutput(cut, drawn, edits, ui={"fair_maps": (file,), "text": ("\n".join(notes),)})


def maps_of(attention: Recording, latent: dict, image: torch.Tensor | None) -> SampledRun:
    run = run_of(attention, latent, NODE, image)
    if run.store.labels:
        require_maps(run, NODE)
    elif not run.people:
        raise ValueError(f"{NODE}: no word was recorded (masks were given from outside)")
    return run


def the_other(run: SampledRun, attention, latent, image) -> SampledRun:
    """The second recording's run. ValueError unless it is of as many pictures of the same size."""
    if attention is None or latent is None:
        missing = "other_attention" if attention is None else "other_latent"
        raise ValueError(f"{NODE}, {missing}: connect other_attention and other_latent together, or neither")
    other = maps_of(attention, latent, image)
    sizes = [
        f"{r.store.images} pictures of {r.store.latent_size[1]} x {r.store.latent_size[0]} cells" for r in (run, other)
    ]
    if sizes[0] != sizes[1]:
        raise ValueError(
            f"{NODE}, other_latent: it holds {sizes[1]}, latent {sizes[0]}; sample as many of the same size"
        )
    return other


def edited(run: SampledRun, found: list, regions, edits: tuple[Edit, ...], notes: list[str]) -> list[list[Person]]:
    """The people of each image after this node's edits, those left who were not dropped; what became of the edits is noted."""
    before = len(run.notes)
    if edits and found:
        found = edit_run(found, edits, run, (), partial(somebody, regions, frozenset(), 0))
    notes += run.notes[before:]
    del run.notes[before:]  # they are this node's, not the run's
    return [[p for p in people if p.status is not Status.DROPPED] for people in found]


def masks_of_people(people: list[list[Person]], size: tuple[int, int]) -> torch.Tensor:
    """[n,H,W], picture by picture; one that is empty where nobody is."""
    masks = [resize(p.mask, size) for found in people for p in found]
    return torch.stack(masks) if masks else torch.zeros(1, *size)


def decoded(image: torch.Tensor | None) -> list:
    return [] if image is None else [enlarge(picture)[0] for picture in image]


def masks_of(q: Quantised, words: list[str], threshold: float, masks: str, size: tuple[int, int]) -> torch.Tensor:
    """[n,H,W], soft at the borders as those of Locate Regions; one that is empty where nobody was found."""
    found = regions(q, words, threshold)
    if masks == WHOLE:
        return resize(found.float(), size)
    heat, largest = together(q, words)
    each = torch.cat([people(region, heat[i], largest) for i, region in enumerate(found)])
    return resize(each, size) if len(each) else torch.zeros(1, *size)


def overlays(q: Quantised, words: list[str], threshold: float, latent: dict, image, people=()) -> torch.Tensor:
    """[images,H,W,3]: the chosen words' map over each picture, its region outlined, or the people; the pictures alone for no
    word."""
    heat, largest = together(q, words)
    found, drawn = regions(q, words, threshold), []
    for i, region in enumerate(found):
        picture = enlarge(image[i] if image is not None else torch.zeros(*pixel_size(latent, None), 3))[0]
        if words:
            picture = overlay(picture, torch.from_numpy(heat[i] / largest).float(), 0.6 if image is not None else 1.0)
            if not people:
                outline(picture, region, (255, 255, 255))
        mark_people(picture, people[i] if people else ())
        drawn.append(picture)
    return to_tensor(drawn)


def keep(data: bytes) -> dict[str, str]:
    """Write what the page reads among the host's temporary files, named by what it holds; as the host's own views name it."""
    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    name = f"fair_maps_{hashlib.sha256(data).hexdigest()[:24]}.bin"
    (folder / name).write_bytes(data)
    return {"filename": name, "subfolder": "", "type": "temp"}


NODES = [FairExploreMaps]
