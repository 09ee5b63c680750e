"""What keeps the rest of the picture: none, soft, blended; and the unedited picture beside."""

import pytest
import torch

from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.post_cfg import denoised, stopped, watched

SAMPLERS = [
    "euler",
    "euler_ancestral",
    "dpmpp_2m",
    "dpmpp_sde",
    "dpmpp_2m_sde",
    "ddim",
    "heun",
    "uni_pc",
    "euler_cfg_pp",
]


def left(pixels: int = 64) -> torch.Tensor:
    return halves(pixels)[:1]


def blended(bench, setting, **kw):
    given = {
        "regions": setting.regions,
        "masks": left(),
        "strength": 5.0,
        "start_percent": 0.2,
        "preservation": "blended",
        **kw,
    }
    return bench.fair(bench.target(), **given)


def unedited(bench, attention, samples):
    return bench.node["FairUneditedLatent"].execute(attention, {"samples": samples}).result[0]["samples"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_outside_the_people_it_is_the_plain_picture_and_that_one_comes_along(bench, setting, sampler):
    """Columns 0-3 of 8 are the mask; softened it reaches into column 4. The rest is the plain latent, bit for bit."""
    model, attention = blended(bench, setting)
    edited = bench.sample(model, setting.positive, sampler=sampler, batch=2)
    plain = bench.sample(bench.model, setting.positive, sampler=sampler, batch=2)
    assert torch.equal(unedited(bench, attention, edited), plain)
    assert torch.equal(edited[..., 5:], plain[..., 5:])
    assert edited.isfinite().all() and (edited - plain)[..., :4].abs().amax((1, 2, 3)).min() > 1e-2
    assert attention.runs[-1].notes == []


def test_the_u_net_sees_the_plain_latent_outside_the_people_at_every_step(bench, setting, host):
    def steps_of(model):
        seen = []
        model = watched(model, lambda args: seen.append((args["input"].clone(), args["denoised"].clone())))
        bench.sample(model, setting.positive, sampler="euler_ancestral", steps=6)
        return seen

    plain = steps_of(bench.model)
    model, _ = blended(bench, setting, start_percent=0.4, end_percent=0.8)
    both = steps_of(model)
    assert len(plain) == 6 and [torch.equal(a[0], b[0]) for a, b in zip(plain, both[:6], strict=True)] == [True] * 6
    edited = both[6:]
    assert 0 < len(edited) < 6  # none in the warm-up
    for (x, _), (edited_x, _) in zip(plain[-len(edited) :], edited, strict=True):
        assert torch.equal(x[..., 5:], edited_x[..., 5:])


def test_warm_up_is_computed_once_and_the_rest_twice(bench, setting, host):
    def calls(model) -> int:
        model, count = model.clone(), []

        def count_one(executor, *args, **kwargs):
            count.append(1)
            return executor(*args, **kwargs)

        model.add_wrapper_with_key(host.comfy.patcher_extension.WrappersMP.DIFFUSION_MODEL, "count", count_one)
        bench.sample(model, setting.positive, steps=10)
        return len(count)

    assert calls(bench.model) == calls(bench.fair(bench.target(), masks=left(), every=1)[0]) == 10
    model, attention = blended(bench, setting, start_percent=0.45, end_percent=0.8)
    extra = calls(model) - 10
    assert extra == len([i for i in range(10) if i / 9 > 0.45])  # `normal`: steps at 0, 1/9, ... of the schedule


def test_nobody_to_change_is_the_plain_picture_and_costs_nothing(bench, setting):
    tokens, positive = bench.align("a photo of two female doctors")
    model, attention = bench.fair(bench.target(), regions=bench.regions(tokens), preservation="blended")
    plain = bench.sample(bench.model, positive)
    assert torch.equal(bench.sample(model, positive), plain)
    assert torch.equal(unedited(bench, attention, plain), plain)
    for off in ({"strength": 0.0}, {"start_percent": 0.05, "end_percent": 0.2}):
        model, attention = blended(bench, setting, **off)
        plain = bench.sample(bench.model, setting.positive)
        assert torch.equal(bench.sample(model, setting.positive), plain)
        assert torch.equal(unedited(bench, attention, plain), plain)


def test_same_seed_same_picture_also_after_random_numbers_were_drawn(bench, setting):
    results = []
    for _ in range(2):
        torch.randn(5)
        model, _ = blended(bench, setting)
        results.append(bench.sample(model, setting.positive, sampler="dpmpp_sde"))
    assert torch.equal(*results)


def test_a_sampler_that_chooses_its_steps_by_the_picture_is_blended_at_the_end(bench, setting):
    model, attention = blended(bench, setting, strength=20.0)
    edited = bench.sample(model, setting.positive, sampler="dpm_adaptive")
    plain = bench.sample(bench.model, setting.positive, sampler="dpm_adaptive")
    assert edited.isfinite().all() and torch.equal(edited[..., 5:], plain[..., 5:])
    assert torch.equal(unedited(bench, attention, edited), plain)


def test_progress_counts_both_trajectories(bench, setting, host):
    told = []
    guider = host.comfy.samplers.CFGGuider(blended(bench, setting)[0])
    guider.set_conds(setting.positive, bench.negative)
    guider.set_cfg(5.0)
    noise = torch.randn(1, 4, 8, 8)
    sigmas = host.comfy.samplers.calculate_sigmas(bench.model.get_model_object("model_sampling"), "normal", 4)
    guider.sample(
        noise,
        torch.zeros_like(noise),
        host.comfy.samplers.sampler_object("euler"),
        sigmas,
        callback=lambda step, x0, x, total: told.append((step, total)),
        seed=1,
    )
    assert told == [(i, 8) for i in range(8)]


def test_an_inpainting_mask_is_kept(bench, setting):
    """Only the right half may be drawn, and the person is on the left: nothing changes anywhere."""
    model, attention = blended(bench, setting)
    free = torch.zeros(1, 1, 64, 64)
    free[..., 40:] = 1
    latent = {"samples": torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1)), "noise_mask": free}
    drawn = [
        bench.host.nodes.common_ksampler(m, 3, 4, 5.0, "euler", "normal", setting.positive, bench.negative, latent)[0]
        for m in (model, bench.model)
    ]
    assert torch.equal(drawn[0]["samples"][..., 5:], drawn[1]["samples"][..., 5:])
    out = bench.node["FairUneditedLatent"].execute(attention, drawn[0]).result[0]
    assert torch.equal(out["samples"], drawn[1]["samples"]) and out["noise_mask"] is free


