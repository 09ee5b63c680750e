"""Through which nodes the prompt is still known, what stays of the positive in an attribute prompt, and what is refused."""

import pytest
import torch

from fair_attention.tests.host.capture_bench import CaptureBench
from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.oracle import Expectation

PROMPT = "three doctors next to flowers and doctors"
LONG = "a photo of three doctors, " + "very good light, " * 25  # two chunks
EDGE = "a photo of three doctors" + ", light" * 35  # 75 tokens: the largest single chunk


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return CaptureBench(host, tiny_checkpoint)


def core(bench, kind, *args):
    node = bench.node[kind]
    return getattr(node(), node.FUNCTION)(*args)[0]


def concatenated(bench, first, second):
    return core(bench, "ConditioningConcat", first, second)


def prompts_seen(bench, model, positive, steps=4):
    """The texts [1,L,d] that the U-Net is given beside the sampler's own two, in the first call with any."""
    seen = []

    def calc(executor, calc_model, conds, *args, **kwargs):
        seen.append([c[0]["cross_attn"] for c in conds[2:]])
        return executor(calc_model, conds, *args, **kwargs)

    model = model.clone()
    model.add_wrapper_with_key(bench.host.comfy.patcher_extension.WrappersMP.CALC_COND_BATCH, "test", calc)
    bench.sample(model, positive, steps=steps)
    return next(texts for texts in seen if texts)


def fair(bench, prompt, **kw):
    tokens, positive = bench.align(prompt)
    settings = {"regions": bench.regions(tokens), "masks": halves(), "every": 1, "hold": "", **kw}
    return *bench.fair(bench.target(), **settings), positive


@pytest.mark.parametrize("factor", [0.5, 1.3, -1.0])
def test_a_multiple_of_the_prompt_is_the_prompt(bench, factor):
    if "ConditioningMultiply" not in bench.node:
        pytest.skip("not in 0.3.75")
    model, attention, positive = fair(bench, "a photo of three doctors")
    multiple = core(bench, "ConditioningMultiply", positive, factor)
    female, male = prompts_seen(bench, model, multiple)
    for text, gender in ((female, "female"), (male, "male")):
        assert torch.allclose(text, factor * bench.encode(f"a photo of three {gender} doctors")[0][0], atol=1e-5)
    assert len(attention.runs[-1].people[0]) == 2


def test_the_prompt_behind_another_one_is_found_and_its_words_recorded_there(bench):
    positive = concatenated(bench, bench.encode("a cat on a mat"), bench.encode(PROMPT))
    patched, attention = bench.record()
    from fair_attention.tests.host.oracle import Oracle, expected_maps, largest_difference

    plain = bench.sample(bench.model, positive, steps=2)
    with Oracle(bench.model.model.diffusion_model) as oracle:
        assert torch.equal(bench.sample(patched, positive, steps=2), plain)
    words = [tuple(77 + p for p in w.positions) for w in attention.watch.words]
    run = attention.runs[-1]
    expected = expected_maps(oracle, words, run.store.latent_size, Expectation(length=154))
    assert largest_difference(run.store, expected) < 1e-6 and run.notes == []
    model, attention, own = fair(bench, "a photo of three doctors")
    cat = bench.encode("a cat on a mat")
    female, _ = prompts_seen(bench, model, concatenated(bench, cat, own))
    assert torch.equal(female[:, :77], cat[0][0])
    assert torch.allclose(female[:, 77:], bench.encode("a photo of three female doctors")[0][0], atol=1e-5)


def test_a_prompt_of_75_tokens_keeps_what_is_concatenated_behind_it(bench):
    model, _, positive = fair(bench, EDGE)
    assert positive[0][0].shape[1] == 77
    cat = bench.encode("a cat on a mat")
    female, _ = prompts_seen(bench, model, concatenated(bench, positive, cat))
    inserted = bench.encode(EDGE.replace("doctors", "female doctors"))[0][0]
    assert inserted.shape[1] == 154 and female.shape[1] == 231
    assert torch.allclose(female[:, :154], inserted, atol=1e-5) and torch.equal(female[:, 154:], cat[0][0])


