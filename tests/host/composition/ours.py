"""Our nodes beside another one: what is promised of each, checked, and what was said where it is not kept."""

from dataclasses import dataclass

import torch
from torch import Tensor

from fair_attention.tests.host.composition.case import CAPTURE, COLUMNS, FAIR, REFUSED, RIGHT, SOFTIOU, Case
from fair_attention.tests.host.conditions import halves

PROMPT = "a photo of two doctors in a garden"
EFFECT = 1e-3  # of the latent; another batch size rounds to 2e-4


@dataclass(frozen=True)
class Seen:
    kind: str
    message: str = ""


STRENGTH = {CAPTURE: 1.0, FAIR: 5.0, SOFTIOU: 100.0}


def node(bench, column: str, tokens, strength: float, masks: bool = True):
    """model -> (patched model, attention)"""
    if column == CAPTURE:
        return lambda model: bench.node["FairAttentionCapture"].execute(model, bench.clip, tokens).result
    if column == FAIR:
        return lambda model: bench.fair(
            bench.target(), model=model, regions=bench.regions(tokens), masks=halves() if masks else None,
            strength=strength, end_percent=1.0, every=1,
        )  # fmt: skip
    return lambda model: bench.node["FairSoftIoUGuidance"].execute(
        model, bench.clip, "a photo of a doctor and gender", "gender ~ doctor", strength=strength, end_percent=1.0,
        preset="paper", branch="conditional", longest_gradient=0.0,
    ).result  # fmt: skip


def chain(*columns: str):
    """patch(bench, model) -> model with these nodes of ours, in this order in the graph."""

    def patch(bench, model):
        tokens, _ = bench.align(PROMPT)
        for column in columns:
            model, _ = node(bench, column, tokens, STRENGTH[column])(model)
        return model

    return patch


def switched_off(bench, case: Case, place: str) -> Tensor:
    """The latent with both nodes that steer, at strength 0."""
    tokens, positive = bench.align(PROMPT)
    fair, guided = node(bench, FAIR, tokens, 0.0), node(bench, SOFTIOU, tokens, 0.0)
    model, _ = case.arranged(bench, place, lambda model: fair(guided(model)[0]))
    return case.sampled(bench, model, positive)


class Trial:
    """One case with one of our nodes at one place."""

    def __init__(self, bench, case: Case, column: str, place: str, plain: Tensor):
        assert column in COLUMNS
        self.bench, self.case, self.column, self.place, self.plain = bench, case, column, place, plain
        self.tokens, self.positive = bench.align(PROMPT)

    def sampled(self):
        ours = node(self.bench, self.column, self.tokens, STRENGTH[self.column], self.case.masks)
        model, attention = self.case.arranged(self.bench, self.place, ours)
        return self.case.sampled(self.bench, model, self.positive), attention

    def finite(self) -> None:
        latent, _ = self.sampled()
        assert latent.isfinite().all()

    def seen(self) -> Seen:
        """AssertionError where a promise is broken without a word."""
        try:
            latent, attention = self.sampled()
        except ValueError as error:
            assert str(error).startswith(self.column), f"not our own refusal: {error}"
            return Seen(REFUSED, str(error))
        assert latent.isfinite().all(), "the latent is not finite"
        notes = [text for run in attention.runs for text in run.notes]
        {CAPTURE: self.observed, FAIR: self.steered, SOFTIOU: self.guided}[self.column](latent, attention, notes)
        return Seen(REFUSED if notes else RIGHT, "; ".join(notes))

    def observed(self, latent: Tensor, attention, notes: list[str]) -> None:
        assert torch.equal(latent, self.plain), "observing changes the picture"
        for run in attention.runs:
            assert notes or len(run.store.blocks) == 16, "blocks are missing"
            maps = [run.store.mean(block) for block in run.store.blocks]
            assert all(m.isfinite().all() and m.min() >= 0 and 0 < m.max() <= 1 for m in maps), "maps are no shares"

    def steered(self, latent: Tensor, attention, notes: list[str]) -> None:
        people = attention.runs[-1].people
        assert people and sorted(p.attribute for p in people[0]) == [0, 1], "two people are to get both attributes"
        self.differs(latent)

    def guided(self, latent: Tensor, attention, notes: list[str]) -> None:
        if not notes:
            assert any("guided" in step.outcome for step in attention.runs[-1].energy), "no step was guided"
            self.differs(latent)

    def differs(self, latent: Tensor) -> None:
        assert (latent - self.plain).abs().max() > EFFECT, "it has no effect"
