"""Sampling the pictures of the benchmark of entanglement, with the concepts recorded on the way."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..emoji_world.reader import EmojiReader
from ..metrics.entanglement import PERCENTILE, mean_iou
from ..metrics.readers import Reading
from .emoji import IN_FULL, batches, fair_inference
from .entanglement_page import LAMBDA

# BiasMap's own attribution prompt, with a second concept and a control word. It matters: in "a photo of two doctors and
# gender and skin tone" the concepts begin near chance, where pulling apart means little, in this one well above.
ATTRIBUTION = "a photo of the face of a {} and {} next to {}"
CONCEPTS, CONTROL = ("gender", "skin tone"), "flowers"


@dataclass(frozen=True)
class Method:
    """energy: inputs of SoftIoU Energy Guidance other than its defaults and LAMBDA, fair: of Fair Inference; None: without
    it. part: of the seeds."""

    energy: Mapping[str, Any] | None = None
    fair: Mapping[str, Any] | None = None
    part: float = 1.0


@dataclass(frozen=True)
class Prompt:
    """One occupation: what is sampled, and the text and pairs its concepts are read by."""

    occupation: str
    text: str

    @property
    def attribution(self) -> str:
        return ATTRIBUTION.format(self.occupation, " and ".join(CONCEPTS), CONTROL)

    @property
    def pairs(self) -> str:
        return ", ".join(f"{concept} ~ {self.occupation}" for concept in CONCEPTS)


@dataclass
class Drawn:
    """All pictures of one method. ious: pair -> [pictures]; blocks: pair -> block -> [pictures]; control [pictures]."""

    pictures: Tensor
    people: dict[str, list[list[Reading]]]
    ious: dict[str, Tensor]
    blocks: dict[str, dict[str, Tensor]]
    control: Tensor
    outcomes: Counter[str]

    def first(self, seeds: int) -> "Drawn":
        """The same of the first seeds of each prompt."""
        of = len(self.pictures) // len(self.people)
        kept = [i for i in range(len(self.pictures)) if i % of < seeds]
        return Drawn(
            self.pictures[kept],
            {text: read[:seeds] for text, read in self.people.items()},
            {pair: values[kept] for pair, values in self.ious.items()},
            {pair: {block: v[kept] for block, v in by.items()} for pair, by in self.blocks.items()},
            self.control[kept],
            self.outcomes,
        )


def patched(emoji, method: Method, prompt: Prompt) -> tuple[Any, list | None, Any]:
    """(model, positive, what energy guidance did or None)"""
    from ..nodes.soft_iou import FairSoftIoUGuidance

    model, positive, seen = emoji.model, None, None
    if method.fair is not None:
        model, positive, _ = fair_inference(emoji, prompt.text, CONCEPTS, **{**IN_FULL, **method.fair})
    if method.energy is not None:
        inputs = {"strength": float(LAMBDA), **method.energy}
        guided = FairSoftIoUGuidance.execute(model, emoji.clip, prompt.attribution, prompt.pairs, **inputs)
        model, seen = guided.result
    return model, positive, seen


def run(emoji, reader: EmojiReader, method: Method, prompts: list[Prompt], seeds: int, steps: int) -> Drawn:
    """Sample all prompts, recording the concepts on the way."""
    from ..metrics.measure_entanglement import measure
    from ..nodes.capture import FairAttentionCapture

    pictures, people, control, outcomes = [], {}, [], Counter()
    ious: dict[str, list[Tensor]] = {concept: [] for concept in CONCEPTS}
    blocks: dict[str, dict[str, list[Tensor]]] = {concept: {} for concept in CONCEPTS}
    for prompt in prompts:
        model, positive, seen = patched(emoji, method, prompt)
        words = ", ".join((*CONCEPTS, prompt.occupation, CONTROL))
        model, capture = FairAttentionCapture.execute(
            model, emoji.clip, attribution_prompt=prompt.attribution, words=words
        ).result
        drawn = []
        for batch in batches(emoji, prompt.text, seeds, steps, model, positive):
            drawn.append(batch)
            for concept in CONCEPTS:
                found = measure(capture.runs[-1].store, [concept, prompt.occupation, CONTROL], PERCENTILE, None)
                ious[concept].append(found.ious)
                for block, values in found.by_block.items():
                    blocks[concept].setdefault(str(block), []).append(values)
            control.append(found.control[1])
            outcomes.update(o for step in (seen.runs[-1].energy if seen else ()) for o in step.outcome)
        pictures += drawn
        people[prompt.text] = reader.read(torch.cat(drawn))
        print(
            f"  {prompt.text}: IoU {', '.join(f'{mean_iou(torch.cat(v)):.3f}' for v in ious.values())} so far",
            flush=True,
        )
    together = {pair: {block: torch.cat(v) for block, v in by.items()} for pair, by in blocks.items()}
    each = {pair: torch.cat(v) for pair, v in ious.items()}
    return Drawn(torch.cat(pictures), people, each, together, torch.cat(control), outcomes)
