"""What Fair Inference refuses before it samples, and what it says then."""

from types import SimpleNamespace

import pytest
import torch

from fair_attention.tests.host.conditions import halves


def test_refusals_name_node_input_and_remedy(bench, setting):
    target, regions = bench.target(), setting.regions
    with pytest.raises(ValueError, match=r"Fair Inference: connect regions .* or masks"):
        bench.fair(target)
    with pytest.raises(ValueError, match=r"Fair Inference: end_percent 0.2 must lie after start_percent 0.5"):
        bench.fair(target, regions=regions, start_percent=0.5, end_percent=0.2)
    with pytest.raises(
        ValueError, match=r"Fair Inference, start_percent: it is 0, .* set it above 0 .* or connect masks"
    ):
        bench.fair(target, regions=regions, start_percent=0.0)
    with pytest.raises(ValueError, match=r"Target Distribution, cross_with: both targets hold 'gender'"):
        bench.target(cross_with=target)
    everywhere = bench.target(
        "skin tone", assignment="running quota", running_quota_over="all runs since ComfyUI started"
    )
    with pytest.raises(
        ValueError, match=r"Target Distribution, running_quota_over: the target in cross_with counts over"
    ):
        bench.target(cross_with=everywhere)
    with pytest.raises(ValueError, match=r"Fair Inference, masks: .*one mask per person"):
        bench.fair(target, masks=torch.zeros(1, 3, 64, 64))
    dit = SimpleNamespace(model=SimpleNamespace(diffusion_model=torch.nn.Linear(1, 1)))
    with pytest.raises(ValueError, match=r"Fair Inference: MODEL is a Linear, whose attention to words cannot be read"):
        bench.fair(target, regions=regions, model=dit)
    with pytest.raises(ValueError, match=r"Target Distribution, attributes: .*female.*negative"):
        bench.target("own list", "female -1\nmale 2")
    with pytest.raises(ValueError, match=r"Target Distribution, attributes: all shares are 0"):
        bench.target("own list", "female 0\nmale 0")
    with pytest.raises(ValueError, match=r"Target Distribution, attributes: .*'many' is not a number"):
        bench.target("own list", "female many\nmale: many")
    with pytest.raises(ValueError, match=r"Target Distribution, attributes: .*has no prompt after"):
        bench.target("own list", "female 1 |\nmale 1")
    with pytest.raises(ValueError, match=r"Linguistic Alignment, prompt: 'a red car' names no person"):
        bench.align("a red car")


def test_masks_of_another_shape_or_number_are_refused_before_sampling(bench, setting):
    wide = torch.ones(1, 64, 128)
    model, attention = bench.fair(bench.target(), regions=setting.regions, masks=wide)
    with pytest.raises(
        ValueError, match=r"Fair Inference, masks: they are 128 x 64, another shape .* 8 x 8 .* 64 x 64"
    ):
        bench.sample(model, setting.positive)
    assert attention.runs == []
    for masks in (torch.ones(1, 8, 8), torch.ones(1, 512, 512), torch.ones(1, 65, 64)):  # any resolution, cut to cells
        model, _ = bench.fair(bench.target(), regions=setting.regions, masks=masks)
        assert bench.sample(model, setting.positive, steps=2).isfinite().all()
    small, large = (
        bench.fair(bench.target(), regions=setting.regions, masks=halves(pixels))[0] for pixels in (64, 512)
    )
    assert torch.equal(bench.sample(small, setting.positive), bench.sample(large, setting.positive))
    with pytest.raises(ValueError, match=r"Fair Inference, masks: got 4 masks, but the prompt .* names 3 people"):
        bench.fair(bench.target(), regions=setting.regions, masks=torch.ones(4, 64, 64))
    assert bench.fair(bench.target(), masks=torch.ones(4, 64, 64))  # without regions nobody is counted


def test_sampling_that_begins_after_warm_up_is_refused_unless_there_are_masks(bench, setting):
    def redrawn(model):
        latent = {"samples": torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))}
        args = (model, 3, 4, 5.0, "euler", "normal", setting.positive, bench.negative, latent)
        return bench.host.nodes.common_ksampler(*args, denoise=0.5)[0]["samples"]

    for preservation in ("soft", "blended"):
        model, _ = bench.fair(bench.target(), regions=setting.regions, preservation=preservation)
        with pytest.raises(ValueError, match=r"Fair Inference, start_percent: sampling begins later .* connect masks"):
            redrawn(model)
    late, _ = bench.fair(bench.target(), regions=setting.regions, start_percent=0.7)
    masked, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves())
    assert redrawn(late).isfinite().all() and not torch.equal(redrawn(masked), redrawn(bench.model))


def test_a_prompt_that_is_not_in_force_during_warm_up_is_refused_with_what_to_do(bench, setting):
    model, _ = bench.fair(bench.target(), regions=setting.regions)
    late = bench.node["ConditioningSetTimestepRange"]().set_range(setting.positive, 0.5, 1.0)[0]
    early = bench.node["ConditioningSetTimestepRange"]().set_range(bench.encode("a garden"), 0.0, 0.5)[0]
    with pytest.raises(
        ValueError, match=r"Fair Inference: the run recorded no map.* range of steps.* or connect masks"
    ):
        bench.sample(model, late + early)


def test_clip_and_model_of_different_families_are_refused(bench, setting, host, tmp_path):
    import comfy.sd

    from fair_attention.host import tiny

    path = tiny.save(tmp_path / "xl.safetensors", family="sdxl")
    xl = comfy.sd.load_checkpoint_guess_config(str(path))[0]
    with pytest.raises(ValueError, match=r"Fair Inference: CLIP and MODEL .* this CLIP's texts are 64 wide.* 128 wide"):
        bench.fair(bench.target(), regions=setting.regions, model=xl)
    guide, capture = bench.node["FairSoftIoUGuidance"], bench.node["FairAttentionCapture"]
    with pytest.raises(ValueError, match=r"SoftIoU Energy Guidance: CLIP and MODEL are of different families"):
        guide.execute(xl, bench.clip, "a doctor and gender", "gender ~ doctor")
    for text in ({"prompt": "a doctor"}, {"attribution_prompt": "a doctor and gender"}):
        with pytest.raises(ValueError, match=r"Capture Cross-Attention: CLIP and MODEL are of different families"):
            capture.execute(xl, bench.clip, **text)


def test_another_prompt_than_the_sampled_one_is_refused_before_sampling(bench, setting):
    model, _ = bench.fair(bench.target(), regions=setting.regions)
    with pytest.raises(ValueError, match=r"Fair Inference: none of the sampler's positive conditionings"):
        bench.sample(model, bench.encode("a photo of two cooks"))


def test_errors_reach_the_user_on_the_node(run_prompt, tiny_name):
    from fair_attention.tests.host.graphs import node

    prompt = {
        "1": node("CheckpointLoaderSimple", ckpt_name=tiny_name),
        "2": node("FairLinguisticAlignment", clip=["1", 1], prompt="an empty street"),
        "3": node("PreviewAny", source=["2", 2]),
    }
    (error,) = run_prompt(prompt).errors
    assert error.startswith("FairLinguisticAlignment: Linguistic Alignment, prompt: 'an empty street' names no person")
