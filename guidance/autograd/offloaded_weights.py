"""Weights for a pass with gradients, on a host that hands a layer its weights one call at a time.

Where a layer's weights do not lie beside the picture (partly loaded models, DynamicVRAM), the host brings them for each
call: in a buffer that the next layer's overwrite, in memory that it may take back, or as tensors made under inference
mode. Autograd keeps weights until the backward pass, without noticing that they have become another layer's. So the
pass gets copies, made after whatever the host itself does to a weight (LoRA, casts).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

FUNCTIONS = ("weight_function", "bias_function")  # what the host calls, in order, on what it hands out


def handed_out(unet: nn.Module, device: torch.device) -> list[nn.Module]:
    """The layers whose weights the host brings for each call."""
    return [
        layer
        for layer in unet.modules()
        if hasattr(layer, FUNCTIONS[0]) and (hasattr(layer, "_v") or any(p.device != device for p in own(layer)))
    ]


def own(layer: nn.Module) -> list[nn.Parameter]:
    """The parameters of a layer itself: `parameters(recurse=False)` in a seventh of its time."""
    return [p for p in layer._parameters.values() if p is not None]


def handed_bytes(unet: nn.Module, device: torch.device) -> int:
    """What a pass keeps of them until its backward, at most."""
    return sum(p.nbytes for layer in handed_out(unet, device) for p in own(layer))


@contextmanager
def own_copies(unet: nn.Module, device: torch.device) -> Iterator[None]:
    """While open, a layer whose weights are brought to `device` for each call computes with a copy of its own."""
    layers, before = handed_out(unet, device), []
    try:
        for layer in layers:
            for name in FUNCTIONS:
                before.append((layer, name, layer.__dict__.get(name)))  # None: the list of all layers, on the class
                setattr(layer, name, [*getattr(layer, name), torch.clone])
        yield
    finally:
        for layer, name, functions in before:
            if functions is None:
                delattr(layer, name)
            else:
                setattr(layer, name, functions)
