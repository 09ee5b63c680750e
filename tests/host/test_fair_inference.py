"""Fair Inference on the real host: off is off, only masks change, every sampler, nothing left patched."""

from types import SimpleNamespace

import pytest
import torch

from fair_attention.tests.host.conditions import Bench, halves


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return Bench(host, tiny_checkpoint)


@pytest.fixture(scope="module")
def setting(bench):
    """tokens, conditioning, regions and the plain picture of seed 3."""
    with torch.inference_mode():
        tokens, positive = bench.align()
        return SimpleNamespace(
            tokens=tokens, positive=positive, regions=bench.regions(tokens), plain=bench.sample(bench.model, positive)
        )


def test_strength_zero_is_the_plain_picture_bit_for_bit(bench, setting):
    model, _ = bench.fair(bench.target(), regions=setting.regions, strength=0.0)
    assert torch.equal(bench.sample(model, setting.positive), setting.plain)


def test_nobody_to_change_is_the_plain_picture_bit_for_bit(bench, setting):
    tokens, positive = bench.align("a photo of two female doctors")
    model, attention = bench.fair(bench.target(), regions=bench.regions(tokens))
    assert torch.equal(bench.sample(model, positive), bench.sample(bench.model, positive))
    assert all(p.attribute is None for p in (attention.runs[-1].people or [[]])[0])


def test_an_attribute_of_another_axis_does_not_stop_it(bench):
    tokens, positive = bench.align("a photo of two dark doctors")
    model, _ = bench.fair(bench.target("gender"), regions=bench.regions(tokens), masks=halves())
    assert not torch.equal(bench.sample(model, positive), bench.sample(bench.model, positive))


def test_guidance_stays_where_its_mask_is(bench, setting):
    """The first guided prediction differs from the plain one inside the mask only (later steps mix by attention)."""
    left = halves()[:1]
    model, _ = bench.fair(bench.target(), regions=setting.regions, masks=left, start_percent=0.5, end_percent=1.0)
    seen = {}

    def spy(args):
        seen.setdefault(round(float(args["sigma"].flatten()[0]), 3), args["denoised"].clone())
        return args["denoised"]

    plain = bench.model.clone()
    plain.set_model_sampler_post_cfg_function(spy)
    bench.sample(plain, setting.positive)
    expected, seen = dict(seen), {}
    model = model.clone()
    model.set_model_sampler_post_cfg_function(spy)
    bench.sample(model, setting.positive)
    first = next(s for s in sorted(expected, reverse=True) if not torch.equal(expected[s], seen[s]))
    change = (expected[first] - seen[first]).abs().amax((0, 1, 2))  # by column
    assert change[:4].min() > 1e-4
    assert change[6:].max() < 3e-5  # another batch size rounds differently, no more


def test_a_window_between_two_steps_changes_nothing(bench, setting):
    """Four steps lie at 0, 1/3, 2/3 and 1 of the schedule: none of them between 0.05 and 0.2."""
    model, attention = bench.fair(bench.target(), regions=setting.regions, start_percent=0.05, end_percent=0.2)
    assert torch.equal(bench.sample(model, setting.positive), setting.plain)
    assert attention.runs[-1].people == []


@pytest.mark.parametrize("every", [1, 2, 3])
def test_same_seed_same_picture(bench, setting, every):
    results = []
    for _ in range(2):
        model, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves(), every=every)
        results.append(bench.sample(model, setting.positive))
    assert torch.equal(*results)


def test_an_image_of_a_batch_equals_the_image_alone(bench, setting):
    model, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves())
    batch = bench.sample(model, setting.positive, batch=2, noise=[0, 1])
    alone = bench.sample(model, setting.positive, batch=1, noise=[0])
    assert torch.allclose(batch[:1], alone, atol=2e-4)


@pytest.mark.parametrize("sampler", ["euler", "euler_ancestral", "dpmpp_2m", "dpmpp_sde", "ddim", "heun", "uni_pc"])
def test_samplers(bench, setting, sampler):
    model, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves(), strength=5.0)
    fair = bench.sample(model, setting.positive, sampler=sampler)
    plain = bench.sample(bench.model, setting.positive, sampler=sampler)
    assert fair.isfinite().all() and (fair - plain).abs().max() > 1e-3


@pytest.mark.parametrize("seed", [0, 2**63])
def test_extreme_seeds(bench, setting, seed):
    model, _ = bench.fair(bench.target(seed=seed), regions=setting.regions, masks=halves())
    assert bench.sample(model, setting.positive, seed=seed, steps=3).isfinite().all()


