"""What the map viewer is handed: read back as its page reads it, small enough, and regions as worked out by hand."""

import gzip
import json

import numpy as np
import pytest
import torch
from PIL import Image

from fair_attention.attention.capture import MapStore, WordQuery
from fair_attention.attention.trace import Block
from fair_attention.pictures import explorer

WORDS = (WordQuery("doctor", (5,)), WordQuery("red  car", (7, 8)), WordQuery("doctor", (11,)))


def store(maps: torch.Tensor, words=WORDS) -> MapStore:
    """A recording of one block that holds these maps [images,words,h,w]."""
    found = MapStore(tuple(w.label for w in words), len(maps), tuple(maps.shape[-2:]))
    found.add(Block("output", 3), maps.flatten(-2), *(tuple(maps.shape[-2:]),) * 2, (0, 0))
    return found


def unpacked(data: bytes) -> tuple[dict, list[np.ndarray], list[bytes]]:
    """The file as its layout says: header, each recording's cells, all pictures."""
    assert data[:8] == b"FAIRMAP1"
    at = 12 + int.from_bytes(data[8:12], "little")
    header = json.loads(data[12:at])
    assert len(data) == at + header["bytes"]
    cells, pictures = [], []
    for r in header["recordings"]:
        changes = np.frombuffer(gzip.decompress(data[at : at + r["maps"]]), np.uint8)
        changes = changes.reshape(r["images"], len(r["words"]), r["height"], r["width"])
        cells.append(changes.cumsum(-1, dtype=np.uint8).cumsum(-2, dtype=np.uint8))
        at += r["maps"]
        for length in r["pictures"]:
            pictures.append(data[at : at + length])
            at += length
    return header, cells, pictures


def test_the_file_gives_back_the_shares_and_the_pictures():
    maps = (
        torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
        * torch.tensor([0.1, 0.5, 0.02])[:, None, None]
    )
    q = explorer.quantise(store(maps), WORDS)
    header, (cells,), pictures = unpacked(explorer.as_file([(q, [Image.new("RGB", (900, 600), "red")] * 2)]))
    (told,) = header["recordings"]
    assert [w["name"] for w in told["words"]] == ["doctor", "red car", "doctor #2"]
    assert [w["tokens"] for w in told["words"]] == [[5], [7, 8], [11]]
    low, high = (torch.tensor(told[key])[..., None, None] for key in ("low", "high"))
    shares = low + (high - low) * torch.from_numpy(cells.astype(np.float32)) / told["levels"]
    assert told["levels"] == 255 and float(((shares - maps) / (high - low)).abs().max()) <= 0.5001 / 255
    assert [p[:2] for p in pictures] == [b"\xff\xd8"] * 2 and len(pictures[0]) < 20_000


def test_maps_of_large_and_long_latents_have_64_cells_on_the_longer_side():
    q = explorer.quantise(store(torch.rand(1, 3, 128, 96)), WORDS)
    assert q.cells.shape == (1, 3, 64, 48)
    small = explorer.quantise(store(torch.rand(1, 3, 16, 24)), WORDS)
    assert small.cells.shape == (1, 3, 43, 64)


def test_77_words_of_16_pictures_are_at_most_2_mb_whatever_they_hold():
    """Noise, which no packing makes smaller, is kept coarser; maps as blocks give them keep their 64 cells."""
    words = tuple(WordQuery(f"w{i}", (i,)) for i in range(77))
    generator = torch.Generator().manual_seed(0)
    noise = explorer.quantise(store(torch.rand(16, 77, 64, 64, generator=generator), words), words)
    assert len(noise.packed) <= 2_000_000 and noise.cells.shape == (16, 77, 32, 32)
    smooth = torch.nn.functional.interpolate(torch.rand(16, 77, 16, 16, generator=generator), (64, 64), mode="bilinear")
    kept = explorer.quantise(store(smooth, words), words)
    assert len(kept.packed) <= 2_000_000 and kept.cells.shape == (16, 77, 64, 64) and kept.levels >= 63


def test_a_region_is_where_the_mean_of_the_words_reaches_the_threshold():
    """Two words of four cells, ranges 0 ... 255: their sums are 255, 255, 306, 0; half of 2 * 255 is 255, or 256 rounded up."""
    cells = np.array([[[[0, 255, 102, 0]], [[255, 0, 204, 0]]]], np.uint8)
    q = explorer.Quantised(("a", "b"), ((1,), (2,)), cells, torch.zeros(1, 2), torch.ones(1, 2), 255, b"")

    def region(names, threshold):
        return explorer.regions(q, names, threshold)[0, 0].tolist()

    assert region(["a", "b"], 0.5) == [False, False, True, False]  # floor(0.5 * 255 + 0.5) = 128, twice
    assert region(["a", "b"], 0.49) == [True, True, True, False]  # 125, twice
    assert region(["b"], 0.8) == [True, False, True, False]
    assert region(["a"], 0) == [True] * 4 and region([], 0) == [False] * 4


def test_people_of_a_region_come_left_to_right():
    region = torch.zeros(64, 64, dtype=torch.bool)
    region[20:40, 5:20] = region[20:40, 40:55] = True
    masks = explorer.people(region, np.ones((64, 64), np.int64), 1)
    assert masks.shape == (2, 64, 64) and torch.equal(masks.sum(0) > 0, region)
    assert masks[0, 30, 10] == masks[1, 30, 45] == 1


@pytest.mark.parametrize(
    ("text", "chosen", "gone"),
    [
        ("", [], []),
        ("doctor #2\n red   car \n\n", ["red car", "doctor #2"], []),
        ("nurse\ndoctor\nnurse", ["doctor"], ["nurse"]),
    ],
)
def test_words_that_were_not_recorded_are_told_apart(text, chosen, gone):
    q = explorer.quantise(store(torch.rand(1, 3, 8, 8)), WORDS)
    assert explorer.known(text, q) == (chosen, gone)


def test_a_second_recording_takes_the_cells_of_the_first():
    q = explorer.quantise(store(torch.rand(1, 3, 64, 64)), WORDS)
    other = explorer.quantise_like(q, store(torch.rand(1, 1, 64, 64), WORDS[:1]), WORDS[:1])
    assert other.cells.shape == (1, 1, 64, 64) and other.levels == q.levels
    header, cells, _ = unpacked(explorer.as_file([(q, []), (other, [])]))
    assert np.array_equal(cells[1], other.cells) and header["recordings"][1]["words"][0]["name"] == "doctor"
