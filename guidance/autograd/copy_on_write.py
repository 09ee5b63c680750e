"""Differentiate through code that writes into its features, as ControlNets and FreeU do.

Autograd keeps tensors for the backward pass and refuses to go on if somebody has written to one since. Here each is
copied before the first write to its memory. `torch.autograd.graph.allow_mutation_on_saved_tensors` means to do the same,
but looks for the tensor's own address only: after `h[:, 8:] *= 2` it gives a wrong gradient without a word.
"""

import weakref
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode

MESSAGE = "modified by an inplace operation"  # in what autograd says when it refuses


class Saved:
    """A tensor that the backward pass will ask for."""

    def __init__(self, tensor: Tensor):
        self.tensor = tensor


class CopyBeforeWrite(TorchDispatchMode):
    """Sees every operation; costs some time for each, and memory only where something saved is written to."""

    def __init__(self) -> None:
        super().__init__()
        self.saved: dict[int, list[weakref.ref[Saved]]] = defaultdict(list)  # by the address of their memory

    def pack(self, tensor: Tensor) -> Saved:
        saved = Saved(tensor)
        self.saved[address(tensor)].append(weakref.ref(saved))
        return saved

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        named = kwargs or {}
        for position, argument in enumerate(func._schema.arguments):
            if argument.alias_info is not None and argument.alias_info.is_write:
                value = args[position] if position < len(args) else named.get(argument.name)
                for tensor in value if isinstance(value, (list, tuple)) else [value]:
                    if isinstance(tensor, Tensor):
                        self.copy(address(tensor))
        return func(*args, **named)

    def copy(self, where: int) -> None:
        copies: dict[tuple, Tensor] = {}  # one tensor is often saved by several operations
        for saved in filter(None, (ref() for ref in self.saved.pop(where, ()))):
            old = saved.tensor
            same = (old.dtype, old.storage_offset(), old.shape, old.stride())
            if same not in copies:
                copies[same] = old.detach().clone()
            saved.tensor = copies[same]


def address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


@contextmanager
def may_be_written() -> Iterator[None]:
    """While open, forward and backward, what autograd has saved may be written to."""
    mode = CopyBeforeWrite()
    with mode, saved_tensors_hooks(mode.pack, lambda saved: saved.tensor), torch.enable_grad():
        yield
