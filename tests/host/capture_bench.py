"""Recorded runs on the tiny model against the oracle, shared by the host tests of capture."""

import torch

from fair_attention.tests.host.conditions import Bench
from fair_attention.tests.host.oracle import TOLERANCE, Expectation, Oracle, expected_maps, largest_difference

PROMPT = "three doctors next to flowers and doctors"
WORDS = "doctors, flowers, doctors#2"


class CaptureBench(Bench):
    def record(self, model=None, prompt=PROMPT, words=WORDS, **kw):
        """(patched model, attention)"""
        node = self.node["FairAttentionCapture"]
        return node.execute(model or self.model, self.clip, None, prompt, words, **kw).result

    def check(self, sample, model=None, want=None, **kw):
        """Sample plain and captured: same latent, and maps equal to the oracle's. sample: model -> latent. Gives the run."""
        patched, attention = self.record(model, **kw)
        plain = sample(model or self.model)
        with Oracle(self.model.model.diffusion_model) as oracle:
            assert torch.equal(sample(patched), plain)
        run = attention.runs[-1]
        agrees(run, attention.watch, oracle, want or Expectation(text=attention.watch.context))
        return run

    def negated(self, text, model, positive):
        """Sample two steps with this negative prompt."""
        latent = {"samples": torch.zeros(1, 4, 8, 8)}
        args = (model, 3, 2, 5.0, "euler", "normal", positive, self.encode(text), latent)
        return self.host.nodes.common_ksampler(*args)[0]["samples"]

    def overlays(self, attention, latent, **kw):
        """(pictures, maps) of the heat maps node."""
        return self.node["FairAttentionHeatmaps"].execute(attention, {"samples": latent}, **kw).result


def agrees(run, watch, oracle, want):
    words = [w.positions for w in watch.words]
    expected = expected_maps(oracle, words, run.store.latent_size, want)
    assert largest_difference(run.store, expected) < TOLERANCE
    assert len(expected) >= 11 and run.notes == []
