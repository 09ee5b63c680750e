"""Save and Load Attention Maps: what a sampling run recorded, as a .safetensors file that can be read again later."""

import json
import os
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import folder_paths
import torch
from comfy_api.latest import io, ui
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from ..attention.capture import MapStore, WordQuery
from ..attention.records import Watch
from ..attention.trace import Block
from ..guidance.fair.steering import Steered
from ..guidance.fair.target import Attribute, TargetDistribution
from ..guidance.find_run import run_of
from ..guidance.run_record import Person, Recording, SampledRun, Status, sentence
from .types import ATTENTION, Attention, schema

SAVE, LOAD = "Save Attention Maps", "Load Attention Maps"
FORMAT, VERSION, READ = "fair-attention maps", "2", ("1", "2")
LATENT, UNEDITED, PEOPLE = "latent", "unedited", "people"


def to_tensors(run: SampledRun, watch: Watch) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A run as a file holds it: each block's mean maps [images, words, h, w], the latent they belong to, and who is where.

    What is no tensor is metadata, JSON by name.
    """
    people = [[_facts_of(p) for p in found] for found in run.people]
    tensors = {str(block): run.store.mean(block).cpu().contiguous() for block in run.store.blocks}
    tensors[LATENT] = run.result.contiguous()
    if run.plain is not None:
        tensors[UNEDITED] = run.plain.contiguous()
    if any(people):
        tensors[PEOPLE] = torch.stack([p.mask for found in run.people for p in found])
    facts = {
        "words": [[label, list(w.positions)] for label, w in zip(run.store.labels, watch.words, strict=True)],
        "blocks": [str(block) for block in run.store.blocks],
        "images": run.store.images,
        "latent_size": run.store.latent_size,
        "window": [watch.start_percent, watch.end_percent],
        "steps": sorted(run.steps),
        "heads": watch.heads,
        "branch": watch.branch,
        "notes": run.notes + (["the curve of the energy was not saved"] if run.energy else []),
        "people": people,
        "tally": run.tally,
        "target": None if run.target is None else asdict(run.target),
        "why_plain": run.why_plain,
        "named": run.named,
        "whole": run.whole,
    }
    return tensors, {"format": FORMAT, "version": VERSION, **{k: json.dumps(v) for k, v in facts.items()}}


def from_tensors(tensors: dict[str, Tensor], metadata: dict[str, str]) -> Recording:
    facts = {k: json.loads(v) for k, v in metadata.items() if k not in ("format", "version")}
    person = _person if metadata["version"] != "1" else _person_of_version_1
    words = tuple(WordQuery(label, tuple(positions)) for label, positions in facts["words"])
    heads = None if facts["heads"] is None else tuple(facts["heads"])
    watch = Watch(
        words, start_percent=facts["window"][0], end_percent=facts["window"][1], branch=facts["branch"], heads=heads
    )
    store = MapStore(watch.labels, facts["images"], tuple(facts["latent_size"]))
    for name in facts["blocks"]:
        store.sums[Block.parse(name)] = tensors[name]
        store.counts[Block.parse(name)] = torch.ones(1, 1)
    masks = iter(tensors.get(PEOPLE, ()))
    people = [[person(next(masks), p) for p in found] for found in facts["people"]]
    more = {name: facts.get(name, "") for name in ("tally", "why_plain")}  # absent in older files
    more |= {
        "plain": tensors.get(UNEDITED),
        "target": _target(facts.get("target")),
        "named": tuple(map(tuple, facts.get("named", ()))),
        "whole": facts.get("whole", False),
    }
    run = SampledRun(store, set(facts["steps"]), facts["notes"], tensors[LATENT], people, **more)
    return Recording(watch, [run])


def _facts_of(person: Person) -> dict:
    """All of a person but the mask, which is a tensor."""
    facts = {k: v for k, v in vars(person).items() if k != "mask"}
    return {**facts, "status": person.status.value, "steered": [vars(s) for s in person.steered]}


def _person(mask: Tensor, facts: dict) -> Person:
    steered = [
        Steered(**{k: tuple(v) if isinstance(v, list) else v for k, v in s.items()}) for s in facts.get("steered", ())
    ]
    return Person(mask=mask, **{**facts, "status": Status(facts["status"]), "steered": steered})


def _person_of_version_1(mask: Tensor, facts: dict) -> Person:
    """The status was a sentence then, `why`: "female, by indexed quota, seed 0", "female, as in the sampling before", "left
    alone, the prompt says female", "left as drawn" or nothing."""
    why, given = facts.pop("why"), facts["attribute"] is not None
    first, _, rest = why.partition(", ")
    kept = rest == sentence(Status.KEPT, "", "").removeprefix(", ")
    status = (Status.KEPT if kept else Status.ASSIGNED) if given else Status.STATED if rest else Status.OPEN
    reason = "" if kept else rest or why
    return _person(mask, {**facts, "status": status.value, "name": first if given else "", "reason": reason})


