"""Fair Diffusion on the real host: off is off, every step worked out by hand, batch as singles, what is said of it."""

from types import SimpleNamespace

import pytest
import torch

from fair_attention.tests.host.conditions import Bench, halves

PLAIN = {"start_percent": 0.0, "threshold": 0.0, "momentum": 0.0}


def diffusion(bench, target, **kw):
    """(patched model, attention)"""
    model = kw.pop("model", bench.model)
    return bench.node["FairDiffusion"].execute(model, kw.pop("clip", bench.clip), target, **kw).result


@pytest.mark.parametrize("cfg", [5.0, 1.0])
def test_scale_zero_is_the_plain_picture_bit_for_bit(bench, setting, cfg):
    model, attention = diffusion(bench, bench.target(), scale=0.0)
    plain = setting.plain if cfg == 5.0 else bench.sample(bench.model, setting.positive, cfg=cfg)
    drawn = bench.sample(model, setting.positive, cfg=cfg)
    assert torch.equal(drawn, plain)
    (report, _) = bench.node["FairReport"].execute(attention, {"samples": drawn}).result
    assert report.startswith("Nobody was changed: the picture is the plain one: scale is 0, so no picture is moved.")


def test_it_leaves_the_loaded_model_as_it_was(bench, setting):
    model, _ = diffusion(bench, bench.target())
    assert not torch.equal(bench.sample(model, setting.positive), setting.plain)
    assert torch.equal(bench.sample(bench.model, setting.positive), setting.plain)


def predicted(bench, text: str, x: torch.Tensor, sigma: float) -> torch.Tensor:
    """D(x, sigma) for this text alone, as the host predicts it."""
    inner, comfy = bench.model.model, bench.host.comfy
    out = comfy.sample.sample_custom(
        bench.model, torch.zeros_like(x), 1.0, comfy.samplers.sampler_object("euler"), torch.tensor([sigma, 0.0]),
        bench.encode(text), bench.negative, inner.process_latent_out(x), disable_pbar=True,
    )  # fmt: skip
    return inner.process_latent_in(out)


def test_every_step_is_what_is_worked_out_by_hand(host):
    """On the emoji world, where differences of predictions are larger than what a batch rounds away. Two pictures, threshold, momentum from the first step on, both warm-ups, a cool-down; eps by its definition."""
    bench = Bench(host, host.nodes.CheckpointLoaderSimple().load_checkpoint("emoji-world.safetensors"))
    away_starts = 0.6
    model, attention = diffusion(
        bench, bench.target(seed=2), scale=3.0, threshold=0.5, start_percent=0.3, end_percent=0.8, momentum=0.5,
        momentum_beta=0.7, weight=0.8, scale_away=2.0, threshold_away=0.25, start_percent_away=away_starts, weight_away=0.5,
    )  # fmt: skip
    seen = []

    def before(args):
        seen.append(
            SimpleNamespace(x=args["input"].clone(), sigma=args["sigma"].clone(), plain=args["denoised"].clone())
        )
        return args["denoised"]

    def after(args):
        seen[-1].guided = args["denoised"].clone()
        return args["denoised"]

    options = model.model_options
    options["sampler_post_cfg_function"] = [before, *options["sampler_post_cfg_function"], after]
    bench.sample(model, bench.encode("two pilots"), batch=2, steps=5)
    given = [people[0].attribute for people in attention.runs[-1].people]
    assert sorted(given) == [0, 1]  # one of each: so each attribute is increased and decreased
    level = bench.model.get_model_object("model_sampling").percent_to_sigma
    texts, velocity, guided = ("female person", "male person"), 0.0, 0
    for call in seen:
        sigma = float(call.sigma[0])
        uncond, *concepts = ((call.x - predicted(bench, t, call.x, sigma)) / sigma for t in ("", *texts))
        cooled = sigma < level(0.8)
        terms = []
        for scale, threshold, weight, away in ((3.0, 0.5, 0.8, False), (-2.0, 0.25, 0.5, True)):
            chosen = torch.stack([concepts[1 - g if away else g][b] for b, g in enumerate(given)])
            d = scale * (chosen - uncond)
            limit = d.abs().flatten(2).quantile(threshold, dim=2)[..., None, None]
            terms.append((torch.where(d.abs() >= limit, d, 0.0) * (not cooled), weight))
        gamma = sum(w * d for d, w in terms) + 0.5 * velocity
        velocity = 0.7 * velocity + 0.3 * gamma
        past = [sigma < level(0.3), sigma < level(away_starts)]
        if not all(past):
            only = [(d, w) for (d, w), p in zip(terms, past, strict=True) if p]
            gamma = sum(w * d for d, w in only) / sum(w for _, w in only) if only else 0.0
        wanted = call.plain - sigma * gamma
        size = float((wanted - call.plain).abs().max())
        assert torch.allclose(call.guided, wanted, rtol=0, atol=5e-3 * size + 2e-5), sigma
        guided += size > 0.01
    assert len(seen) == 5 and guided == 3


def test_a_batch_is_its_pictures(bench, setting):
    model, attention = diffusion(bench, bench.target(seed=1))
    batch = bench.sample(model, setting.positive, batch=2)
    given = [people[0].attribute for people in attention.runs[-1].people]
    for number in range(2):
        alone = bench.sample(model, setting.positive, noise=[number])
        assert attention.runs[-1].people[0][0].attribute == given[number]
        assert torch.allclose(batch[number], alone[0], atol=2e-4)


