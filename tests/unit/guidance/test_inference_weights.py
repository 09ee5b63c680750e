"""Gradients through weights made under inference mode, which stay the objects they were."""

import pytest
import torch
from torch import nn

from fair_attention.guidance.autograd.inference_weights import (
    INFERENCE,
    OrdinaryTensors,
    alias,
    differentiable,
    ordinary,
)


@pytest.fixture
def network() -> nn.Module:
    with torch.inference_mode():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.SiLU(), nn.Conv2d(4, 1, 1)).eval()


def tensors(network: nn.Module) -> list[torch.Tensor]:
    return [t for part in network.modules() for store in (part._parameters, part._buffers) for t in store.values()]


def test_inference_weights_alone_refuse_a_gradient(network: nn.Module) -> None:
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        network(torch.ones(1, 2, 4, 4, requires_grad=True)).sum().backward()


def test_gradient_is_that_of_an_ordinary_copy(network: nn.Module) -> None:
    copy = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.SiLU(), nn.Conv2d(4, 1, 1)).eval()
    copy.load_state_dict({name: t.clone() for name, t in network.state_dict().items()})
    x = torch.randn(1, 2, 4, 4, requires_grad=True, generator=torch.Generator().manual_seed(1))
    with differentiable(network):
        (ours,) = torch.autograd.grad(network(x).square().sum(), x)
    (theirs,) = torch.autograd.grad(copy(x).square().sum(), x)
    assert torch.equal(ours, theirs)


def test_weights_are_shared_frozen_and_the_same_objects_afterwards(network: nn.Module) -> None:
    before = tensors(network)
    with differentiable(network):
        for ours, theirs in zip(tensors(network), before, strict=True):
            assert ours.data_ptr() == theirs.data_ptr() and ours.stride() == theirs.stride()
            assert not ours.is_inference() and not ours.requires_grad and type(ours) is type(theirs)
    assert all(a is b for a, b in zip(tensors(network), before, strict=True))


def test_what_the_host_wrote_on_a_weight_comes_along(network: nn.Module) -> None:
    network[0].weight._model_dtype = torch.float16
    with differentiable(network):
        assert network[0].weight._model_dtype is torch.float16


def test_weights_come_back_after_an_error(network: nn.Module) -> None:
    before = tensors(network)
    with pytest.raises(ZeroDivisionError), differentiable(network):
        raise ZeroDivisionError
    assert all(a is b for a, b in zip(tensors(network), before, strict=True))


def test_ordinary_frozen_weights_are_left_alone_and_trainable_ones_frozen() -> None:
    layer = nn.Linear(2, 2)
    layer.bias.requires_grad_(False)
    weight, bias = layer.weight, layer.bias
    with differentiable(layer):
        assert layer.bias is bias and layer.weight is not weight and not layer.weight.requires_grad
    assert layer.weight is weight and weight.requires_grad


def test_a_shared_weight_and_a_view_keep_their_layout() -> None:
    with torch.inference_mode():
        base = torch.arange(12.0).reshape(3, 4)
        part = base.t()[1:]
    assert torch.equal(alias(part), part) and alias(part).data_ptr() == part.data_ptr()


def test_refused_under_inference_mode(network: nn.Module) -> None:
    with torch.inference_mode(), pytest.raises(RuntimeError, match="no gradient can be taken"):
        with differentiable(network):
            pass


def test_ordinary_copies_inference_tensors_only() -> None:
    with torch.inference_mode():
        made = torch.ones(2)
    own = torch.ones(2)
    result = ordinary({"a": [made, own, None], "b": (made, "text")})
    assert not result["a"][0].is_inference() and result["a"][1] is own and result["a"][2] is None
    assert not result["b"][0].is_inference() and result["b"][1] == "text"


def test_inference_tensors_that_other_code_holds_let_gradients_through() -> None:
    """d/dx sum(w x m) = w m, with a weight and a mask made under inference mode and held by a closure."""
    with torch.inference_mode():
        held = {"layer": nn.Linear(1, 1, bias=False), "mask": torch.tensor([[1.0], [2.0], [0.0]])}
        held["layer"].weight.fill_(3.0)

    def patch(x):
        return torch.cat([held["layer"](x) * held["mask"]]).sum()

    x = torch.ones(3, 1, requires_grad=True)
    with pytest.raises(RuntimeError, match=INFERENCE):
        patch(x)
    with OrdinaryTensors():
        patch(x).backward()
    assert x.grad is not None and x.grad.flatten().tolist() == [3.0, 6.0, 0.0]
    assert held["mask"].is_inference() and held["layer"].weight.grad is None


def test_what_is_written_to_an_inference_tensor_stays_written() -> None:
    with torch.inference_mode():
        kept = torch.zeros(2)
    with OrdinaryTensors():
        kept.add_(1)
        kept[0] = 5
        assert kept.shape == (2,)
    assert kept.tolist() == [5.0, 1.0]
