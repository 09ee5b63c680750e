"""The host's cache: what is queued again does not run again, and what reads a sampling runs exactly when that ran.

FAIR_ATTENTION is one object that fills while a sampler runs, so the cache alone would not know that it has changed: the
nodes that read it take the sampled latent too.
"""

import pytest
import torch

from fair_attention.tests.host.graphs import node

SAMPLER, DECODE, READERS = "10", "11", {"12", "13", "14", "15", "16", "17"}
CONCEPTS = "a photo of a doctor and gender"


def chain(checkpoint: str, seed: int = 7) -> dict[str, dict]:
    """Everything of ours around one KSampler: two captures, Fair Inference, energy guidance, all that reads them."""
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=checkpoint),
        "2": node("FairLinguisticAlignment", clip=["1", 1], prompt="a photo of two doctors"),
        "3": node("CLIPTextEncode", clip=["1", 1], text=""),
        "4": node("FairBlockVoting", tokens=["2", 0], weights="uniform", tau=0.4, rho=0.5, individuals="separate"),
        "5": node("FairTargetDistribution", preset="gender", attributes="", assignment="indexed quota", seed=0),
        "6": node("FairInference", model=["1", 0], clip=["1", 1], target=["5", 0], regions=["4", 0], strength=3.0,
                  start_percent=0.2, end_percent=0.9),
        "7": node("FairSoftIoUGuidance", model=["6", 0], clip=["1", 1], attribution_prompt=CONCEPTS,
                  concept_pairs="gender ~ doctor", strength=10.0, start_percent=0.0, end_percent=0.5),
        "8": node("FairAttentionCapture", model=["7", 0], clip=["1", 1], tokens=["2", 0]),
        "9": node("FairAttentionCapture", model=["8", 0], clip=["1", 1], attribution_prompt=CONCEPTS,
                  words="gender, doctor"),
        "18": node("EmptyLatentImage", width=64, height=64, batch_size=2),
        SAMPLER: node("KSampler", model=["9", 0], positive=["2", 1], negative=["3", 0], latent_image=["18", 0],
                      seed=seed, steps=3, cfg=5.0, sampler_name="euler", scheduler="normal", denoise=1.0),
        DECODE: node("VAEDecode", samples=[SAMPLER, 0], vae=["1", 2]),
        "12": node("FairReport", attention=["6", 1], latent=[SAMPLER, 0], image=[DECODE, 0]),
        "13": node("FairReport", attention=["7", 1], latent=[SAMPLER, 0]),
        "14": node("FairAttentionHeatmaps", attention=["8", 1], latent=[SAMPLER, 0], image=[DECODE, 0], opacity=0.6),
        "15": node("FairLocateRegions", attention=["8", 1], latent=[SAMPLER, 0], regions=["4", 0]),
        "16": node("FairConceptEntanglement", attention=["9", 1], latent=[SAMPLER, 0], demographic="gender",
                   semantic="doctor"),
        "17": node("FairAttentionSave", attention=["8", 1], latent=[SAMPLER, 0], filename_prefix="maps"),
    }  # fmt: skip


def maps(run) -> torch.Tensor:
    """The masks of the heat maps."""
    return run.values["14"][1][0]


@pytest.fixture
def queue(run_prompt):
    def queued(prompt: dict):
        run = run_prompt(prompt)
        assert run.errors == []
        return run

    return queued


def test_only_what_must_runs_again(queue, tiny_name):
    prompt = chain(tiny_name)
    first = queue(prompt)
    assert set(first.executed) == set(prompt)
    assert queue(chain(tiny_name)).executed == ()  # the same again

    other = queue(chain(tiny_name, seed=8))
    assert set(other.executed) == {SAMPLER, DECODE, *READERS}
    assert not torch.equal(maps(other), maps(first))
    again = queue(prompt)
    assert set(again.executed) == {SAMPLER, DECODE, *READERS} and torch.equal(maps(again), maps(first))

    prompt["14"]["inputs"]["opacity"] = 0.3  # reads what was recorded a queue ago
    paler = queue(prompt)
    assert paler.executed == ("14",) and torch.equal(maps(paler), maps(first))

    prompt["7"]["inputs"]["strength"] = 20.0
    assert set(queue(prompt).executed) == {"7", "8", "9", SAMPLER, DECODE, *READERS}


def test_a_node_added_later_reads_the_run_that_is_cached(queue, tiny_name):
    prompt = chain(tiny_name)
    late = {name: prompt.pop(name) for name in READERS}
    prompt["19"] = node("PreviewImage", images=[DECODE, 0])
    assert set(queue(prompt).executed) == set(prompt)
    assert set(queue({**prompt, **late}).executed) == READERS