def test_shares_are_met_exactly(bench, setting):
    model, attention = diffusion(bench, bench.target(assignment="running quota"), start_percent=0.0, momentum=0.0)
    bench.sample(model, setting.positive, batch=8, steps=1)
    assert sorted(people[0].attribute for people in attention.runs[-1].people) == [0] * 4 + [1] * 4


def test_fair_inference_coincides_where_the_formulas_do(bench, setting):
    """One attribute, a mask of the whole picture, in full: both add s (D_a - D_u)."""
    target = bench.target("own list", "female 1 | female person")
    theirs, _ = diffusion(bench, target, scale=3.0, **PLAIN)
    ours, _ = bench.fair(
        target,
        masks=torch.ones(1, 64, 64),
        strength=3.0,
        start_percent=0.0,
        end_percent=1.0,
        every=1,
        steering="in full",
    )
    drawn = [bench.sample(model, setting.positive) for model in (theirs, ours)]
    assert torch.allclose(*drawn, atol=1e-4) and not torch.allclose(drawn[0], setting.plain, atol=1e-2)


@pytest.mark.parametrize("sampler", ["heun", "uni_pc"])
def test_any_sampler(bench, setting, sampler):
    model, _ = diffusion(bench, bench.target())
    drawn = [bench.sample(m, setting.positive, steps=3, sampler=sampler) for m in (model, bench.model)]
    assert drawn[0].isfinite().all() and not torch.equal(*drawn)


def test_a_guider_without_a_negative_has_an_empty_prompt_for_it(bench, setting, host):
    """As at cfg 1 with an empty negative."""
    nodes, drawn = host.nodes.NODE_CLASS_MAPPINGS, []
    model, _ = diffusion(bench, bench.target(), **PLAIN)
    guider = nodes["BasicGuider"].execute(model, setting.positive).result[0]
    noise, latent = nodes["RandomNoise"].execute(3).result[0], {"samples": torch.zeros(1, 4, 8, 8)}
    sigmas = nodes["BasicScheduler"].execute(model, "normal", 4, 1.0).result[0]
    sampler = nodes["KSamplerSelect"].execute("euler").result[0]
    drawn = nodes["SamplerCustomAdvanced"].execute(noise, guider, sampler, sigmas, latent).result[0]["samples"]
    assert torch.allclose(drawn, bench.sample(model, setting.positive, cfg=1.0), atol=1e-4)


def test_report_says_what_each_picture_got(bench, setting):
    model, attention = diffusion(bench, bench.target())
    latent = {"samples": bench.sample(model, setting.positive, batch=2)}
    report, picture = bench.node["FairReport"].execute(attention, latent).result
    lines = report.splitlines()
    assert (
        lines[0].startswith("image 1: ") and "by indexed quota" in lines[0] and "steered in full in 3 steps" in lines[0]
    )
    assert lines[2:4] == ["female: 1 of 2 (50%), asked for 50%", "male: 1 of 2 (50%), asked for 50%"]
    assert "Fair Diffusion: scale 4, threshold 0.95" in report and len(picture) == 2


def test_a_second_pass_keeps_what_the_first_gave(bench, setting):
    model, attention = diffusion(bench, bench.target(assignment="independent draws"))
    first = bench.sample(model, setting.positive, batch=2)
    given = [people[0].attribute for people in attention.runs[-1].people]
    args = (model, 77, 4, 5.0, "euler", "normal", setting.positive, bench.negative, {"samples": first})
    bench.host.nodes.common_ksampler(*args, denoise=0.9)
    assert [people[0].attribute for people in attention.runs[-1].people] == given


def test_published_settings_are_the_readme_s_as_they_come(bench, setting):
    wanted = bench.sample(diffusion(bench, bench.target())[0], setting.positive)
    readme, script = (
        bench.sample(diffusion(bench, bench.target(), settings=name, scale=1.0)[0], setting.positive)
        for name in ("published: README", "published: the paper's script")
    )
    assert torch.equal(readme, wanted) and not torch.equal(script, wanted)


def test_it_works_beside_fair_inference(bench, setting):
    """Each steers its own; neither takes the other's prompts for the sampler's."""
    model, _ = diffusion(bench, bench.target("skin tone"), model=bench.fair(bench.target(), masks=halves())[0])
    drawn = bench.sample(model, setting.positive)
    alone = bench.sample(diffusion(bench, bench.target("skin tone"))[0], setting.positive)
    assert drawn.isfinite().all() and not torch.equal(drawn, alone)


def test_refusals_name_node_input_and_remedy(bench):
    with pytest.raises(ValueError, match=r"Fair Diffusion \(SEGA\): end_percent 0.1 must lie after start_percent 0.5"):
        diffusion(bench, bench.target(), start_percent=0.5, end_percent=0.1)
    with pytest.raises(ValueError, match=r"Fair Diffusion \(SEGA\): end_percent 1 must lie after start_percent 1"):
        diffusion(bench, bench.target(), start_percent_away=1.0)
    dit = SimpleNamespace(model=SimpleNamespace(diffusion_model=torch.nn.Linear(1, 1)))
    with pytest.raises(ValueError, match=r"Fair Diffusion \(SEGA\): MODEL is a Linear, which has no U-Net"):
        diffusion(bench, bench.target(), model=dit)
