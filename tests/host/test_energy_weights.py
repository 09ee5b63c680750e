"""The energy's gradient where the host brings each layer's weights anew for each call, as it does on a GPU.

No GPU here, so `cast_bias_weight` is replaced by what the host's own does there: one buffer for all layers, made under
inference mode (weights streamed to the GPU), or tensors kept from a call under inference mode (DynamicVRAM).
"""

import pytest
import torch

from fair_attention.tests.host.energy_bench import EnergyBench


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return EnergyBench(host, tiny_checkpoint)


def streamed():
    """Every weight through the same bytes, one layer's over the last one's."""
    with torch.inference_mode():
        buffer = torch.zeros(2**22, dtype=torch.uint8)

    def bring(layer, weights):
        at, found = 0, []
        for weight in weights:
            view = buffer[at : at + weight.nbytes].view(weight.dtype).view(weight.shape)
            found.append(view.copy_(weight.detach()))
            at += -(-weight.nbytes // 64) * 64
        return found

    return bring


def resident():
    """Every weight as it was first brought, under inference mode."""
    kept = {}

    def bring(layer, weights):
        with torch.inference_mode():
            return kept.setdefault(id(layer), [w.clone() for w in weights])

    return bring


def hand_out(host, monkeypatch, unet, bring) -> None:
    """Have this way of bringing weights used for every layer of the U-Net."""
    ops = host.comfy.ops
    real, layers = ops.cast_bias_weight, {id(m) for m in unet.modules() if hasattr(m, "weight_function")}

    def cast_bias_weight(layer, input=None, **kwargs):
        if id(layer) not in layers:
            return real(layer, input, **kwargs)
        given = [w for w in (layer.weight, layer.bias) if w is not None]
        brought = [*bring(layer, given), None][:2]
        for i, functions in enumerate((layer.weight_function, layer.bias_function)):
            for change in functions if brought[i] is not None else ():
                brought[i] = change(brought[i])
        return (*brought, None) if kwargs.get("offloadable") else tuple(brought)

    monkeypatch.setattr(ops, "cast_bias_weight", cast_bias_weight)
    for layer in unet.modules():
        if id(layer) in layers:
            monkeypatch.setattr(layer, "comfy_cast_weights", True)
            monkeypatch.setattr(layer, "_v", object(), raising=False)  # as DynamicVRAM marks its layers


@pytest.mark.parametrize("shared", [True, False], ids=["in the sampler's call", "in a pass of its own"])
@pytest.mark.parametrize("way", [streamed, resident])
def test_the_gradient_is_that_of_weights_that_stay(bench, host, monkeypatch, way, shared):
    if not shared:
        monkeypatch.setattr(host.pack.nodes.energy.shared_pass.SharedForward, "_may_be_split", lambda *_: False)
    expected = bench.sample(bench.guide()[0], bench.positive, steps=2)
    unet = bench.model.model.diffusion_model
    hand_out(host, monkeypatch, unet, way())
    functions = [m.__dict__.get("weight_function") for m in unet.modules()]
    model, attention = bench.guide()
    guided = bench.sample(model, bench.positive, steps=2)
    assert torch.allclose(guided, expected, atol=1e-4, rtol=1e-4)
    assert [s.outcome for s in attention.runs[-1].energy] == [("guided",)] * 2
    assert all(
        a is b for a, b in zip(functions, [m.__dict__.get("weight_function") for m in unet.modules()], strict=True)
    )


def test_only_layers_whose_weights_are_brought_are_copied(host):
    handed, Linear = host.pack.guidance.autograd.offloaded_weights, host.comfy.ops.manual_cast.Linear
    here, there = Linear(2, 3), Linear(2, 3, device="meta")
    both = torch.nn.Sequential(here, there, torch.nn.Linear(2, 2, device="meta"))
    cpu = torch.device("cpu")
    assert handed.handed_out(both, cpu) == [there] and handed.handed_bytes(both, cpu) == 4 * (2 * 3 + 3)
    own = [print]
    there.bias_function = own
    with pytest.raises(ZeroDivisionError), handed.own_copies(both, cpu):
        assert there.weight_function == [torch.clone] and there.bias_function == [print, torch.clone]
        assert here.weight_function == [] and "weight_function" not in here.__dict__
        raise ZeroDivisionError
    assert there.bias_function is own and "weight_function" not in there.__dict__
