"""The sampler's own forward carries the energy's gradient: the same picture as by a pass of its own, for less."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from fair_attention.host import hosts
from fair_attention.tests.host.composition import community, core_nodes, ways
from fair_attention.tests.host.composition.test_gradient import writing
from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.energy_bench import ATTRIBUTION, EnergyBench, overlaps
from fair_attention.tests.host.post_cfg import denoised

ALL = "all but the middle (BiasMap's 15 layers)"


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return EnergyBench(host, tiny_checkpoint)


@pytest.fixture
def passes(host, monkeypatch) -> list:
    """Grows by one with each pass apart from the sampler's own call."""
    seen, kind = [], host.pack.nodes.energy.separate_pass.EnergyPass
    real = kind.__call__

    def counting(self, *args):
        seen.append(1)
        return real(self, *args)

    monkeypatch.setattr(kind, "__call__", counting)
    return seen


@contextmanager
def never_shared(host) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host.pack.nodes.energy.shared_pass.SharedForward, "_may_be_split", lambda *_: False)
        yield


def close(one: torch.Tensor, other: torch.Tensor, share: float = 1e-4) -> bool:
    return float((one - other).abs().max()) < share * float(other.abs().max())


def plainly(**settings):
    return lambda bench, model, positive: bench.sample(model, positive, **{"steps": 2, **settings})


def half(dtype):
    def patch(bench, model):
        model = model.clone()
        model.set_model_compute_dtype(dtype)
        return model

    return patch


def writes(bench, model):
    model = model.clone()
    model.set_model_output_block_patch(writing)
    return model


SHARED = {
    "euler": (plainly(), {}, None),
    "all blocks": (plainly(), {"blocks": ALL}, None),
    "batch": (plainly(batch=2), {}, None),
    "unconditional": (plainly(), {"preset": "paper", "branch": "as the preset says"}, None),
    "cfg 1": (plainly(cfg=1.0), {}, None),
    "heun": (plainly(sampler="heun"), {}, None),
    "sde": (plainly(sampler="dpmpp_sde"), {}, None),
    "ControlNet": (ways.controlled, {}, None),
    "scheduled LoRA": (ways.scheduled_lora, {}, None),
    "Perp-Neg": (ways.guided_by("PerpNegGuider", negative=ways.another, empty_conditioning=ways.negative,
                                cfg=5.0, neg_scale=1.0), {}, None),
    "two positives, unconditional": (ways.combined, {"branch": "unconditional"}, None),
    "features written in place": (plainly(), {}, writes),
    "LoRA": (plainly(), {}, core_nodes.lora),
    "float16": (plainly(), {}, half(torch.float16)),
    "bfloat16": (plainly(), {}, half(torch.bfloat16)),
}  # fmt: skip


@pytest.mark.parametrize("name", SHARED)
def test_the_same_picture_without_a_pass_of_its_own(bench, host, passes, name):
    sample, settings, patch = SHARED[name]
    model = patch(bench, bench.model) if patch else bench.model
    found = []
    for apart in (False, True):
        guided, attention = bench.guide(model=model, **settings)
        with never_shared(host) if apart else pytest.MonkeyPatch.context():
            found.append((sample(bench, guided, bench.positive), overlaps(attention)))
        steps = len(attention.runs[-1].energy)
        assert steps > 1 and len(passes) == (steps if apart else 0)
    (shared, seen), (wanted, expected) = found
    tolerance = 0.05 if "float" in name else 1e-4
    assert close(shared, wanted, tolerance) and torch.allclose(seen, expected, atol=tolerance)
    assert not close(shared, sample(bench, model, bench.positive), tolerance)


def test_rows_and_what_is_tracked_of_them(bench, host):
    """Of the two rows of a step one is tracked, up to the last block in use; a pass of its own takes a third."""
    unet, rows = bench.model.model.diffusion_model, {"first": [], "last": []}

    def note(where):
        return lambda _, args: rows[where].append((args[0].shape[0], torch.is_grad_enabled()))

    hooks = [
        unet.input_blocks[0][0].register_forward_pre_hook(note("first")),
        unet.out.register_forward_pre_hook(note("last")),
    ]
    try:
        model, _ = bench.guide(end_percent=0.4)
        bench.sample(model, bench.positive, steps=2)
        assert rows == {"first": [(1, False), (1, True), (2, False)], "last": [(1, False), (1, False), (2, False)]}
        rows["first"].clear(), rows["last"].clear()
        with never_shared(host):
            bench.sample(model, bench.positive, steps=2)
        assert rows == {"first": [(2, False), (1, True), (2, False)], "last": [(2, False)] * 2}
    finally:
        for hook in hooks:
            hook.remove()


def test_steps_outside_the_window_are_the_plain_ones(bench):
    models = (bench.model, bench.guide(start_percent=0.6)[0])
    seen = [denoised(bench, model, bench.positive, steps=4) for model in models]
    assert [torch.equal(a, b) for a, b in zip(*seen, strict=True)][:2] == [True, True] and not torch.equal(
        *(s[3] for s in seen)
    )


def replaced(bench, model):
    def replacement(q, k, v, options):
        q, k, v = (t.unflatten(-1, (options["n_heads"], -1)).transpose(1, 2) for t in (q, k, v))
        return torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    model = model.clone()
    model.set_model_attn2_replace(replacement, "input", 4)
    return model


