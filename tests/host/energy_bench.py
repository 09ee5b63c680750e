"""Runs under energy guidance on the tiny model, shared by its host tests."""

from unittest.mock import patch

import torch

from fair_attention.tests.host.conditions import Bench

ATTRIBUTION = "a photo of the face of a doctor and gender"
STRONG = 10.0


def smooth(maps: torch.Tensor) -> torch.Tensor:
    """A soft mask without a threshold that gradients leave out, so that finite differences see the same function."""
    low, high = maps.amin((-2, -1), keepdim=True), maps.amax((-2, -1), keepdim=True)
    return torch.sigmoid(((maps - low) / (high - low) - 0.5) / 0.2)


class EnergyBench(Bench):
    """positive: a prompt without any concept word. plain: its picture of seed 3, three steps."""

    def __init__(self, host, checkpoint):
        super().__init__(host, checkpoint)
        with torch.inference_mode():
            self.positive = self.encode("two people in a garden")
            self.plain = self.sample(self.model, self.positive, steps=3)

    def guide(self, model=None, text=ATTRIBUTION, pairs="gender ~ doctor", **kw):
        """(patched model, attention): guidance through the whole run by an energy that never stops pushing."""
        kw = {"strength": STRONG, "end_percent": 1.0, "preset": "smooth", "branch": "conditional", "every": 1, **kw}
        kw = {"blocks": "quarter resolution and below", "longest_gradient": 0.0, **kw}
        energy = self.host.pack.guidance.energy.energy
        own = {"smooth": energy.EnergyPreset(smooth, energy.clip, stop_at_chance=False, branch="conditional")}
        with patch.dict(energy.PRESETS, own):  # known while the node executes, and to nobody after it
            return self.node["FairSoftIoUGuidance"].execute(model or self.model, self.clip, text, pairs, **kw).result

    def terms(self, pairs="gender ~ doctor"):
        """The energy of the node's own words and of all its blocks, with the smooth mask."""
        with torch.inference_mode():
            energy, energy_pass = self.host.pack.nodes.soft_iou, self.host.pack.nodes.energy.separate_pass
            words, columns = energy.read_pairs(self.clip, ATTRIBUTION, pairs)
            blocks = energy.energy_blocks(self.model, energy.ALL)
            context = energy.own_context(self.clip, ATTRIBUTION)
            return energy_pass.EnergyTerms(words, columns, context, blocks, smooth, False)

    def at_first_prediction(self, look):
        """Sample one step and call look(guider, x, sigma, options, denoised) inside it, where our own wrapper is called."""
        seen = []

        def predict(executor, x, timestep, model_options=None, seed=None):
            denoised = executor(x, timestep, model_options, seed)
            seen.append(look(executor.class_obj, x, timestep, model_options, denoised))
            return denoised

        model = self.model.clone()
        model.add_wrapper_with_key(self.host.comfy.patcher_extension.WrappersMP.PREDICT_NOISE, "test", predict)
        self.sample(model, self.positive, steps=1)
        return seen[0]


def overlaps(attention) -> torch.Tensor:
    """[predictions,images] of the first pair."""
    return torch.stack([s.overlap[0] for s in attention.runs[-1].energy])
