"""Hints for the transformer: the first world's (see `hints.py` there), with age, read from the picture's tokens after blocks.

The heads are linear and thrown away afterwards; they decide, since a denoising loss alone would take a hundred times longer
to connect a word with a look.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..ages import AGES
from ..hints import NOBODY, cell_labels, cross_entropy, named_labels, named_loss, person_labels
from ..model import CONTEXT
from ..scene import Group, Person
from ..world import GENDERS, OCCUPATIONS, TONES
from .model import HIDDEN

AXES = (OCCUPATIONS, GENDERS, TONES, AGES)
BLOCKS = (1, 2, 3)  # after these; before them the picture has seen the text once
OUT = sum(map(len, AXES))


def token_labels(person: np.ndarray, people: Sequence[Person]) -> np.ndarray:
    """person [n,128,128] in 0..1 -> [4,16,16] uint8: occupation, gender, tone, age index of whom each token shows."""
    return cell_labels(person, people, lambda p: (*person_labels(p), AGES.index(p.age)))


def group_labels(group: Group) -> tuple[int, ...]:
    """What a caption says of a group, as indices; NOBODY where it says nothing."""
    return *named_labels(group), NOBODY if group.age is None else AGES.index(group.age)


class Hints(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.ModuleList(nn.Sequential(nn.LayerNorm(HIDDEN), nn.Linear(HIDDEN, OUT)) for _ in BLOCKS)
        self.words = nn.Sequential(nn.LayerNorm(CONTEXT), nn.Linear(CONTEXT, OUT))

    def picture_loss(self, features: Sequence[Tensor], labels: Tensor) -> Tensor:
        """features: [B,N,256] after each block; labels [B,4,h,w] -> mean cross-entropy over axes, blocks and people's tokens."""
        flat = labels.flatten(2).transpose(1, 2).flatten(0, 1)  # [B*N,4]
        shown = (flat[:, 0] != NOBODY).nonzero()[:, 0]
        losses = []
        for head, block in zip(self.tokens, BLOCKS, strict=True):
            losses.append(cross_entropy(head(features[block].flatten(0, 1)[shown].float()), flat[shown], AXES))
        return torch.stack(losses).mean()

    def caption_loss(self, text: Tensor, rows: Sequence[tuple[int, int]], groups: Sequence[Group]) -> Tensor:
        """What `named_loss` says of the groups, age among it."""
        return named_loss(self.words, text, rows, [group_labels(g) for g in groups], AXES)
