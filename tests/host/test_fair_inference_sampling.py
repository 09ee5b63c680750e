"""Fair Inference under every sampler, seed, batch and family of models."""

import pytest
import torch

from fair_attention.guidance.fair.dealing import deal
from fair_attention.tests.host.conditions import Bench, halves


def thirds(pixels: int = 64) -> torch.Tensor:
    """Three masks [3,h,w] beside each other."""
    masks = torch.zeros(3, pixels, pixels)
    for j in range(3):
        masks[j, :, j * pixels // 3 : (j + 1) * pixels // 3] = 1
    return masks


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
    numbers = host.pack.guidance.batch_index.image_numbers
    drawn = host.comfy.sample.prepare_noise(torch.zeros(5, 4, 8, 8), 2**63)
    assert numbers(drawn, 2**63) == (0, 1, 2, 3, 4)
    assert numbers(drawn[[3, 1, 1]], 2**63) == (3, 1, 1)
    assert numbers(drawn[[3, 1]], 7) == (0, 1) and numbers(torch.zeros(2, 4, 8, 8), 7) == (0, 1)
    odd = host.comfy.sample.prepare_noise(torch.zeros(3, 4, 9, 11), 5)  # drawn whole, other numbers than one by one
    assert numbers(odd, 5) == (0, 1, 2)
    for dtype in (torch.float32, torch.float16):  # --fp16-intermediates
        taken = host.comfy.sample.prepare_noise(torch.zeros(2, 4, 8, 8, dtype=dtype), 11, [70, 3])
        assert taken.dtype == dtype and numbers(taken, 11) == (70, 3)


def test_an_image_beyond_the_64th_is_dealt_what_it_is_dealt_in_the_batch(bench, setting):
    target = bench.target(assignment="independent draws", seed=4)
    model, attention = bench.fair(target, masks=halves(), start_percent=0.0, end_percent=1.0, steering="in full")
    bench.sample(model, setting.positive, batch=70, steps=1)
    batch = [[p.attribute for p in people] for people in attention.runs[-1].people]
    number = next(n for n in range(64, 70) if batch[n] != batch[0])
    bench.sample(model, setting.positive, steps=1, noise=[number])
    assert [p.attribute for p in attention.runs[-1].people[0]] == batch[number]


def test_pictures_of_one_noise_are_said_to_be_dealt_alike(bench, setting):
    model, attention = bench.fair(bench.target(), masks=halves())
    bench.sample(model, setting.positive, batch=2, noise=[5, 5])
    assert attention.runs[-1].notes == [
        "the pictures of this batch share their noise, so that each was dealt the same attributes"
    ]
    bench.sample(model, setting.positive, batch=2, noise=[5, 6])
    assert attention.runs[-1].notes == []


@pytest.mark.parametrize("sampler", ["euler", "euler_ancestral", "dpmpp_2m", "dpmpp_sde", "ddim", "heun", "uni_pc"])
def test_samplers(bench, setting, sampler):
    model, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves(), strength=5.0)
    fair = bench.sample(model, setting.positive, sampler=sampler)
    plain = bench.sample(bench.model, setting.positive, sampler=sampler)
    assert fair.isfinite().all() and (fair - plain).abs().max() > 1e-3


@pytest.mark.parametrize("seed", [0, 2**63])
def test_extreme_seeds(bench, setting, seed):
    """Both seeds count for who gets what, to the last bit: as dealt by the target's own rule from the two together."""
    target = bench.target("skin tone", seed=seed)
    model, attention = bench.fair(target, masks=thirds(), start_percent=0.0, steering="in full")
    drawn = bench.sample(model, setting.positive, seed=seed, steps=3)
    assert drawn.isfinite().all() and not torch.equal(
        drawn, bench.sample(bench.model, setting.positive, seed=seed, steps=3)
    )
    wanted = deal(target, [0, 0, 0], seed * 2**64 + seed, 0, {})
    assert [p.attribute for p in attention.runs[-1].people[0]] == wanted


