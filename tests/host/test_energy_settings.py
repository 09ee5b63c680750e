"""SoftIoU Energy Guidance on the real host: presets, window, blocks, branch; what is refused and what reported."""

from types import SimpleNamespace

import pytest
import torch

from fair_attention.tests.host.energy_bench import ATTRIBUTION, EnergyBench

PRESET = "as the preset says"


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return EnergyBench(host, tiny_checkpoint)


def test_corrected_preset_pushes_above_chance_only(bench):
    kw = {"preset": "corrected", "branch": PRESET, "longest_gradient": 1.0, "strength": 1000.0}
    outcomes = []
    for pairs in ("gender ~ doctor", "photo ~ face"):
        model, attention = bench.guide(pairs=pairs, **kw)
        guided = bench.sample(model, bench.positive, steps=2, batch=2, pixels=128)
        plain = bench.sample(bench.model, bench.positive, steps=2, batch=2, pixels=128)
        pushed = {image for s in attention.runs[-1].energy for image, o in enumerate(s.outcome) if o == "guided"}
        # more than rounding: a guided step computes its rows in two calls
        assert all(((guided[i] - plain[i]).abs().max() > 2e-3) == (i in pushed) for i in range(2))
        for step in attention.runs[-1].energy:
            above = (step.overlap > step.chance)[0].tolist()
            assert step.outcome == tuple("guided" if a else "no gradient (at or below chance)" for a in above)
            outcomes += step.outcome
    assert len(set(outcomes)) == 2  # both were seen


def released(bench, **kw):
    """The steps guided of four, and the report's settings, with every other input as the node has it."""
    kw = {"branch": PRESET, "blocks": PRESET, "end_percent": 0.5, "strength": 100.0, "longest_gradient": 1.0, **kw}
    model, attention = bench.guide(**kw)
    samples = bench.sample(model, bench.positive, steps=4)
    text = bench.node["FairReport"].execute(attention, {"samples": samples}).result[0]
    return [s.step for s in attention.runs[-1].energy], text.splitlines()[1]


def test_paper_brings_the_released_window_blocks_and_branch(bench):
    steps, said = released(bench, preset="paper")
    assert steps == [0, 1, 2, 3]
    assert "preset paper, lambda 100, unconditional branch, all but the middle" in said
    assert (
        "0% to 100% of the sampling (as the preset says; window: start_percent to end_percent guides 0% to 50%)" in said
    )
    steps, said = released(bench, preset="paper", window="start_percent to end_percent")
    assert steps == [0, 1] and said.endswith("0% to 50% of the sampling")


@pytest.mark.parametrize("window", ["as the preset says", "start_percent to end_percent"])
def test_corrected_goes_by_the_percents(bench, window):
    steps, said = released(bench, preset="corrected", window=window)
    assert steps == [0, 1]
    assert (
        "preset corrected, lambda 100, conditional branch, all but the middle (BiasMap's 15 layers), 0% to 50%" in said
    )


def test_a_gradient_every_few_steps(bench):
    for kw, expected in (
        ({"every": 2, "end_percent": 0.6}, [0, 2]),
        ({"every": 3, "start_percent": 0.2}, [1, 4]),
        ({"every": 2, "preset": "paper"}, [0, 1, 2, 3, 4]),
        ({"every": 2, "preset": "paper", "window": "start_percent to end_percent"}, [0, 2, 4]),
    ):
        model, attention = bench.guide(**{"branch": PRESET, "preset": "corrected", **kw})
        samples = bench.sample(model, bench.positive, steps=5)
        assert [s.step for s in attention.runs[-1].energy] == expected
        text = bench.node["FairReport"].execute(attention, {"samples": samples}).result[0]
        assert (f"a gradient every {kw['every']} steps" in text) == (len(expected) < 5)


def test_defaults_of_the_node_take_a_gradient_every_second_step_of_six_tenths(bench):
    model, attention = bench.node["FairSoftIoUGuidance"].execute(
        bench.model, bench.clip, ATTRIBUTION, "gender ~ doctor"
    ).result  # fmt: skip
    bench.sample(model, bench.positive, steps=10)
    assert [s.step for s in attention.runs[-1].energy] == [0, 2, 4]


def test_window(bench):
    model, attention = bench.guide(start_percent=0.4, end_percent=1.0)
    bench.sample(model, bench.positive, steps=3)
    assert attention.runs[-1].energy and attention.runs[-1].energy[0].step > 0


def test_blocks_of_a_quarter_of_the_resolution_and_below(bench, host):
    energy = host.pack.nodes.soft_iou
    names = ("input.7", "input.8", "middle.0", "output.3", "output.4", "output.5")
    assert {str(b) for b in energy.energy_blocks(bench.model, energy.QUARTER)} == set(names)
    assert len(energy.energy_blocks(bench.model, energy.ALL)) == 15


