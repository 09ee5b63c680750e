"""Fair Inference with masks on every family of image transformers: what it promises, on random models of the host's own classes.

A step that ends at noise level 0 gives the denoised prediction itself. With flow matching (x = (1 - s) x0 + s n) the host
makes it of the velocity, D = x - s v, and the guidance is a difference of such D, as it is of those of eps and of v.
"""

import pytest
import torch

from fair_attention.host import random_dit
from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.transformers_bench import Family

PROMPT, STRENGTH = "a photo of two doctors", 4.0


@pytest.fixture(scope="module", params=random_dit.FAMILIES)
def bench(request, host, tiny_checkpoint) -> Family:
    if not random_dit.known(request.param):
        pytest.skip("this ComfyUI does not know the family")
    with torch.inference_mode():
        return Family(host, tiny_checkpoint, request.param)


def left_half() -> torch.Tensor:
    return halves()[:1]


def test_strength_0_is_the_plain_picture_bit_for_bit(bench):
    positive = bench.encode(PROMPT)
    model, attention = bench.fair(bench.target(), masks=halves(), strength=0.0)
    assert torch.equal(bench.sample(model, positive), bench.sample(bench.model, positive))
    assert attention.runs[-1].why_plain == "strength is 0, so nobody is steered"


@pytest.mark.parametrize("cfg", [1.0, 5.0])
def test_what_one_step_adds_is_strength_times_mask_times_direction(bench, cfg):
    """denoised - plain = s M (D_a - D_a'), whatever the sampler's own guidance; at cfg 1 the host predicts no negative."""
    target, positive = bench.target(), bench.encode(PROMPT)
    model, attention = bench.fair(
        target, masks=halves(), strength=STRENGTH, start_percent=0.0, end_percent=1.0, every=1, steering="in full"
    )
    plain = bench.sample(bench.model, positive, steps=1, cfg=cfg)
    added = bench.sample(model, positive, steps=1, cfg=cfg) - plain
    said = [bench.sample(bench.model, bench.encode(a.prompt), steps=1, cfg=1.0) for a in target.attributes]
    (people,) = attention.runs[-1].people
    assert [p.label for p in people] == ["mask 1", "mask 2"] and people[0].attribute != people[1].attribute
    third = 3 * bench.side // 8  # the middle columns are both people's: their masks' borders are soft
    for person, columns in zip(people, (slice(0, third), slice(-third, None)), strict=True):
        wanted = STRENGTH * (said[person.attribute] - said[1 - person.attribute])
        assert wanted.abs().max() > 1e-3
        rounding = 2e-3 * wanted.abs().max() + 2e-6 * plain.abs().max()
        assert torch.allclose(added[..., columns], wanted[..., columns], atol=float(rounding))


def test_strength_4_changes_what_is_inside_more_than_ten_times_what_is_outside(bench):
    """The default window: two steps of four are steered, and at the second the picture outside sees the changed one."""
    positive = bench.encode(PROMPT)
    model, attention = bench.fair(bench.target(), masks=left_half(), strength=STRENGTH, steering="in full")
    change = (bench.sample(model, positive) - bench.sample(bench.model, positive)).abs()
    assert attention.runs[-1].guided == "steered at steps 3 to 4 of 4"
    third = 3 * bench.side // 8
    inside, outside = change[..., :third].mean(), change[..., -third:].mean()
    assert inside > 10 * outside > 0, float(inside / outside)


def test_a_batch_of_three_is_three_pictures(bench):
    """In full: by need, the cells that are just strong enough to be used depend on rounding, here on 6 of 4096."""
    positive, settings = bench.encode(PROMPT), {"start_percent": 0.3, "steering": "in full"}
    model, attention = bench.fair(bench.target(seed=1), masks=halves(), strength=STRENGTH, **settings)
    batch = bench.sample(model, positive, batch=3)
    dealt = [[p.attribute for p in people] for people in attention.runs[-1].people]
    for number in range(3):
        alone = bench.sample(model, positive, noise=[number])
        assert [p.attribute for p in attention.runs[-1].people[0]] == dealt[number]
        assert torch.allclose(batch[number], alone[0], atol=1e-3 * float(batch.abs().max()))


@pytest.mark.parametrize("preservation", ["soft", "blended"])
def test_the_picture_outside_is_kept(bench, preservation):
    """blended: outside the mask the latent is the plain one; the plain one itself is beside it."""
    positive = bench.encode(PROMPT)
    model, attention = bench.fair(bench.target(), masks=left_half(), strength=STRENGTH, preservation=preservation)
    fair, plain = bench.sample(model, positive), bench.sample(bench.model, positive)
    assert fair.shape == plain.shape and fair.isfinite().all()
    if preservation == "blended":
        assert torch.equal(attention.runs[-1].plain, plain)
        third = 3 * bench.side // 8
        assert torch.allclose(fair[..., -third:], plain[..., -third:], atol=1e-5 * float(plain.abs().max()))


def test_the_report_says_at_which_steps_people_were_steered(bench):
    model, attention = bench.fair(bench.target(), masks=halves())
    sampled = bench.sample(model, bench.encode(PROMPT), cfg=1.0)
    (report, _) = bench.node["FairReport"].execute(attention, {"samples": sampled}).result
    assert "steered at steps 3 to 4 of 4" in report
    distilled = bench.name in ("Flux dev", "Flux 2")
    assert ("distilled for guidance" in report) == distilled