@pytest.mark.parametrize("family", ["sd2", "sdxl"])
@pytest.mark.parametrize("preservation", ["soft", "blended"])
def test_v_prediction_and_sdxl(host, tmp_path, family, preservation):
    import comfy.sd

    from fair_attention.host import tiny

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
    step_of = host.pack.guidance.schedule.step_of
    schedule = torch.tensor([10.0, 5.0, 1.0, 0.0])
    assert [step_of(s, schedule, -1) for s in (10.0, 7.0, 5.0, 5.00001, 4.99999, 1.0, 0.5)] == [0, 0, 1, 1, 1, 2, 2]
    assert step_of(20.0, schedule, -1) == 0 and step_of(3.0, None, 7) == 7


def test_cfg_1_and_more_than_two_attributes(bench, setting):
    model, attention = bench.fair(bench.target("skin tone"), regions=setting.regions, masks=halves())
    fair = bench.sample(model, setting.positive, cfg=1.0)
    assert fair.isfinite().all()
    assert not torch.equal(fair, bench.sample(bench.model, setting.positive, cfg=1.0))
    assert len({p.attribute for p in attention.runs[-1].people[0]}) == 2


@pytest.mark.parametrize("attributes", [["female"], ["gender", "skin tone"]], ids=["one", "eight"])
def test_without_a_negative_an_attribute_alone_is_set_against_the_prompt(bench, setting, attributes):
    """At cfg 1 the host passes zeros as the unconditional prediction, which would leave the attribute's whole one."""
    target = None
    for name in attributes:
        given = ("own list", f"{name} 1") if name == "female" else (name, "")
        target = bench.target(*given, cross_with=target)
    model, _ = bench.fair(target, masks=halves())

    def moved(cfg: float) -> float:
        plain = bench.sample(bench.model, setting.positive, cfg=cfg)
        return float((bench.sample(model, setting.positive, cfg=cfg) - plain).norm())

    assert 0 < moved(1.0) < 10 * moved(1.5)  # by a whole prediction it would be 30,000 times


@pytest.mark.parametrize(
    "crossed, steering, hold, asked",
    [
        ("", "by need", "", 2 + 4), ("gender", "by need", "", 2 + 4 + 2), ("", "in full", "", 2 + 4),
        ("gender", "in full", "", 2 + 1), ("", "by need", "auto", 2 + 4 + 2), ("gender", "in full", "age", 2 + 1 + 3),
    ],
)  # fmt: skip
def test_which_prompts_are_predicted(bench, setting, host, crossed, steering, hold, asked):
    """One person. By need the values of each axis; in full a set of up to four, and of eight crossed ones what is given.
    Held axes ride along once more."""
    target = bench.target("skin tone", cross_with=bench.target(crossed) if crossed else None)
    model, _ = bench.fair(target, regions=setting.regions, masks=halves()[:1], steering=steering, hold=hold)
    seen = []

    def count(executor, model, conds, *args):
        seen.append(len(conds))
        return executor(model, conds, *args)

    model.add_wrapper_with_key(host.comfy.patcher_extension.WrappersMP.CALC_COND_BATCH, "test", count)
    bench.sample(model, setting.positive)
    assert max(seen) == asked


def test_momentum_and_quantile_each_change_the_picture(bench, setting):
    """What they do is in tests/unit/guidance/test_guide.py; here, that each of the inputs arrives there."""
    pictures = []
    for settings in ({}, {"momentum": 0.3}, {"momentum": 0.3, "momentum_beta": 0.9}, {"quantile": 0.5}):
        model, _ = bench.fair(
            bench.target(), regions=setting.regions, masks=halves(), every=1, steering="in full", **settings
        )
        pictures.append(bench.sample(model, setting.positive, steps=6))
    assert all(p.isfinite().all() for p in pictures)
    assert all(not torch.equal(a, b) for i, a in enumerate(pictures) for b in pictures[:i])