def test_two_fair_inferences_one_blended_the_other_too(bench, setting):
    """The first node's unedited picture is that of the second alone; outside both masks it is the plain one."""
    first, attention = blended(bench, setting, masks=quarter(0), steering="in full")
    both, other = blended(bench, setting, model=first, masks=quarter(1), steering="in full")
    drawn = bench.sample(both, setting.positive)
    plain = bench.sample(bench.model, setting.positive)
    assert drawn.isfinite().all() and torch.equal(drawn[:, :, 5:], plain[:, :, 5:])
    assert (drawn - plain)[:, :, :2, :2].abs().max() > 1e-3 and (drawn - plain)[:, :, :2, 6:].abs().max() > 1e-3


def quarter(side: int) -> torch.Tensor:
    mask = torch.zeros(1, 64, 64)
    mask[:, :16, (48 * side) : (48 * side + 16)] = 1
    return mask


def test_none_steers_everywhere_and_soft_is_the_default(bench, setting):
    def first_change(**kw):
        """By column, of the first prediction that was steered."""
        given = {"regions": setting.regions, "masks": left(), "start_percent": 0.5, "steering": "in full"}
        model, _ = bench.fair(bench.target(), **given, **kw)
        steps = zip(*(denoised(bench, m, setting.positive) for m in (model, bench.model)), strict=True)
        return next(change for a, b in steps if (change := (a - b).abs().amax((0, 1, 2))).max() > 1e-4)

    assert first_change(preservation="none").min() > 1e-4
    soft, default = first_change(preservation="soft"), first_change()
    assert torch.equal(soft, default) and soft[6:].max() < 3e-5 < soft[:4].min()


def test_none_has_a_direction_for_every_image(bench, setting):
    """Two people of opposite attributes cancel without masks; one alone does not. In full: by need no two are pushed alike."""
    given = {"regions": setting.regions, "preservation": "none", "steering": "in full"}
    two, _ = bench.fair(bench.target(), masks=halves(), **given)
    one, _ = bench.fair(bench.target(), masks=left(), **given)
    plain = bench.sample(bench.model, setting.positive)
    moved = [(bench.sample(m, setting.positive) - plain).abs().max() for m in (two, one)]
    assert moved[0] < 2e-3 < moved[1]


def test_the_unedited_picture_must_have_been_sampled(bench, setting):
    model, attention = blended(bench, setting, preservation="soft")
    samples = bench.sample(model, setting.positive)
    with pytest.raises(ValueError, match=r"Unedited Latent, attention: .*not sampled.*preservation.*blended"):
        unedited(bench, attention, samples)
    with pytest.raises(ValueError, match="was not sampled with this capture"):
        unedited(bench, attention, samples + 1)


def test_a_failure_in_either_loop_leaves_the_model_as_it_was(bench, setting):
    plain = bench.sample(bench.model, setting.positive)
    for fails_at in (1, 6):
        model, attention = blended(bench, setting)
        with pytest.raises(RuntimeError, match="stop"):
            bench.sample(stopped(model, RuntimeError("stop"), after=fails_at), setting.positive)
        assert attention.runs[-1].result is None
        assert not any(m._forward_hooks for m in bench.model.model.diffusion_model.modules())
        assert torch.equal(bench.sample(bench.model, setting.positive), plain)
