"""Fair Inference on the real host: off is off, only masks change, every sampler, nothing left patched."""

from types import SimpleNamespace

import pytest
import torch

from fair_attention.tests.host.conditions import Bench, halves


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return Bench(host, tiny_checkpoint)


def thirds(pixels: int = 64) -> torch.Tensor:
    """Three masks [3,h,w] beside each other."""
    masks = torch.zeros(3, pixels, pixels)
    for j in range(3):
        masks[j, :, j * pixels // 3 : (j + 1) * pixels // 3] = 1
    return masks


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


@pytest.mark.parametrize("preservation", ["none", "soft", "blended"])
def test_a_batch_of_four_equals_four_single_runs(bench, setting, preservation):
    """Each image alone, with the noise it has in the batch, is dealt the same attributes and drawn the same."""
    model, attention = bench.fair(
        bench.target(seed=1), regions=setting.regions, masks=thirds(), start_percent=0.3, preservation=preservation
    )
    batch = bench.sample(model, setting.positive, batch=4)
    dealt = [[p.attribute for p in people] for people in attention.runs[-1].people]
    assert len({tuple(d) for d in dealt}) > 1
    for number in range(4):
        alone = bench.sample(model, setting.positive, noise=[number])
        assert [p.attribute for p in attention.runs[-1].people[0]] == dealt[number]
        assert torch.allclose(batch[number], alone[0], atol=2e-4)


def test_noise_of_another_make_is_numbered_by_its_place(host):
    numbers = host.pack.nodes.numbering.image_numbers
    drawn = host.comfy.sample.prepare_noise(torch.zeros(5, 4, 8, 8), 2**63)
    assert numbers(drawn, 2**63) == (0, 1, 2, 3, 4)
    assert numbers(drawn[[3, 1, 1]], 2**63) == (3, 1, 1)
    assert numbers(drawn[[3, 1]], 7) == (0, 1) and numbers(torch.zeros(2, 4, 8, 8), 7) == (0, 1)
    odd = host.comfy.sample.prepare_noise(torch.zeros(3, 4, 9, 11), 5)  # drawn whole, other numbers than one by one
    assert numbers(odd, 5) == (0, 1, 2)


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


@pytest.mark.parametrize("family", ["sd2", "sdxl"])
@pytest.mark.parametrize("preservation", ["soft", "blended"])
def test_v_prediction_and_sdxl(host, tmp_path, family, preservation):
    import comfy.sd

    from fair_attention.tests.host import tiny

    tiny.register()
    path = tiny.save(tmp_path / f"{family}.safetensors", family=family)
    bench = Bench(host, comfy.sd.load_checkpoint_guess_config(str(path))[:3])
    if family == "sd2":
        assert bench.model.model.model_type == host.comfy.model_base.ModelType.V_PREDICTION
    tokens, positive = bench.align()
    model, _ = bench.fair(
        bench.target(), regions=bench.regions(tokens), masks=halves()[:1], strength=5.0, preservation=preservation
    )
    fair, plain = bench.sample(model, positive), bench.sample(bench.model, positive)
    assert fair.isfinite().all() and (fair - plain)[..., :4].abs().max() > 1e-3
    assert preservation == "soft" or torch.equal(fair[..., 5:], plain[..., 5:])


def test_which_step_a_noise_level_lies_in(host):
    step_of = host.pack.nodes.observe.step_of
    schedule = torch.tensor([10.0, 5.0, 1.0, 0.0])
    assert [step_of(s, schedule, -1) for s in (10.0, 7.0, 5.0, 5.00001, 4.99999, 1.0, 0.5)] == [0, 0, 1, 1, 1, 2, 2]
    assert step_of(20.0, schedule, -1) == 0 and step_of(3.0, None, 7) == 7


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


def test_a_node_that_asks_the_model_once_more_does_not_undo_it(bench, setting, host):
    """As Perturbed-Attention Guidance does, between the prediction and what Fair Inference adds to it."""

    def ask(args):
        conds, x, sigma, options = (args[k] for k in ("cond", "input", "sigma", "model_options"))
        host.comfy.samplers.calc_cond_batch(args["model"], [conds], x, sigma, options)
        return args["denoised"]

    model = bench.model.clone()
    model.set_model_sampler_post_cfg_function(ask)
    fair, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves(), model=model)
    alone, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves())
    assert torch.equal(bench.sample(fair, setting.positive), bench.sample(alone, setting.positive))


def test_clip_and_model_of_different_families_are_refused(bench, setting, host, tmp_path):
    import comfy.sd

    from fair_attention.tests.host import tiny

    tiny.register()
    path = tiny.save(tmp_path / "xl.safetensors", family="sdxl")
    xl = comfy.sd.load_checkpoint_guess_config(str(path))[0]
    with pytest.raises(ValueError, match=r"Fair Inference: CLIP and MODEL .* this CLIP's texts are 64 wide.* 128 wide"):
        bench.fair(bench.target(), regions=setting.regions, model=xl)


def test_masks_belong_to_people_who_are_free_to_change(bench):
    """The first people's gender is stated: a mask is one of the others, not a prompt that is not there."""
    tokens, positive = bench.align("a photo of a female doctor and two pilots")
    model, attention = bench.fair(bench.target(), regions=bench.regions(tokens), masks=halves()[:1])
    assert bench.sample(model, positive).isfinite().all()
    assert [p.group for p in attention.runs[-1].people[0]] == [1]


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
