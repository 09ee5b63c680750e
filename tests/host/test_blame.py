"""An error of this pack inside a sampling names its node in the first words; what others raise stays as it is."""

import sys

import pytest
from comfy.patcher_extension import WrappersMP

from .graphs import node, stock_graph


def of_pack(host, name: str):
    return sys.modules[f"{host.pack.__name__}.{name}"]


@pytest.fixture
def graph(tiny_name):
    """Fair Inference, energy guidance behind it, and a capture behind both."""
    words = "a doctor and a pilot"
    nodes = stock_graph(tiny_name, steps=4, pixels=64)
    nodes["2"] = node("FairLinguisticAlignment", clip=["1", 1], prompt=words)
    nodes["10"] = node(
        "FairTargetDistribution", preset="gender", attributes="female 1\nmale 1", assignment="running quota", seed=0
    )
    nodes["11"] = node("FairBlockVoting", tokens=["2", 0], weights="uniform", tau=0.4, rho=0.5, individuals="separate")
    nodes["12"] = node(
        "FairInference",
        model=["1", 0],
        clip=["1", 1],
        target=["10", 0],
        regions=["11", 0],
        strength=3.0,
        start_percent=0.3,
        end_percent=0.9,
    )
    nodes["13"] = node(
        "FairSoftIoUGuidance",
        model=["12", 0],
        clip=["1", 1],
        attribution_prompt=words,
        concept_pairs="doctor ~ pilot",
        strength=1.0,
        start_percent=0.0,
        end_percent=1.0,
    )
    nodes["14"] = node("FairAttentionCapture", model=["13", 0], clip=["1", 1], prompt=words, words="doctor")
    nodes["5"]["inputs"].update(model=["14", 0], positive=["2", 1])
    return nodes


@pytest.mark.parametrize(
    ("place", "title"),
    [
        (("guidance.recorder", "Recorder", "take"), ("Fair Inference", "Capture Cross-Attention")),  # of either
        (("nodes.fair.run", "FairRun", "predict"), ("Fair Inference",)),
        (("guidance.fair.cast", "Cast", "__init__"), ("Fair Inference",)),
        (("nodes.energy.separate_pass", "EnergyPass", "__init__"), ("SoftIoU Energy Guidance",)),
        (("nodes.energy.run", "EnergyRun", "finish"), ("SoftIoU Energy Guidance",)),
        (("nodes.sampling.session", "Session", "finish"), ("Fair Inference", "Capture Cross-Attention")),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else None,
)
def test_a_failure_of_ours_names_its_node_first_and_once(host, run_prompt, graph, monkeypatch, place, title):
    room, owner, method = place
    monkeypatch.setattr(
        getattr(of_pack(host, room), owner), method, None
    )  # the code that calls it fails, which is the pack's
    (error,) = run_prompt(graph).errors
    kind, _, message = error.partition(": ")
    assert kind == "KSampler" and message.startswith(
        tuple(f"{t}, while sampling: TypeError: 'NoneType' object is not callable" for t in title)
    )
    assert message.count("while sampling") == 1 and "This node has failed, not the sampler." in message


def test_what_fair_diffusion_shares_with_fair_inference_fails_for_fair_diffusion(bench, host, setting, monkeypatch):
    model, _ = bench.node["FairDiffusion"].execute(bench.model, bench.clip, bench.target()).result
    monkeypatch.setattr(of_pack(host, "nodes.fair.run"), "appended", None)
    with pytest.raises(RuntimeError, match=r"^Fair Diffusion \(SEGA\), while sampling: TypeError"):
        bench.sample(model, setting.positive)


def test_of_two_captures_the_one_at_work_is_named(bench, host, setting, monkeypatch):
    """The hook of the outer one fails inside the forward of the inner one."""
    fair, _ = bench.fair(bench.target(), regions=setting.regions)
    model, _ = bench.node["FairAttentionCapture"].execute(fair, bench.clip, setting.tokens).result
    recorder = of_pack(host, "guidance.recorder").Recorder
    take = recorder.take

    def only_the_capture(self, *args):
        if self.watch.end_percent == 1:
            self.areas = None
        return take(self, *args)

    monkeypatch.setattr(recorder, "take", only_the_capture)
    with pytest.raises(RuntimeError, match="^Capture Cross-Attention, while sampling: AttributeError"):
        bench.sample(model, setting.positive)


def test_a_failure_is_told_to_the_report_too(bench, host, setting, monkeypatch):
    model, attention = bench.node["FairAttentionCapture"].execute(bench.model, bench.clip, setting.tokens).result
    monkeypatch.setattr(of_pack(host, "guidance.recorder").Recorder, "take", None)
    with pytest.raises(RuntimeError):
        bench.sample(model, setting.positive)
    assert attention.refused[-1].startswith("Capture Cross-Attention, while sampling: TypeError")


@pytest.mark.parametrize(
    "error", [ValueError("of another pack"), KeyError("x"), KeyboardInterrupt(), MemoryError("too large")]
)
def test_errors_of_others_stay_as_they_are(bench, setting, error):
    model, _ = bench.node["FairAttentionCapture"].execute(bench.model, bench.clip, setting.tokens).result

    def refuse(executor, *args, **kwargs):
        raise error

    model = model.clone()
    model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "another pack", refuse)
    with pytest.raises(type(error)) as raised:
        bench.sample(model, setting.positive)
    assert raised.value is error


def test_the_titles_that_errors_begin_with_are_those_of_nodes(host):
    titles = {
        cls.GET_SCHEMA().display_name for cls in host.nodes.NODE_CLASS_MAPPINGS.values() if hasattr(cls, "GET_SCHEMA")
    }
    assert {*of_pack(host, "nodes.sampling.blame").TITLES} <= titles
