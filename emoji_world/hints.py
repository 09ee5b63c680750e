"""Hints while training: small heads that read who is drawn from the U-Net's features and who is named from the text.

A denoising loss alone takes hundreds of thousands of pictures to connect a word with a look. These heads ask for the
same knowledge directly: of the up path, per latent cell, the labels of the person who stands there; of the text
encoder, at the last word about a group, what the caption said of it. Where the caption is silent the answer is the
planted bias, and the best guess is its shares, so the bias is learned as it is. The heads are not exported.
Our decision.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .scene import Group, Person
from .world import CELL, GENDERS, OCCUPATIONS, TONES

AXES = (OCCUPATIONS, GENDERS, TONES)
NOBODY = 255
LAYERS = (5, 8)  # output blocks whose upsampled features are read: the last ones before 8 x 8 and 16 x 16
VISIBLE = 0.3  # share of a cell one person must cover to be its label


def person_labels(person: Person) -> tuple[int, ...]:
    """Occupation, gender and tone as indices."""
    shown = (person.occupation, person.gender, person.tone)
    return tuple(axis.index(value) for axis, value in zip(AXES, shown, strict=True))


def cell_labels(
    person: np.ndarray, people: Sequence[Person], of: Callable[[Person], tuple[int, ...]] = person_labels
) -> np.ndarray:
    """person [n,H,W] in 0..1 -> [axes,h,w] uint8: the labels `of` whom each latent cell shows."""
    n, height, width = person.shape
    cells = person.reshape(n, height // CELL, CELL, width // CELL, CELL).mean((2, 4))
    labels = np.array([of(p) for p in people], np.uint8)
    chosen = labels[cells.argmax(0)].transpose(2, 0, 1)
    return np.where(cells.max(0) >= VISIBLE, chosen, NOBODY).astype(np.uint8)


def named_labels(group: Group) -> tuple[int, int, int]:
    """What a caption says of a group, as indices; NOBODY where it says nothing."""
    stated = (group.noun, group.gender, group.tone)
    occupation, gender, tone = (a.index(v) if v in a else NOBODY for a, v in zip(AXES, stated, strict=True))
    return occupation, gender, tone


class Hints(nn.Module):
    """The heads. `watch` keeps the watched features of the next forward pass, `forward` compares them with labels."""

    def __init__(self, unet: nn.Module, text_width: int):
        super().__init__()
        self.kept: list[Tensor] = []
        out = sum(map(len, AXES))
        widths = []
        for layer in LAYERS:
            upsample = unet.output_blocks[layer][-1]
            widths.append(upsample.out_channels or upsample.channels)
            upsample.register_forward_hook(lambda _module, _args, h: self.kept.append(h))
        self.cells = nn.ModuleList(nn.Sequential(nn.GroupNorm(8, w), nn.Conv2d(w, out, 1)) for w in widths)
        self.words = nn.Sequential(nn.LayerNorm(text_width), nn.Linear(text_width, out))

    def picture_loss(self, labels: Tensor) -> Tensor:
        """labels [B,3,h,w] -> mean cross-entropy over axes, layers and the cells that show a person."""
        losses = []
        for head, h in zip(self.cells, self.kept, strict=True):
            logits = head(F.interpolate(h, labels.shape[-2:], mode="nearest"))
            losses.append(cross_entropy(logits.movedim(1, -1).flatten(0, -2), labels.movedim(1, -1).flatten(0, -2)))
        self.kept.clear()
        return torch.stack(losses).mean()

    def caption_loss(self, text: Tensor, rows: Sequence[tuple[int, int]], groups: Sequence[Group]) -> Tensor:
        """What `named_loss` says of the groups."""
        return named_loss(self.words, text, rows, [named_labels(g) for g in groups])


def named_loss(
    head: nn.Module,
    text: Tensor,
    rows: Sequence[tuple[int, int]],
    labels: Sequence[tuple[int, ...]],
    axes: Sequence[tuple[str, ...]] = AXES,
) -> Tensor:
    """text [B,L,D]; rows (row, position of the last word about a group) -> mean cross-entropy over what is named."""
    if not rows:
        return text.new_zeros(())
    logits = head(torch.stack([text[row, position] for row, position in rows]))
    return cross_entropy(logits, torch.tensor(labels, device=text.device), axes)


def cross_entropy(logits: Tensor, labels: Tensor, axes: Sequence[tuple[str, ...]] = AXES) -> Tensor:
    """logits [N, all labels], labels [N,axes] -> mean over the axes that any row is labelled on."""
    parts = logits.split([len(a) for a in axes], -1)
    losses = [
        F.cross_entropy(part, label.long(), ignore_index=NOBODY)
        for part, label in zip(parts, labels.unbind(-1), strict=True)
        if (label != NOBODY).any()
    ]
    return torch.stack(losses).mean() if losses else logits.new_zeros(())
