"""What other patches see of the attribute prompts, and what Fair Inference's directions are measured from."""

import pytest
import torch

from fair_attention.tests.host.composition import ways
from fair_attention.tests.host.composition.ours import PROMPT
from fair_attention.tests.host.conditions import halves


@pytest.mark.parametrize("nodes", [1, 2])
def test_attribute_prompts_pass_as_positives_behind_the_sampler_s_own(bench, nodes):
    tokens, positive = bench.align(PROMPT)
    own, seen = positive[0][0], []

    def attn2_patch(n, context, value, options):
        rows = context.chunk(len(options["cond_or_uncond"]))
        same = [torch.allclose(row, own.expand_as(row), atol=1e-3) for row in rows]
        seen.append((options["cond_or_uncond"], len(options["uuids"]), same))
        return n, context, value

    model = bench.model.clone()
    model.set_model_attn2_patch(attn2_patch)
    for _ in range(nodes):
        model, _ = bench.fair(bench.target(), model=model, regions=bench.regions(tokens), masks=halves(), every=1)
    bench.sample(model, positive, steps=3)
    beside = [call for call in seen if len(call[0]) > 2]
    # of each node two genders, and the four skin tones that are held where they are asked
    assert beside and all(len(numbers) in (2 + 2 * nodes, 2 + 6 * nodes) for numbers, _, _ in beside)
    assert len(beside[0][0]) == 2 + 6 * nodes and all(len(numbers) == uuids for numbers, uuids, _ in beside)
    for numbers, _, same in beside:
        assert sorted(numbers[:2]) == [0, 1] and set(numbers[2:]) == {0}
        assert same.index(True) == numbers.index(0) and same.count(True) == 1


def test_rows_come_back_to_their_prompts(bench):
    """With other numbers and another order inside, the picture is the one of prompts that are each asked for alone."""
    tokens, positive = bench.align(PROMPT)
    kwargs = {"regions": bench.regions(tokens), "masks": halves(), "every": 1}
    model, _ = bench.fair(bench.target(), **kwargs)
    alone, _ = bench.fair(bench.target(), model=bench.model.clone(), **kwargs)

    def one_by_one(executor, calc_model, conds, *args, **kw):
        return [executor(calc_model, [group], *args, **kw)[0] for group in conds]

    alone.add_wrapper_with_key(
        bench.host.comfy.patcher_extension.WrappersMP.CALC_COND_BATCH, "test.one_by_one", one_by_one
    )
    together = bench.sample(model, positive, steps=3)
    assert torch.allclose(together, bench.sample(alone, positive, steps=3), atol=5e-3, rtol=1e-3)
    assert (together - bench.sample(bench.model, positive, steps=3)).abs().max() > 0.01


def test_a_second_prompt_in_the_guider_is_not_what_directions_are_measured_from(bench, monkeypatch):
    """Among three attributes the base does not cancel. In the first step all guiders see the same latent."""
    monkeypatch.setattr(ways, "STEPS", 1)
    tokens, positive = bench.align(PROMPT)
    target = bench.target("own list", "young 1\nold 1\nmiddle-aged 1")
    model, _ = bench.fair(target, regions=bench.regions(tokens), masks=halves(), start_percent=0.0, every=1)
    scales = {"negative": ways.negative, "cfg_conds": 5.0, "cfg_cond2_negative": 4.0}
    single = ways.guided_by("CFGGuider", negative=ways.negative, cfg=5.0)
    regular = ways.guided_by("DualCFGGuider", cond2=ways.another, **scales, style="regular")
    nested = ways.guided_by("DualCFGGuider", cond2=ways.another, **scales, style="nested")
    wanted, two, scaled = (
        sample(bench, model, positive) - sample(bench, bench.model, positive) for sample in (single, regular, nested)
    )
    assert wanted.abs().max() > 0.01
    assert torch.allclose(two, wanted, atol=1e-3, rtol=1e-3)
    assert torch.allclose(scaled, 4 * wanted, atol=4e-3, rtol=1e-3)
