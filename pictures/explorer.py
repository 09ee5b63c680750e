"""What the map viewer is handed: every word's map in few bits, the pictures below, and the regions cut from them, by numbers
that the page computes alike.

A map is kept as whole numbers 0 ... levels over its own range, so a region is a comparison of whole numbers and the same in the
page as here. Layout of the file: eight bytes MAGIC, the header's length (four bytes, least first), the header (JSON), then the
blobs that it lists: for each recording its maps, then its pictures. Our decision, all of it.
"""

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..attention.capture import MapStore, WordQuery, word_means
from ..attention.maps import minmax, resize, sum_size
from ..attention.regions import cut
from ..attention.trace import Block

MAGIC = b"FAIRMAP1"
MAPS_BYTES = 2_000_000  # a recording's maps; 77 words of 16 pictures stay below it
LEVELS = (255, 127, 63, 31)  # tried in turn; then half the size, and again
PICTURE = 512  # pixels, the longer side of a picture in the file
Cells = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Quantised:
    """A recording as the viewer has it. cells [images,words,h,w] in 0 ... levels; low, high [images,words]: the shares of
    attention that 0 and `levels` stand for; names: the words, each once; tokens: places of the text context."""

    names: tuple[str, ...]
    tokens: tuple[tuple[int, ...], ...]
    cells: Cells
    low: Tensor
    high: Tensor
    levels: int
    packed: bytes  # the cells, as in the file


def each_once(labels: Sequence[str]) -> tuple[str, ...]:
    """A word that comes again is numbered, as users write it elsewhere: doctor, doctor #2. Each on one line."""
    names: list[str] = []
    for label in (" ".join(label.split()) for label in labels):
        number = 2
        name = label
        while name in names:
            name, number = f"{label} #{number}", number + 1
        names.append(name)
    return tuple(names)


def quantise(store: MapStore, words: Sequence[WordQuery], blocks: frozenset[Block] | None = None) -> Quantised:
    """The mean map of each word over blocks, 64 cells on the longer side; coarser where MAPS_BYTES would not do."""
    size = sum_size(store.latent_size)
    if not words:  # people were given as masks, and nothing was looked at
        return at(torch.zeros(store.images, 0, *size), size, LEVELS[0], ())
    means = word_means(store, blocks)
    while True:
        for levels in LEVELS:
            found = at(means, size, levels, words)
            if len(found.packed) <= MAPS_BYTES:
                return found
        size = (max(1, size[0] // 2), max(1, size[1] // 2))


def quantise_like(
    one: Quantised, store: MapStore, words: Sequence[WordQuery], blocks: frozenset[Block] | None = None
) -> Quantised:
    """Another recording with the cells and levels of the first."""
    height, width = one.cells.shape[-2:]
    return at(word_means(store, blocks), (height, width), one.levels, words)


def at(means: Tensor, size: tuple[int, int], levels: int, words: Sequence[WordQuery]) -> Quantised:
    maps = resize(means.float(), size) if words else means
    cells = (minmax(maps) * levels).round().to(torch.uint8).numpy()
    low, high = maps.amin((-2, -1)), maps.amax((-2, -1))
    names = each_once([w.label for w in words])
    return Quantised(names, tuple(w.positions for w in words), cells, low, high, levels, packed(cells))


def packed(cells: Cells) -> bytes:
    """Each cell less its left and its upper neighbour plus the one between, modulo 256, through gzip: sums undo it."""
    changes = np.diff(np.diff(cells, axis=-1, prepend=np.uint8(0)), axis=-2, prepend=np.uint8(0))
    return gzip.compress(changes.tobytes(), 6, mtime=0)


def together(q: Quantised, names: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """[images,h,w], the sum over some words, and its largest possible value; ([...] of zeros, 0) for no word."""
    chosen = [q.names.index(name) for name in names]
    return q.cells[:, chosen].astype(np.int64).sum(1), q.levels * len(chosen)


def regions(q: Quantised, names: Sequence[str], threshold: float) -> Tensor:
    """[images,h,w] bool: where the mean of some words' maps, each in its own range 0 ... 1, reaches a threshold; nowhere for no
    word. In whole numbers: sum >= words * floor(threshold * levels + 1/2)."""
    heat, _ = together(q, names)
    return torch.from_numpy(heat >= int(threshold * q.levels + 0.5) * len(names)) & bool(names)


def people(region: Tensor, heat: NDArray[np.int64], largest: int) -> Tensor:
    """[n,h,w] float: one mask for each person of a region [h,w], left to right."""
    return cut(region, torch.from_numpy(heat / max(1, largest)), None)


def known(text: str, q: Quantised) -> tuple[list[str], list[str]]:
    """Words as a user has chosen them, one a line: those that were recorded, in their order, and the others."""
    lines = list(dict.fromkeys(" ".join(line.split()) for line in text.splitlines() if line.strip()))
    return [name for name in q.names if name in lines], [line for line in lines if line not in q.names]


def as_file(
    recordings: Sequence[tuple[Quantised, Sequence[Image.Image]]],
    people: dict | None = None,
    parts: Sequence[dict] = (),
    blocks: str = "",
) -> bytes:
    """One or two recordings with their pictures (or none), as the page reads it. people: who is in the first (`crowd`). parts: files
    of its parts by themselves. blocks: those that these maps are the mean of, as the node was told."""
    blobs, described = [], []
    for q, pictures in recordings:
        drawn = [as_jpeg(picture) for picture in pictures]
        blobs += [q.packed, *drawn]
        described.append({**facts(q), "pictures": list(map(len, drawn))})
    header = {
        "recordings": described,
        "people": people,
        "parts": list(parts),
        "blocks": blocks,
        "bytes": sum(map(len, blobs)),
    }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return b"".join([MAGIC, len(text).to_bytes(4, "little"), text, *blobs])


def facts(q: Quantised) -> dict:
    images, _, height, width = q.cells.shape
    words = [{"name": name, "tokens": list(t)} for name, t in zip(q.names, q.tokens, strict=True)]
    shares = {key: [list(rounded(row)) for row in of] for key, of in (("low", q.low), ("high", q.high))}
    return {"words": words, "images": images, "height": height, "width": width, "levels": q.levels,
            "maps": len(q.packed), **shares}  # fmt: skip


def rounded(row: Tensor) -> Iterator[float]:
    return (float(f"{value:.7g}") for value in row.tolist())


def as_jpeg(picture: Image.Image) -> bytes:
    small, file = picture.convert("RGB"), io.BytesIO()
    small.thumbnail((PICTURE, PICTURE))
    small.save(file, "JPEG", quality=82)
    return file.getvalue()
