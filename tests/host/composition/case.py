"""What a row of the table is: something else in the graph, where it stands, and what is to come of it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

STEPS, PIXELS, SEED = 3, 64, 3
BEFORE, AFTER, BESIDE = (
    "before",
    "after",
    "beside",
)  # the other node stands before ours, after it, or not in the model's line
CAPTURE, FAIR, SOFTIOU = "Capture Cross-Attention", "Fair Inference", "SoftIoU Energy Guidance"
COLUMNS = (CAPTURE, FAIR, SOFTIOU)

RIGHT, REFUSED, UNDEFINED, BROKEN = "right", "refused", "undefined", "broken"


@dataclass(frozen=True)
class Verdict:
    """RIGHT: all promises hold. REFUSED: a message says what was not done, the rest holds. UNDEFINED: it runs and the
    latent is finite, no more is promised. BROKEN: known not to work yet. `why`: one sentence, for all but RIGHT."""

    kind: str = RIGHT
    why: str = ""


@dataclass(frozen=True)
class Case:
    """patch(bench, model) -> model, put before ours and after it; or sample(bench, model, positive) -> latent, a way to
    sample. model(bench): another model than the tiny one. around(): open while everything of this case runs. masks: Fair
    Inference is given them; otherwise it looks for the people in the attention.

    verdicts: column, or "column, place" -> verdict, where it is not RIGHT. visible: changes the picture by itself.
    lacking: why 0.3.75 does not have it.
    """

    name: str
    patch: Callable[[Any, Any], Any] | None = None
    sample: Callable[[Any, Any, list], Tensor] | None = None
    model: Callable[[Any], Any] | None = None
    around: Callable[[], AbstractContextManager] = nullcontext
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    visible: bool = True
    masks: bool = True
    lacking: str = ""

    @property
    def places(self) -> tuple[str, ...]:
        return (BEFORE, AFTER) if self.patch else (BESIDE,)

    def verdict(self, column: str, place: str) -> Verdict:
        return self.verdicts.get(f"{column}, {place}") or self.verdicts.get(column) or Verdict()

    def arranged(self, bench, place: str = BEFORE, ours: Callable[[Any], tuple] = lambda model: (model, None)) -> tuple:
        """(model to sample with, attention) with ours on the given side of the other node."""
        model = self.model(bench) if self.model else bench.model
        if self.patch and place != AFTER:
            model = self.patch(bench, model)
        model, attention = ours(model)
        return (self.patch(bench, model) if self.patch and place == AFTER else model), attention

    def sampled(self, bench, model, positive: list) -> Tensor:
        return (self.sample or plainly)(bench, model, positive)


def call(bench: SimpleNamespace, kind: str, **inputs) -> Any:
    """The first output of a core node, of either generation."""
    node = bench.node[kind]
    found = node.execute(**inputs) if hasattr(node, "define_schema") else getattr(node(), node.FUNCTION)(**inputs)
    return getattr(found, "result", found)[0]


def empty(pixels: int = PIXELS) -> dict:
    return {"samples": torch.zeros(1, 4, pixels // 8, pixels // 8)}


def plainly(
    bench, model, positive: list, negative: list | None = None, latent: dict | None = None, denoise=1.0
) -> Tensor:
    """As KSampler does."""
    args = (model, SEED, STEPS, 5.0, "euler", "normal", positive, negative or bench.negative, latent or empty())
    return bench.host.nodes.common_ksampler(*args, denoise=denoise)[0]["samples"]