def _target(facts: dict | None) -> TargetDistribution | None:
    def attribute(a: dict) -> Attribute:
        values = tuple((axis, value) for axis, value in a["axis_values"])
        return Attribute(**{**a, "axis_values": values, "parts": tuple(map(attribute, a["parts"]))})

    return facts and TargetDistribution(**{**facts, "attributes": tuple(map(attribute, facts["attributes"]))})


def read(path: str) -> Recording:
    """The capture in a file. ValueError, with what to do, if it is of another layout."""
    name = Path(path).name
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()} if metadata.get("format") == FORMAT else {}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{LOAD}, file: {name} is no .safetensors file ({error})") from None
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{LOAD}, file: {name} holds no attention maps; choose a file that {SAVE} wrote")
    if metadata.get("version") not in READ:
        raise ValueError(
            f"{LOAD}, file: {name} is of version {metadata.get('version')} of the format, and this pack reads versions "
            f"{' and '.join(READ)}; update the pack, or record the maps anew"
        )
    try:
        return from_tensors(tensors, metadata)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{LOAD}, file: {name} is incomplete ({error!r}); record the maps anew") from None


def kept_files() -> list[str]:
    """Files with maps as the host names them: of the output folder, the newest first, then those lying in the input folder."""
    output, given = (Path(f()) for f in (folder_paths.get_output_directory, folder_paths.get_input_directory))
    found = [(f.stat().st_mtime, f) for f in output.rglob("*.safetensors") if holds_maps(f)]
    made = [f"{f.relative_to(output).as_posix()} [output]" for _, f in sorted(found, reverse=True)]
    return made + sorted(f.name for f in given.glob("*.safetensors") if holds_maps(f))


def holds_maps(file: Path) -> bool:
    """Whether a file is one of ours, of whatever version; a look at its header."""
    return _holds_maps(file, file.stat().st_mtime)


@lru_cache(4096)
def _holds_maps(file: Path, changed: float) -> bool:
    try:
        with safe_open(str(file), framework="pt") as opened:
            return (opened.metadata() or {}).get("format") == FORMAT
    except (SafetensorError, OSError):
        return False


class FairAttentionSave(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairAttentionSave",
            display_name="Save Attention Maps",
            category=ATTENTION,
            search_aliases=["export", "safetensors", "heat maps", "attention map"],
            description="Writes the recorded maps, the latent they belong to and the people found into a .safetensors file "
            "in the output folder.",
            inputs=[
                Attention.Input("attention", tooltip="From a capture node or Fair Inference."),
                io.Latent.Input("latent", tooltip="The latent sampled with it."),
                io.String.Input("filename_prefix", default="attention/FairAttention", tooltip="Folder and beginning of the file's name."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, attention, latent, filename_prefix="attention/FairAttention") -> io.NodeOutput:
        tensors, metadata = to_tensors(run_of(attention, latent, SAVE), attention.watch)
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory()
        )
        file = f"{name}_{counter:05}_.safetensors"
        Path(folder, file).write_bytes(to_bytes(tensors, metadata))  # safetensors' own files are for their owner alone
        size = sum(t.numel() * t.element_size() for t in tensors.values())
        return io.NodeOutput(ui=ui.PreviewText(f"{os.path.join(subfolder, file)}: {size / 1024:.0f} KiB"))


class FairAttentionLoad(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairAttentionLoad",
            display_name="Load Attention Maps",
            category=ATTENTION,
            search_aliases=["import", "safetensors", "heat maps", "attention map"],
            description="Reads maps that Save Attention Maps wrote, and the latent they belong to: nothing is sampled again.",
            inputs=[
                io.Combo.Input("file", options=kept_files(), tooltip="A file that was saved, the newest first (press R after saving "
                               "another), or one that lies in the input folder."),
            ],
            outputs=[
                Attention.Output(display_name="attention", tooltip="As it was saved."),
                io.Latent.Output(display_name="latent", tooltip="The latent it belongs to: connect it beside, or decode it."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, file) -> bool | str:
        if file is None:  # a wire will bring it
            return True
        where = "output" if file.endswith("[output]") else "input"
        return folder_paths.exists_annotated_filepath(file) or (
            f"{LOAD}, file: {file} is not in the {where} folder; choose another from the list (press R to read it anew)"
        )

    @classmethod
    def fingerprint_inputs(cls, file) -> float:
        if file is None:  # what a wire brings is not known yet, and read every time
            return float("nan")
        return os.path.getmtime(folder_paths.get_annotated_filepath(file))

    @classmethod
    def execute(cls, file) -> io.NodeOutput:
        capture = read(folder_paths.get_annotated_filepath(file))
        return io.NodeOutput(capture, {"samples": capture.runs[-1].result.clone()})


NODES = [FairAttentionSave, FairAttentionLoad]