def test_unconditional_branch_at_cfg_1_leaves_a_capture_alone(bench):
    """The pass runs the negative conditioning itself; who records the sampling does not see it."""
    model, attention = bench.guide(preset="paper", branch=PRESET)
    model, seen = bench.node["FairAttentionCapture"].execute(
        model, bench.clip, attribution_prompt=ATTRIBUTION, words="doctor", branch="unconditional"
    ).result  # fmt: skip
    assert bench.sample(model, bench.positive, cfg=1.0, steps=2).isfinite().all()
    assert len(attention.runs[-1].energy) == 2 and seen.runs[-1].store.blocks == []


def test_report_and_curve(bench):
    model, attention = bench.guide(pairs="gender ~ doctor\nface ~ doctor")
    latent = {"samples": bench.sample(model, bench.positive, steps=2, batch=2)}
    text, picture = bench.node["FairReport"].execute(attention, latent).result
    assert "gender ~ doctor: SoftIoU (chance level)" in text and "guided: 4 of 4 predictions of images" in text
    assert picture.shape[0] == 1 and picture.std() > 0.05


def test_refusals_name_node_input_and_remedy(bench, host):
    name = "SoftIoU Energy Guidance"
    with pytest.raises(ValueError, match=rf"{name}, concept_pairs: 'race' is not in the prompt.*attribution_prompt"):
        bench.guide(pairs="race ~ doctor")
    for pairs in ("gender doctor", "gender ~ ", "doctor ~ Doctor", "a ~ b ~ c"):
        with pytest.raises(ValueError, match=rf"{name}, concept_pairs: .* is no pair; write two different concepts"):
            bench.guide(pairs=pairs)
    with pytest.raises(ValueError, match=rf"{name}, concept_pairs: ' , ' holds no pair"):
        bench.guide(pairs=" , ")
    with pytest.raises(ValueError, match=rf"{name}, attribution_prompt: it is empty"):
        bench.guide(text=" ")
    with pytest.raises(ValueError, match=rf"{name}: end_percent 0.2 must lie after start_percent 0.5"):
        bench.guide(start_percent=0.5, end_percent=0.2)
    dit = SimpleNamespace(model=SimpleNamespace(diffusion_model=torch.nn.Linear(1, 1)))
    with pytest.raises(ValueError, match=rf"{name}: MODEL is a Linear, which has no U-Net cross-attention"):
        bench.guide(model=dit)


def test_a_sampler_without_negative_is_refused_for_the_unconditional_branch(bench, host):
    model, _ = bench.guide(branch="unconditional")
    guider = host.comfy.samplers.CFGGuider(model)
    guider.inner_set_conds({"positive": bench.positive})
    noise = torch.randn(1, 4, 8, 8)
    with pytest.raises(ValueError, match="branch: this sampler has no unconditional conditioning"):
        guider.sample(
            noise, torch.zeros_like(noise), host.comfy.samplers.sampler_object("euler"), torch.tensor([1.0, 0.0])
        )


def test_a_plain_run_is_measured_at_the_same_steps_and_drawn_beside(bench):
    settings = {"preset": "corrected", "end_percent": 0.8, "every": 2}
    model, guided = bench.guide(**settings, strength=100.0)
    pushed = bench.sample(model, bench.positive, steps=5, batch=2)
    model, plain = bench.guide(**settings, strength=0.0, measure=True)
    as_ever = bench.sample(model, bench.positive, steps=5, batch=2)
    assert torch.equal(as_ever, bench.sample(bench.model, bench.positive, steps=5, batch=2))
    ours, theirs = guided.runs[-1].energy, plain.runs[-1].energy
    assert [s.step for s in ours] == [s.step for s in theirs] == [0, 2]
    assert torch.allclose(ours[0].overlap, theirs[0].overlap, atol=1e-5)  # nobody was pushed yet
    assert {o for s in theirs for o in s.outcome} == {"measured only, as strength is 0"}
    report = bench.node["FairReport"].execute
    text, picture = report(guided, {"samples": pushed}, None, None, plain, {"samples": as_ever}).result
    alone, without = report(guided, {"samples": pushed}).result
    values = [float(s[-1].overlap[0].mean()) for s in (ours, theirs)]
    assert f"at step 3:\n  gender ~ doctor: {values[0]:.3f}, plain {values[1]:.3f}" in text
    assert "beside the plain run" not in alone and not torch.equal(picture, without)


def test_what_cannot_be_drawn_beside_is_said_and_the_report_is_as_without(bench):
    model, guided = bench.guide(strength=100.0)
    pushed = {"samples": bench.sample(model, bench.positive, steps=2)}
    report = bench.node["FairReport"].execute
    alone, curve = report(guided, pushed).result
    others = {
        "it was guided itself": (bench.guide(strength=99.0), {}),
        "nothing was measured": (bench.guide(strength=0.0), {}),
        "concept_pairs": (bench.guide(strength=0.0, measure=True, pairs="photo ~ face"), {}),
        "its seed is 4": (bench.guide(strength=0.0, measure=True), {"seed": 4}),
    }
    for said, ((model, other), kw) in others.items():
        samples = {"samples": bench.sample(model, bench.positive, steps=2, **kw)}
        text, picture = report(guided, pushed, None, None, other, samples).result
        assert text.startswith(alone) and "plain_attention is not drawn beside: " in text and said in text
        assert torch.equal(picture, curve)
