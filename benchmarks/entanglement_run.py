"""Sampling the pictures of the benchmark of entanglement, with the concepts recorded on the way."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..emoji_world.reader import EmojiReader
from ..metrics.entanglement import PERCENTILE, mean_iou
from ..metrics.readers import Reading
from .emoji import batches, fair_inference

# What each concept is read by. In the emoji world the words "gender" and "skin tone" themselves begin near or below
# chance, where pulling apart means nothing (the page says by how much); the biased attributes' own words do not.
CONCEPTS, CONTROL = {"gender": "male", "skin tone": "light"}, "flowers"
LITERAL = {concept: concept for concept in CONCEPTS}


@dataclass(frozen=True)
class Method:
    """energy: inputs of SoftIoU Energy Guidance other than the defaults; None: without it. fair: with Fair Inference."""

    energy: Mapping[str, Any] | None = None
    fair: bool = False


@dataclass(frozen=True)
class Prompt:
    """One occupation: what is sampled, and the words its concepts are read by."""

    occupation: str
    text: str
    words: Mapping[str, str] = field(default_factory=lambda: CONCEPTS)

    @property
    def noun(self) -> str:
        return self.text.split()[-1]

    @property
    def attribution(self) -> str:
        return f"{self.text} and {' and '.join(self.words.values())} next to {CONTROL}"

    @property
    def pairs(self) -> str:
        return ", ".join(f"{word} ~ {self.noun}" for word in self.words.values())


@dataclass
class Drawn:
    """All pictures of one method. ious: pair -> [pictures]; blocks: pair -> block -> [pictures]; control [pictures]."""

    pictures: Tensor
    people: dict[str, list[list[Reading]]]
    ious: dict[str, Tensor]
    blocks: dict[str, dict[str, Tensor]]
    control: Tensor
    outcomes: Counter[str]


def patched(emoji, method: Method, prompt: Prompt) -> tuple[Any, list | None, Any]:
    """(model, positive, what energy guidance did or None)"""
    from ..nodes.energy import FairSoftIoUGuidance

    model, positive, seen = emoji.model, None, None
    if method.fair:
        model, positive = fair_inference(emoji, prompt.text, tuple(CONCEPTS))
    if method.energy is not None:
        guided = FairSoftIoUGuidance.execute(model, emoji.clip, prompt.attribution, prompt.pairs, **method.energy)
        model, seen = guided.result
    return model, positive, seen


def run(emoji, reader: EmojiReader, method: Method, prompts: list[Prompt], seeds: int, steps: int) -> Drawn:
    """Sample all prompts, recording the concepts on the way."""
    from ..nodes.capture import FairAttentionCapture
    from ..nodes.entanglement import measure

    pictures, people, control, outcomes = [], {}, [], Counter()
    ious: dict[str, list[Tensor]] = {concept: [] for concept in CONCEPTS}
    blocks: dict[str, dict[str, list[Tensor]]] = {concept: {} for concept in CONCEPTS}
    for prompt in prompts:
        model, positive, seen = patched(emoji, method, prompt)
        words = ", ".join((*prompt.words.values(), prompt.noun, CONTROL))
        model, capture = FairAttentionCapture.execute(
            model, emoji.clip, attribution_prompt=prompt.attribution, words=words
        ).result
        drawn = []
        for batch in batches(emoji, prompt.text, seeds, steps, model, positive):
            drawn.append(batch)
            for concept, word in prompt.words.items():
                found = measure(capture.runs[-1].store, [word, prompt.noun, CONTROL], PERCENTILE, None)
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
