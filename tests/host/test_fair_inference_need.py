"""Steering by need on the real host: who gets what by what they are becoming, who is left alone, and what is said of it."""

import pytest
import torch

from fair_attention.guidance.fair.dealing import UNLIKELY
from fair_attention.guidance.fair.directions import keep_energy, soften_mask
from fair_attention.guidance.fair.need import ENERGY, attribute_shares, direction_weights, need_of
from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.post_cfg import denoised

GENDER_WORDS = ("female", "male")


def test_the_first_guided_step_is_the_formula(bench, setting, host):
    """denoised - plain = sum_j M_j (.) phi(push * (D_a - D_b)), written out from the U-Net's own predictions."""
    model, attention = bench.fair(
        bench.target(),
        regions=setting.regions,
        masks=halves(),
        strength=3.0,
        start_percent=0.5,
        end_percent=1.0,
        hold="",
    )
    calls = []

    def keep(executor, model, conds, *args):
        out = executor(model, conds, *args)
        calls.append([prediction.clone() for prediction in out])
        return out

    model.add_wrapper_with_key(host.comfy.patcher_extension.WrappersMP.CALC_COND_BATCH, "test", keep)
    guided = denoised(bench, model, setting.positive, cfg=5.0)
    step = next(i for i, call in enumerate(calls) if len(call) > 2)
    assert step == 2  # of four steps the third is the first behind the middle
    positive, negative, *both = calls[step]
    people = attention.runs[-1].people[0]
    masks = torch.stack([p.mask for p in people])[None]
    soft = host.pack.attention.maps.resize(soften_mask(masks), (8, 8))
    attributes = torch.stack([prediction[0] for prediction in both]).expand(1, 2, -1, -1, -1, -1)
    shares = attribute_shares(positive.unsqueeze(1), attributes, soft)
    needs = [need_of(shares[0, j], person.attribute) for j, person in enumerate(people)]
    weights = [n.push(p, 3.0) * direction_weights(p, n.given) for n, p in zip(needs, shares[0], strict=True)]
    # D_a - D_b is small beside D_a: rounded in another order it would have other cells among its strongest.
    directions = torch.einsum("bnk,bnkchw->bnchw", torch.stack(weights)[None].float(), attributes)
    expected = torch.zeros_like(positive)
    for j in range(len(people)):
        expected += soft[:, j].unsqueeze(1) * keep_energy(directions[:, j], soft[:, j], ENERGY)
    assert expected.abs().max() > 1e-4
    plain = negative + 5.0 * (positive - negative)
    torch.testing.assert_close(guided[step] - plain, expected, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize(
    ("steps", "inputs", "read"),
    [
        (20, {}, [10, 12, 14, 16]),
        (20, {"every": 3}, [10, 13, 16]),
        (40, {}, [20, 25, 30, 35]),  # not at twice as many: the steps are half as long
        (50, {"start_percent": 0.4}, [20, 27, 34, 41]),
        (40, {"every": 1}, list(range(20, 36))),
        (40, {"steering": "in full"}, list(range(20, 36, 2))),
    ],
)
def test_a_longer_run_reads_the_attributes_no_more_often(bench, setting, host, steps, inputs, read):
    """Which steps predict the attribute prompts; from the middle, or where named, to nine tenths of the sampling."""
    inputs = {"start_percent": 0.5, "end_percent": 0.9, **inputs}
    model, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves(), **inputs)
    asked = []

    def count(executor, model, conds, *args):
        asked.append(len(conds))
        return executor(model, conds, *args)

    model.add_wrapper_with_key(host.comfy.patcher_extension.WrappersMP.CALC_COND_BATCH, "test", count)
    bench.sample(model, setting.positive, steps=steps)
    assert [step for step, prompts in enumerate(asked) if prompts > 2] == read


def test_the_quota_goes_to_those_whom_it_changes_least(bench, setting):
    """Two people, one of each gender to deal: of both ways the one whose leanings multiply to more."""
    for seed in range(4):
        model, attention = bench.fair(bench.target(seed=seed), regions=setting.regions, masks=halves())
        bench.sample(model, setting.positive, seed=seed)
        one, other = attention.runs[-1].people[0]
        assert {one.attribute, other.attribute} == {0, 1}
        leaning = [[max(share, UNLIKELY) for share in person.steered[0].before] for person in (one, other)]
        as_dealt = leaning[0][one.attribute] * leaning[1][other.attribute]
        assert as_dealt >= leaning[0][other.attribute] * leaning[1][one.attribute] - 1e-9


def test_what_was_read_and_done_is_recorded_and_said(bench, setting):
    model, attention = bench.fair(bench.target(), regions=setting.regions, masks=halves(), strength=3.0, hold="")
    latent = {"samples": bench.sample(model, setting.positive)}
    text = bench.node["FairReport"].execute(attention, latent).result[0]
    for person in attention.runs[-1].people[0]:
        (record,) = person.steered
        assert (
            record.axis == "gender" and sum(record.before) == pytest.approx(1) and sum(record.after) == pytest.approx(1)
        )
        assert record.changing == (record.before[person.attribute] < 0.5)
        if record.changing:
            # four steps: the third and fourth lie between 0.4 and 0.9, predicted once, so one size for both
            assert record.steps == 2 and record.push == pytest.approx(3.0 * (1 - record.before[person.attribute]))
        word = "was becoming" if record.changing else "already"
        assert word in text
    assert "asked for 50%" in text


