"""The unit of work: one prompt, one seed with its batch of pictures, one method."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from .study import Study


@dataclass(frozen=True)
class Cell:
    """keep: how many of its pictures are fetched, the first ones. key: its name as a file."""

    method: str
    prompt: str
    seed: int
    pictures: int
    keep: int

    @property
    def name(self) -> tuple[str, str, int]:
        return self.method, self.prompt, self.seed

    @property
    def key(self) -> str:
        return hashlib.sha256("\0".join(map(str, self.name)).encode()).hexdigest()[:20]


def cells_of(study: Study) -> Iterator[Cell]:
    """All cells, seeds outermost: whatever is finished is a small study of every prompt and method."""
    for block, seed in enumerate(study.seeds):
        keep = max(0, min(study.pictures, study.keep - block * study.pictures))
        for prompt in study.prompts:
            for method in study.methods:
                yield Cell(method.name, prompt.text, seed, study.pictures, keep)


def total(study: Study) -> int:
    return len(study.seeds) * len(study.prompts) * len(study.methods)