def asked_by_a_function(bench, model):
    """A wrapper that asks the model itself, and might do so in parts of its own."""
    model = model.clone()

    def each(apply_model, call):
        return apply_model(call["input"], call["timestep"], **call["c"])

    model.set_model_unet_function_wrapper(each)
    return model


APART = {
    "combined": (ways.combined, None),
    "mask": (ways.masked, None),
    "area": (ways.beside_another("ConditioningSetArea", width=32, height=64, x=0, y=0, strength=1.0), None),
    "mask alone": (lambda bench, model, positive: plainly()(bench, model, ways.call(
        bench, "ConditioningSetMask", conditioning=positive, mask=ways.left_half()[None], strength=1.0,
        set_cond_area="default")), None),
    "Dual CFG": (ways.guided_by("DualCFGGuider", cond2=ways.another, negative=ways.negative, cfg_conds=5.0,
                                cfg_cond2_negative=4.0, style="regular"), None),
    "step cache": (plainly(), community.step_cache),
    "IPAdapter": (plainly(), community.image_prompt),
    "SageAttention": (plainly(), community.sage_attention),
    "attention replaced": (plainly(), replaced),
    "model function": (plainly(), asked_by_a_function),
    "NAG": (plainly(), core_nodes.core("NAGuidance", nag_scale=5.0, nag_alpha=0.5, nag_tau=1.5)),
}  # fmt: skip


@pytest.mark.parametrize("name", APART)
def test_what_is_not_plain_has_a_pass_of_its_own(bench, passes, name):
    if name == "NAG" and hosts.version() != hosts.NEWEST:
        pytest.skip("not in 0.3.75")
    sample, patch = APART[name]
    model, attention = bench.guide(model=patch(bench, bench.model) if patch else None)
    assert sample(bench, model, bench.positive).isfinite().all()
    outcomes = [s.outcome for s in attention.runs[-1].energy]
    skipped = 1 if name == "step cache" else 0  # the pass finds in memory what the one before has left there
    assert ("guided",) in outcomes and len(passes) == len(outcomes) + skipped


def test_little_memory_and_a_step_that_a_cache_skips(bench, host, passes, monkeypatch):
    easy = core_nodes.core("EasyCache", reuse_threshold=3.0, start_percent=0.0, end_percent=1.0, verbose=False)
    model, _ = bench.guide(model=easy(bench, bench.model))
    assert bench.sample(model, bench.positive, steps=4).isfinite().all() and len(passes) == 4
    monkeypatch.setattr(host.pack.nodes.energy.shared_pass, "images_at_once", lambda *_: 1)
    bench.sample(bench.guide()[0], bench.positive, steps=1)
    assert len(passes) == 4
    bench.sample(bench.guide()[0], bench.positive, steps=1, batch=2)
    assert len(passes) == 5


@pytest.mark.parametrize("inference", [True, False])
def test_a_capture_of_the_same_model_records_the_same_maps(bench, host, passes, inference):
    runs = []
    with torch.inference_mode(inference):
        for apart in (False, True):
            model, _ = bench.guide(end_percent=0.5)
            model, seen = bench.node["FairAttentionCapture"].execute(
                model, bench.clip, attribution_prompt=ATTRIBUTION, words="doctor"
            ).result  # fmt: skip
            with never_shared(host) if apart else pytest.MonkeyPatch.context():
                bench.sample(model, bench.positive, steps=4, batch=2)
            runs.append(seen.runs[-1])
    assert len(passes) == 2
    shared, wanted = runs
    assert shared.steps == wanted.steps == {0, 1, 2, 3} and len(shared.store.blocks) == 16 and not shared.notes
    for block in wanted.store.blocks:
        assert not shared.store.sums[block].requires_grad
        assert close(shared.store.mean(block), wanted.store.mean(block), 1e-3)


@pytest.mark.parametrize("preservation", ["soft", "blended"])
@pytest.mark.parametrize("fair_first", [True, False])
def test_fair_inference_in_the_same_graph(bench, host, passes, fair_first, preservation):
    tokens, positive = bench.align()
    kw = {"regions": bench.regions(tokens), "masks": halves(), "every": 1, "preservation": preservation}
    drawn = []
    for apart in (False, True):
        if fair_first:
            model, attention = bench.guide(model=bench.fair(bench.target(), **kw)[0])
        else:
            model, _ = bench.fair(bench.target(), model=bench.guide()[0], **kw)
        with never_shared(host) if apart else pytest.MonkeyPatch.context():
            drawn.append(bench.sample(model, positive, steps=3))
        assert apart or len(passes) < 3
    assert close(*drawn, 1e-3)


def test_two_guidances_on_one_model(bench, host, passes):
    """The first to ask shares the rows; one that asks for the same rows has its own pass, one of the other branch shares."""
    for branch, own in (("conditional", 2), ("unconditional", 0)):
        drawn = []
        for apart in (False, True):
            model, first = bench.guide(pairs="gender ~ doctor")
            model, second = bench.guide(model=model, pairs="face ~ doctor", branch=branch)
            passes.clear()
            with never_shared(host) if apart else pytest.MonkeyPatch.context():
                drawn.append(bench.sample(model, bench.positive, steps=2))
            assert len(passes) == (4 if apart else own)
            assert [s.outcome for a in (first, second) for s in a.runs[-1].energy] == [("guided",)] * 4
        assert close(*drawn)