@pytest.mark.parametrize("steering", ["by need", "in full"])
def test_held_axes_are_predicted_at_every_second_reading_and_recorded_and_said(bench, setting, host, steering):
    """Four values ride along at the first guided step, and again two readings later while somebody changes."""
    model, attention = bench.fair(
        bench.target(), regions=setting.regions, masks=halves()[:1], hold="Skin tone", steering=steering, every=1, end_percent=1.0
    )  # fmt: skip
    asked = []

    def count(executor, model, conds, *args):
        asked.append(len(conds))
        return executor(model, conds, *args)

    model.add_wrapper_with_key(host.comfy.patcher_extension.WrappersMP.CALC_COND_BATCH, "test", count)
    latent = {"samples": bench.sample(model, setting.positive, steps=8)}
    (person,) = attention.runs[-1].people[0]
    gender, tone = person.steered
    again = 8 if gender.changing else 4
    assert asked == [2, 2, 2, 8, 4, again, 4, again]  # positive, negative; two genders; four tones
    assert (gender.held, tone.held, tone.axis, tone.steps) == (False, True, "skin tone", 0)
    assert tone.given == tone.values[max(range(4), key=tone.before.__getitem__)]
    said = f"skin tone held: {tone.given} ({max(tone.before):.2f})"
    assert said in bench.node["FairReport"].execute(attention, latent).result[0]
    plain, _ = bench.fair(
        bench.target(),
        regions=setting.regions,
        masks=halves()[:1],
        steering=steering,
        every=1,
        end_percent=1.0,
        hold="",
    )
    assert not torch.equal(bench.sample(plain, setting.positive, steps=8), latent["samples"])


def test_unknown_sets_are_not_held_and_what_the_prompt_states_needs_no_holding(bench, setting):
    with pytest.raises(
        ValueError, match="Fair Inference, hold: 'height' is no ready-made set; write auto, or some of gender"
    ):
        bench.fair(bench.target(), regions=setting.regions, hold="age, height")
    tokens, positive = bench.align("a photo of two dark doctors")
    model, attention = bench.fair(bench.target(), regions=bench.regions(tokens), masks=halves()[:1], hold="skin tone")
    bench.sample(model, positive)
    assert [s.axis for s in attention.runs[-1].people[0][0].steered] == ["gender"]  # the prompt itself holds it


@pytest.mark.parametrize(
    ("attributes", "held"),
    [
        ("gender", ["skin tone"]), ("skin tone", ["gender"]), ("race", ["gender"]), ("age", []),
        ("female 1\nmale 1", ["skin tone"]), ("tall 1\nsmall 1", []),
    ],
)  # fmt: skip
def test_what_is_held_unless_the_user_says_otherwise(bench, setting, attributes, held):
    """Gender and skin tone while the other is steered, in whatever words, and nothing else."""
    target = bench.target("own list", attributes) if "\n" in attributes else bench.target(attributes)
    model, attention = bench.fair(target, regions=setting.regions, masks=halves()[:1])
    bench.sample(model, setting.positive)
    steered = attention.runs[-1].people[0][0].steered
    assert [s.axis for s in steered if s.held] == held


def test_what_is_steered_is_not_held(bench, setting):
    """Holding the target's own axis takes nothing away."""
    held, free = (
        bench.fair(bench.target(), regions=setting.regions, masks=halves(), hold=hold)[0] for hold in ("gender", "")
    )
    assert torch.equal(bench.sample(held, setting.positive), bench.sample(free, setting.positive))


def test_in_full_is_the_old_rule(bench, setting):
    """Everybody at full strength: the same latent as the opposed directions added by hand would give, recorded as such."""
    model, attention = bench.fair(bench.target(), regions=setting.regions, masks=halves(), steering="in full")
    full = bench.sample(model, setting.positive)
    need, _ = bench.fair(bench.target(), regions=setting.regions, masks=halves())
    assert not torch.equal(full, bench.sample(need, setting.positive))
    assert all(s.before == () and s.push == 7.0 for p in attention.runs[-1].people[0] for s in p.steered)


def test_the_report_says_whether_what_was_given_is_read(bench, setting, host):
    readers = host.pack.metrics.readers
    reading = readers.Reading
    model, attention = bench.fair(bench.target(), regions=setting.regions, masks=halves())
    latent = {"samples": bench.sample(model, setting.positive)}
    people = attention.runs[-1].people[0]
    given = [GENDER_WORDS[p.attribute] for p in people]
    readings = (reading((0, 0, 32, 64), {"gender": given[0]}), reading((32, 0, 64, 64), {"gender": given[0]}))
    read = readers.ReadAttributes("test reader", {"gender": GENDER_WORDS}, (readings,))
    text = bench.node["FairReport"].execute(attention, latent, attributes=read).result[0]
    assert f"read as {given[0]}: reached" in text and f"read as {given[0]}: not reached" in text
    assert f"{given[0]}: 1 of 2 (50%), asked for 50%, read as such 1" in text
    assert f"{given[1]}: 1 of 2 (50%), asked for 50%, read as such 0" in text
    two = readers.ReadAttributes("test reader", {"gender": GENDER_WORDS}, (readings, readings))
    with pytest.raises(ValueError, match="Fair Report, attributes: read in 2 pictures, but the latent holds 1"):
        bench.node["FairReport"].execute(attention, latent, attributes=two)
