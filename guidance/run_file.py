"""A sampling run as tensors and texts, and back: what a file of saved maps holds (its layout is version 2; 1 is read too)."""

import json
from dataclasses import asdict
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..attention.capture import MapStore, WordQuery
from ..attention.kept_queries import queries_from_tensors, queries_to_tensors
from ..attention.records import Watch
from ..attention.trace import Block
from .fair.steering import Steered
from .fair.target import Attribute, TargetDistribution
from .run_record import CELL, Person, Recording, SampledRun, Status, sentence

FORMAT, VERSION = "fair-attention maps", "2"
LATENT, UNEDITED, PEOPLE = "latent", "unedited", "people"


def to_tensors(run: SampledRun, watch: Watch, with_queries: bool = False) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A run as a file holds it: each block's mean maps [images, words, h, w], the latent they belong to, and who is where.

    What is no tensor is metadata, JSON by name. with_queries: also the queries it has kept, to ask for other words.
    """
    assert run.result is not None, "a run is found by its latent"
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
        "guided": run.guided,
        "settings": run.settings,
        "cell": run.cell,
        "named": run.named,
        "whole": run.whole,
        "seed": run.seed,
        "numbers": run.numbers,
    }
    if with_queries and run.queries is not None:
        kept, facts["queries"] = queries_to_tensors(run.queries)
        tensors |= kept
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
    more = {name: facts.get(name, "") for name in ("tally", "why_plain", "guided", "settings")}  # absent in older files
    more |= {
        "plain": tensors.get(UNEDITED),
        "target": _target(facts.get("target")),
        "named": tuple(map(tuple, facts.get("named", ()))),
        "whole": facts.get("whole", False),
        "seed": facts.get("seed"),
        "cell": facts.get("cell", CELL),
        "number_images": partial(tuple, facts.get("numbers", ())),
        "queries": queries_from_tensors(tensors, facts["queries"]) if "queries" in facts else None,
    }
    run = SampledRun(store, set(facts["steps"]), facts["notes"], tensors[LATENT], people, **more)
    return Recording(watch, [run])


def _facts_of(person: Person) -> dict:
    """All of a person but the mask, which is a tensor."""
    facts = {k: v for k, v in vars(person).items() if k != "mask"}
    return {**facts, "status": person.status.value, "steered": [vars(s) for s in person.steered]}


def _with_tuples(facts: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()}


def _person(mask: Tensor, facts: dict) -> Person:
    steered = [Steered(**_with_tuples(s)) for s in facts.get("steered", ())]
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

    return TargetDistribution(**{**facts, "attributes": tuple(map(attribute, facts["attributes"]))}) if facts else None