@pytest.mark.parametrize(
    "given", [{"steer_by": "the attribute alone"}, {"regions": None}], ids=["regions", "masks alone"]
)
def test_the_attribute_alone_keeps_nothing_of_a_long_prompt(bench, given):
    model, _, positive = fair(bench, LONG, **given)
    assert positive[0][0].shape[1] == 154
    female, male = prompts_seen(bench, model, positive)
    assert torch.equal(female, bench.encode("female person")[0][0]) and torch.equal(
        male, bench.encode("male person")[0][0]
    )


def test_a_stated_attribute_makes_way_where_it_may_be_edited(bench):
    tokens, positive = bench.align("a photo of a female doctor", edit_fixed=True)
    model, _ = bench.fair(bench.target(), regions=bench.regions(tokens), masks=halves()[:1], every=1, hold="")
    female, male = prompts_seen(bench, model, positive)
    for text, gender in ((female, "female"), (male, "male")):
        assert torch.allclose(text, bench.encode(f"a photo of a {gender} doctor")[0][0], atol=1e-5)


def test_an_average_is_refused_by_name(bench):
    model, _, positive = fair(bench, "a photo of three doctors")
    mixed = core(bench, "ConditioningAverage", positive, bench.encode("a cat on a mat"), 0.6)
    with pytest.raises(
        ValueError, match=r"Fair Inference: none of .*mixed with one \(ConditioningAverage\).* ConditioningConcat"
    ):
        bench.sample(model, mixed)
    masked, attention = bench.fair(bench.target(), masks=halves())  # with masks alone any positive will do
    assert bench.sample(masked, mixed).isfinite().all() and attention.runs[-1].people


def test_one_prompt_for_each_picture_is_held_in_every_row_or_refused(bench):
    model, attention, positive = fair(bench, "a photo of three doctors")
    same = [[positive[0][0].expand(2, -1, -1), positive[0][1]]]
    assert bench.sample(model, same, batch=2).isfinite().all() and len(attention.runs[-1].people) == 2
    other = bench.encode("a cat on a mat")[0][0]
    for rows in ([positive[0][0], other], [other, positive[0][0]]):
        with pytest.raises(
            ValueError, match="holds one prompt for each picture of the batch, and not all of them are this prompt"
        ):
            bench.sample(model, [[torch.cat(rows), positive[0][1]]], batch=2)
        behind = torch.cat([torch.cat(rows), other.expand(2, -1, -1)], 1)  # with another text behind each
        with pytest.raises(ValueError, match="holds one prompt for each picture of the batch"):
            bench.sample(model, [[behind, positive[0][1]]], batch=2)


def test_another_clip_than_the_prompt_s_is_refused(bench):
    """CLIP Set Last Layer between Linguistic Alignment and Fair Inference, or between the prompt and the sampler."""
    skipping = core(bench, "CLIPSetLastLayer", bench.clip, -2)
    tokens, positive = bench.align("a photo of three doctors")
    node = bench.node["FairInference"]
    with pytest.raises(
        ValueError, match=r"Fair Inference, clip: it encodes the prompt otherwise.* CLIP Set Last Layer"
    ):
        node.execute(bench.model, skipping, bench.target(), bench.regions(tokens))
    model, _ = bench.fair(bench.target(), regions=bench.regions(tokens))
    skipped = bench.host.nodes.CLIPTextEncode().encode(skipping, "a photo of three doctors")[0]
    with pytest.raises(ValueError, match=r"Fair Inference: none of .*encoded by another CLIP .*CLIP Set Last Layer"):
        bench.sample(model, skipped)


