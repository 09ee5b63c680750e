"""A stock of scenes that grows while training goes on: rendered at 256 pixels, encoded, with what each word should look at."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..autoencoder import PatchEncoder
from ..captions import ROLES
from ..corpus import coverage
from ..model import LENGTH
from ..scene import Drawn, Group, render
from .aged import SCALE, aged_caption, compose_aged, draw_aged_groups
from .hints import token_labels


def halved(drawn: Drawn) -> Drawn:
    """The masks at the first world's size, so that one of its latent cells is one token here."""

    def half(mask: np.ndarray) -> np.ndarray:
        *rest, h, w = mask.shape
        return mask.reshape(*rest, h // SCALE, SCALE, w // SCALE, SCALE).mean((-3, -1))

    return Drawn(drawn.image, half(drawn.person), half(drawn.head), half(drawn.things))


class Stock:
    """latents [N,4,32,32] float16, coverage [N,3 roles,2 groups,16,16] in 0..255, labels [N,4,16,16]; what captions name.

    limit: the most scenes; once there, a new one takes the place of the oldest.
    """

    def __init__(self, encoder: PatchEncoder, limit: int, seed: int):
        self.encoder, self.limit, self.rng, self.drawn = encoder, limit, np.random.default_rng((7, seed)), 0
        self.latents = torch.zeros(limit, 4, 32, 32, dtype=torch.float16)
        self.coverage = torch.zeros(limit, len(ROLES), 2, 16, 16, dtype=torch.uint8)
        self.labels = torch.zeros(limit, 4, 16, 16, dtype=torch.uint8)
        self.named: list[tuple[tuple[Group, ...], str | None]] = []

    def __len__(self) -> int:
        return len(self.named)

    @torch.no_grad()
    def grow(self, count: int) -> None:
        for _ in range(count):
            groups, thing = draw_aged_groups(self.rng)
            scene = compose_aged(self.rng, groups, thing)
            full = render(scene, SCALE)
            image = torch.from_numpy(full.image.copy()).permute(2, 0, 1)[None].float() / 255
            with torch.autocast("cpu", torch.bfloat16):
                latent = self.encoder(image)[0]
            at, drawn = self.drawn % self.limit, halved(full)
            self.latents[at] = latent.half()
            self.coverage[at] = torch.from_numpy(coverage(drawn, [p.group for p in scene.people]) * 255).byte()
            self.labels[at] = torch.from_numpy(token_labels(drawn.person, scene.people))
            named = (groups, thing if scene.things else None)  # a caption must not name what found no room
            self.named[at : at + 1] = [named]
            self.drawn += 1

    def save(self, path: Path) -> None:
        n = len(self)
        arrays = {
            name: getattr(self, name)[:n].clone() for name in ("latents", "coverage", "labels")
        }  # else all is written
        torch.save({**arrays, "named": self.named, "drawn": self.drawn, "rng": self.rng.bit_generator.state}, path)

    def load(self, path: Path) -> None:
        kept = torch.load(path, weights_only=False)
        n = len(kept["named"])
        self.latents[:n], self.coverage[:n], self.labels[:n] = kept["latents"], kept["coverage"], kept["labels"]
        self.named, self.drawn = kept["named"], kept["drawn"]
        self.rng.bit_generator.state = kept["rng"]

    def batch(self, rng: np.random.Generator, words, size: int, drop: float) -> tuple[Tensor, Tensor, list, list[int]]:
        """(indices, ids [B,77], pointers, ends): pointers (row, position, role, group) of the words that denote; ends: where
        each caption's end token is. In `drop` of the rows the caption is empty."""
        indices = rng.integers(0, len(self), size)
        ids = np.full((size, LENGTH), words.end)
        ids[:, 0] = words.start
        pointers, ends = [], []
        for row, index in enumerate(indices):
            position = 1
            if rng.random() >= drop:
                for word in aged_caption(rng, *self.named[index]):
                    for piece in words.pieces[word.text]:
                        ids[row, position] = piece
                        if word.role:
                            pointers.append((row, position, ROLES.index(word.role), word.group))
                        position += 1
            ends.append(position)
        return torch.from_numpy(indices), torch.from_numpy(ids), pointers, ends