def test_cfg_1_and_more_than_two_attributes(bench, setting):
    model, attention = bench.fair(bench.target("skin tone"), regions=setting.regions, masks=halves())
    fair = bench.sample(model, setting.positive, cfg=1.0)
    assert fair.isfinite().all()
    assert not torch.equal(fair, bench.sample(bench.model, setting.positive, cfg=1.0))
    assert len({p.attribute for p in attention.runs[-1].people[0]}) == 2


def test_momentum_and_quantile_are_finite(bench, setting):
    model, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves(), momentum=0.3, quantile=0.5)
    assert bench.sample(model, setting.positive).isfinite().all()


@pytest.mark.parametrize("failure", [RuntimeError, "interrupt"])
def test_a_failed_run_leaves_the_model_as_it_was(bench, setting, host, failure):
    error = host.comfy.model_management.InterruptProcessingException if failure == "interrupt" else failure
    model, attention = bench.fair(bench.target(), regions=setting.regions, masks=halves())

    def fail(args):
        raise error("stop")

    broken = model.clone()
    broken.set_model_sampler_post_cfg_function(fail)
    with pytest.raises(error):
        bench.sample(broken, setting.positive)
    unet = bench.model.model.diffusion_model
    assert not any(m._forward_hooks for m in unet.modules())
    assert attention.runs[-1].result is None
    assert torch.equal(bench.sample(bench.model, setting.positive), setting.plain)
    again = bench.sample(model, setting.positive)
    assert again.isfinite().all() and not torch.equal(again, setting.plain)


def test_refusals_name_node_input_and_remedy(bench, setting):
    target, regions = bench.target(), setting.regions
    with pytest.raises(ValueError, match=r"Fair Inference: connect regions .* or masks"):
        bench.fair(target)
    with pytest.raises(ValueError, match=r"Fair Inference: end_percent 0.2 must lie after start_percent 0.5"):
        bench.fair(target, regions=regions, start_percent=0.5, end_percent=0.2)
    with pytest.raises(ValueError, match=r"Fair Inference, masks: .*one mask per person"):
        bench.fair(target, masks=torch.zeros(1, 64, 64))
    dit = SimpleNamespace(model=SimpleNamespace(diffusion_model=torch.nn.Linear(1, 1)))
    with pytest.raises(ValueError, match=r"Fair Inference: MODEL is a Linear, which has no U-Net cross-attention"):
        bench.fair(target, regions=regions, model=dit)
    with pytest.raises(ValueError, match=r"Target Distribution, attributes: .*female.*negative"):
        bench.target("own list", "female -1\nmale 2")
    with pytest.raises(ValueError, match=r"Linguistic Alignment, prompt: 'a red car' names no person"):
        bench.align("a red car")


def test_another_prompt_than_the_sampled_one_is_refused_before_sampling(bench, setting):
    model, _ = bench.fair(bench.target(), regions=setting.regions)
    with pytest.raises(ValueError, match=r"Fair Inference: none of the sampler's positive conditionings"):
        bench.sample(model, bench.encode("a photo of two cooks"))


def test_report_says_who_got_what(bench, setting, host):
    model, attention = bench.fair(bench.target(), regions=setting.regions, masks=halves())
    latent = {"samples": bench.sample(model, setting.positive, batch=2)}
    image = bench.vae.decode(latent["samples"])
    text, picture = bench.node["FairReport"].execute(attention, latent, image).result
    assert text.count("female, by indexed quota") == 2 and text.count(": male, by indexed quota") == 2
    assert "female: 2 of 4 (50%)" in text
    assert picture.shape[0] == 2
    with pytest.raises(ValueError, match="was not sampled with this capture"):
        bench.node["FairReport"].execute(attention, {"samples": latent["samples"] + 1}, image)


def test_errors_reach_the_user_on_the_node(run_prompt, tiny_name):
    from fair_attention.tests.host.graphs import node

    prompt = {
        "1": node("CheckpointLoaderSimple", ckpt_name=tiny_name),
        "2": node("FairLinguisticAlignment", clip=["1", 1], prompt="an empty street"),
        "3": node("PreviewAny", source=["2", 2]),
    }
    (error,) = run_prompt(prompt).errors
    assert error.startswith("FairLinguisticAlignment: Linguistic Alignment, prompt: 'an empty street' names no person")
