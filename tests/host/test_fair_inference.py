"""Fair Inference on the real host: off is off, only masks change, nothing left patched."""

import pytest
import torch

from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.post_cfg import denoised, stopped, watched


def test_strength_zero_is_the_plain_picture_bit_for_bit(bench, setting):
    model, _ = bench.fair(bench.target(), regions=setting.regions, strength=0.0)
    assert torch.equal(bench.sample(model, setting.positive), setting.plain)


def test_nobody_to_change_is_the_plain_picture_bit_for_bit(bench, setting):
    tokens, positive = bench.align("a photo of two female doctors")
    model, attention = bench.fair(bench.target(), regions=bench.regions(tokens))
    assert torch.equal(bench.sample(model, positive), bench.sample(bench.model, positive))
    run = attention.runs[-1]
    assert run.people == [] and run.why_plain.startswith(
        "the prompt already states the gender of everybody it names (doctors: female)"
    )


def test_of_two_groups_the_one_that_is_stated_is_left_alone(bench):
    """Both are found (a threshold that everything passes), one region each, so that nobody is overlooked."""
    tokens, positive = bench.align("a photo of two female doctors next to a pilot", parser="rules")
    finder = bench.regions(tokens, individuals="one region", tau=0.05, rho=0.05)
    model, attention = bench.fair(bench.target(), regions=finder)
    bench.sample(model, positive)
    people = attention.runs[-1].people[0]
    said = {p.label: (p.attribute, p.why) for p in people}
    assert said["doctors"] == (None, "left alone, the prompt says female")


def test_an_attribute_of_another_axis_does_not_stop_it(bench):
    tokens, positive = bench.align("a photo of two dark doctors")
    model, _ = bench.fair(bench.target("gender"), regions=bench.regions(tokens), masks=halves())
    assert not torch.equal(bench.sample(model, positive), bench.sample(bench.model, positive))


def test_guidance_stays_where_its_mask_is(bench, setting):
    """The first guided prediction differs from the plain one inside the mask only (later steps mix by attention)."""
    left = halves()[:1]
    model, _ = bench.fair(bench.target(), regions=setting.regions, masks=left, start_percent=0.5, end_percent=1.0)
    steps = zip(*(denoised(bench, m, setting.positive) for m in (bench.model, model)), strict=True)
    expected, first = next((a, b) for a, b in steps if not torch.equal(a, b))
    change = (expected - first).abs().amax((0, 1, 2))  # by column
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


@pytest.mark.parametrize("failure", [RuntimeError, "interrupt"])
def test_a_failed_run_leaves_the_model_as_it_was(bench, setting, host, failure):
    error = host.comfy.model_management.InterruptProcessingException if failure == "interrupt" else failure
    model, attention = bench.fair(bench.target(), regions=setting.regions, masks=halves())
    with pytest.raises(error):
        bench.sample(stopped(model, error("stop")), setting.positive)
    unet = bench.model.model.diffusion_model
    assert not any(m._forward_hooks for m in unet.modules())
    assert attention.runs[-1].result is None
    assert torch.equal(bench.sample(bench.model, setting.positive), setting.plain)
    again = bench.sample(model, setting.positive)
    assert again.isfinite().all() and not torch.equal(again, setting.plain)


def test_a_node_that_asks_the_model_once_more_does_not_undo_it(bench, setting, host):
    """As Perturbed-Attention Guidance does, between the prediction and what Fair Inference adds to it."""

    def ask(args):
        conds, x, sigma, options = (args[k] for k in ("cond", "input", "sigma", "model_options"))
        host.comfy.samplers.calc_cond_batch(args["model"], [conds], x, sigma, options)

    model = watched(bench.model, ask)
    fair, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves(), model=model)
    alone, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves())
    assert torch.equal(bench.sample(fair, setting.positive), bench.sample(alone, setting.positive))


def test_masks_belong_to_people_who_are_free_to_change(bench):
    """The first people's gender is stated: a mask is one of the others, not a prompt that is not there."""
    tokens, positive = bench.align("a photo of a female doctor and two pilots")
    model, attention = bench.fair(bench.target(), regions=bench.regions(tokens), masks=halves()[:1])
    assert bench.sample(model, positive).isfinite().all()
    assert [p.group for p in attention.runs[-1].people[0]] == [1]


def test_report_says_who_got_what(bench, setting, host):
    model, attention = bench.fair(bench.target(), regions=setting.regions, masks=halves())
    latent = {"samples": bench.sample(model, setting.positive, batch=2)}
    image = bench.vae.decode(latent["samples"])
    text, picture = bench.node["FairReport"].execute(attention, latent, image).result
    assert text.count("female, by indexed quota") == 2 and text.count(": male, by indexed quota") == 2
    assert "female: 2 of 4 (50%)" in text
    assert picture.shape[0] == 2
    said, bare = bench.node["FairReport"].execute(attention, latent).result
    assert said == text and bare.shape == picture.shape and not torch.equal(bare, picture)
    with pytest.raises(ValueError, match="Fair Report, image: got 1, but the latent holds 2; connect the whole batch"):
        bench.node["FairReport"].execute(attention, latent, image[:1])
    with pytest.raises(ValueError, match="was not sampled with this capture"):
        bench.node["FairReport"].execute(attention, {"samples": latent["samples"] + 1}, image)
