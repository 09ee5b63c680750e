"""Differentiate through a network whose weights were loaded under inference mode, without copying a weight.

The host runs everything, its loaders included, under `torch.inference_mode()`. Autograd refuses to save such tensors
for a backward pass. An ordinary tensor that shares their storage has no such mark, and costs no memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..nested import mapped

INFERENCE = "Inference tensors cannot be saved for backward"  # in what autograd says when it refuses


@contextmanager
def differentiable(module: nn.Module) -> Iterator[None]:
    """While open, autograd may run through `module` and tracks none of its weights.

    Each parameter and buffer that is an inference tensor, or asks for a gradient, is replaced by an ordinary tensor on
    the same storage that asks for none. On exit, also after an error, the very same objects are put back: whoever
    patches or moves weights knows them by identity. Take the gradient before leaving.

    Subclasses of Tensor (quantized weights) stay: they are turned into ordinary tensors in each forward.
    RuntimeError under inference mode, where no gradient can be taken.
    """
    if torch.is_inference_mode_enabled():
        raise RuntimeError("no gradient can be taken under inference mode: leave it by torch.inference_mode(False)")
    replaced: list[tuple[dict, str, Tensor]] = []
    try:
        for part in module.modules():
            stores: tuple[dict[str, Any], ...] = (part._parameters, part._buffers)
            for store in stores:
                for name, tensor in list(store.items()):
                    if type(tensor) in (Tensor, nn.Parameter) and (tensor.is_inference() or tensor.requires_grad):
                        replaced.append((store, name, tensor))
                        store[name] = alias(tensor)
        yield
    finally:
        for store, name, tensor in replaced:
            store[name] = tensor


def alias(tensor: Tensor) -> Tensor:
    """An ordinary tensor on the storage of `tensor`, without gradient; a Parameter for a Parameter.

    What its owner has written on it comes along: the host notes there in which type a weight is to be used.
    """
    shared = torch.empty(0, dtype=tensor.dtype, device=tensor.device).set_(
        tensor.untyped_storage(), tensor.storage_offset(), tensor.size(), tensor.stride()
    )
    shared = nn.Parameter(shared, requires_grad=False) if isinstance(tensor, nn.Parameter) else shared
    shared.__dict__.update(tensor.__dict__)
    return shared


def ordinary(value):
    """Inference tensors inside a value (tensor, list, tuple, dict, anything else) as ordinary copies."""
    return mapped(value, lambda leaf: leaf.clone() if torch.is_tensor(leaf) and leaf.is_inference() else leaf)


class OrdinaryTensors(TorchFunctionMode):
    """While open, every function of PyTorch is given ordinary tensors on the storage of the inference tensors it is called with.

    For weights and masks that `differentiable` cannot know of, as other code holds them (a patch of the network, say).
    Costs some time for each call, and no memory.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, tuple[Tensor, Tensor]] = {}  # by identity: the tensor, kept alive, and its alias

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if getattr(func, "__name__", "") == "__set__":  # an attribute is to be set on the tensor itself
            return func(*args, **(kwargs or {}))
        return func(*self._ordinary(args), **self._ordinary(kwargs or {}))

    def _ordinary(self, value: Any) -> Any:
        if type(value) in (Tensor, nn.Parameter):
            if not value.is_inference():
                return value
            if id(value) not in self.known:
                self.known[id(value)] = (value, alias(value))
            return self.known[id(value)][1]
        if type(value) in (list, tuple):
            return type(value)(self._ordinary(item) for item in value)
        if type(value) is dict:
            return {key: self._ordinary(item) for key, item in value.items()}
        return value