def test_masks_of_every_shape_and_empty_ones(bench):
    tokens, positive = bench.align("a photo of three doctors")
    left, none = halves()[0], torch.zeros(64, 64)

    def sampled(masks, **kw):
        model, attention = bench.fair(bench.target(), regions=bench.regions(tokens), masks=masks, **kw)
        return bench.sample(model, positive), [p.attribute for p in attention.runs[-1].people[0]] if attention.runs[
            -1
        ].people else []

    wanted, people = sampled(left[None])
    assert len(people) == 1
    for same in (left, left[None, None], torch.stack([none, left, none, none, none])):  # empty ones are nobody
        assert torch.equal(sampled(same)[0], wanted)
    plain = bench.sample(bench.model, positive)
    for empty in (none, none[None], torch.zeros(5, 64, 64)):
        assert torch.equal(sampled(empty)[0], plain)
    with pytest.raises(
        ValueError, match=r"Fair Inference, masks: got shape \(1, 3, 64, 64\); give one mask per person"
    ):
        sampled(torch.ones(1, 3, 64, 64))


def test_one_mask_over_two_people_is_two_people_where_asked(bench):
    tokens, positive = bench.align("a photo of three doctors")
    both = torch.zeros(1, 64, 64)
    both[:, 8:56, 40:60] = 1
    both[:, 8:56, 4:24] = 0.8
    both[:, 0, 32] = 1  # a speck of the brush
    for kind, count in (("one person", 1), ("one person for each separate part", 2)):
        model, attention = bench.fair(bench.target(), regions=bench.regions(tokens), masks=both, each_mask=kind)
        bench.sample(model, positive)
        people = attention.runs[-1].people[0]
        assert len(people) == count
    left, right = (p.mask for p in people)
    assert left[:, 32:].max() == 0 and right[:, :32].max() == 0 and float(left.max()) == pytest.approx(0.8)


def test_an_attribute_prompt_brings_all_that_its_encoder_says_of_it(host):
    """A mask of the text that has gone must not stay, nor one be kept beside another text in part; what other nodes say stays."""
    conditionings = host.pack.nodes.sampling.conditionings
    text, other = torch.ones(1, 5, 8), torch.zeros(1, 3, 8)
    cond = {
        "uuid": 1,
        "cross_attn": text,
        "pooled_output": torch.ones(1, 4),
        "attention_mask": torch.ones(1, 5),
        "guidance": 3.5,
    }
    extras = {"pooled_output": torch.zeros(1, 4), "conditioning_llama3": torch.zeros(1, 2, 3, 8)}
    whole = conditionings.variant(cond, other, extras, conditionings.Held(5))
    assert whole["cross_attn"] is other and whole["guidance"] == 3.5 and whole["uuid"] != 1
    assert "attention_mask" not in whole and not whole["pooled_output"].any()
    assert whole["conditioning_llama3"] is extras["conditioning_llama3"]
    part = conditionings.variant(cond, other, extras, conditionings.Held(5, 0, 2))
    assert part["cross_attn"].shape == (1, 6, 8) and torch.equal(part["cross_attn"][:, 3:], text[:, 2:])
    assert part["attention_mask"] is cond["attention_mask"] and "conditioning_llama3" not in part
    assert conditionings.variant(cond, other, {"pooled_output": None}, conditionings.Held(5))["pooled_output"] is None


def test_a_prompt_of_any_length_is_found_at_the_beginning_and_at_the_end(host):
    """T5 and language models encode texts as long as they are: a concatenated one begins where the other has ended."""
    held_in = host.pack.nodes.sampling.conditionings.held_in
    drawn = torch.Generator().manual_seed(0)
    own, other = torch.randn(1, 13, 8, generator=drawn), torch.randn(1, 20, 8, generator=drawn)
    assert held_in(torch.cat([own, other], 1), own)[1:3] == (0, 13)
    assert held_in(torch.cat([other, own], 1), own)[1:3] == (20, 13)
    assert held_in(other, own) is None and held_in(own[:, :7], own) is None
