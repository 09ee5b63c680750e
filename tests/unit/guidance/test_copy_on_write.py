"""Gradients through code that writes into what autograd has saved."""

import pytest
import torch
from torch import Tensor

from fair_attention.guidance.autograd.copy_on_write import MESSAGE, CopyBeforeWrite, may_be_written


def whole(h: Tensor) -> None:
    h += 1


def a_part(h: Tensor) -> None:
    h[2:] = h[2:] * 5


def through_out(h: Tensor) -> None:
    torch.mul(h.detach(), 5, out=h.detach())


def several(h: Tensor) -> None:
    torch._foreach_add_([h.detach()[1:], h.detach()[:1]], 2.0)


@pytest.fixture
def x() -> Tensor:
    return torch.arange(1.0, 5.0, requires_grad=True)


@pytest.mark.parametrize("write", [whole, a_part, through_out, several])
def test_gradient_is_that_of_the_values_before_the_write(x: Tensor, write) -> None:
    def square(x: Tensor) -> Tensor:
        h = x * 3
        energy = (h**2).sum() + (h.sin() * h).sum() * 0
        write(h)
        return energy

    with may_be_written():
        (gradient,) = torch.autograd.grad(square(x), x)
    assert torch.equal(gradient, 18 * x.detach())


def test_what_is_computed_from_the_written_values_follows_them(x: Tensor) -> None:
    def energy(x: Tensor, written: bool) -> Tensor:
        h = x * 3
        before = (h**2).sum()
        if written:
            h[2:] = h[2:] * 5
        else:
            h = torch.cat([h[:2], h[2:] * 5])
        return before + (h**3).sum()

    with may_be_written():
        (ours,) = torch.autograd.grad(energy(x, True), x)
    (plain,) = torch.autograd.grad(energy(x, False), x)
    assert torch.equal(ours, plain)


def test_without_it_autograd_refuses_in_these_words(x: Tensor) -> None:
    h = x * 3
    energy = (h**2).sum()
    h += 1
    with pytest.raises(RuntimeError, match=MESSAGE):
        torch.autograd.grad(energy, x)


def test_nothing_is_copied_unless_it_is_written_to(x: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[int] = []
    monkeypatch.setattr(CopyBeforeWrite, "copy", lambda self, where: copied.append(len(self.saved.pop(where, ()))))
    with may_be_written():
        other = torch.zeros(4)
        energy = ((x * 3) ** 2).sum()
        other += 1
        torch.autograd.grad(energy, x)
    assert not any(copied)
