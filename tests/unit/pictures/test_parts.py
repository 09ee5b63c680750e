"""Parts of a recording: each resolution by itself is what the node makes of those blocks; steps come from kept queries only."""

import torch

from fair_attention.attention.capture import MapStore, WordQuery
from fair_attention.attention.kept_queries import Kept, KeptQueries
from fair_attention.attention.records import Watch
from fair_attention.attention.trace import Block
from fair_attention.guidance.run_record import SampledRun
from fair_attention.pictures.explorer import quantise
from fair_attention.pictures.parts import BLOCKS, MOST_MAPS, STEPS, parts

WORDS = (WordQuery("doctor", (1,)), WordQuery("car", (2,)))
SIDES = {Block("input", 1): 16, Block("middle", 0): 4, Block("output", 3): 8, Block("output", 11): 16}


def recording(images: int = 1, seed: int = 0) -> MapStore:
    store, rng = MapStore(("doctor", "car"), images, (16, 16)), torch.Generator().manual_seed(seed)
    for block, side in SIDES.items():
        store.add(block, torch.rand(images, 2, side * side, generator=rng), (side, side), (side, side), (0, 0))
    return store


def test_each_resolution_is_the_mean_of_its_blocks_all_of_them_first():
    store = recording()
    found = list(parts([(SampledRun(store), Watch(WORDS))]))
    assert [(p.kind, p.label, p.text) for p in found] == [
        (BLOCKS, "", ""), (BLOCKS, "4 × 4", "middle.0"), (BLOCKS, "8 × 8", "output.3"), (BLOCKS, "16 × 16", "input.1, output.11"),
    ]  # fmt: skip
    for one in found:
        blocks = frozenset(Block.parse(name) for name in one.text.split(", ")) if one.text else None
        assert one.recordings[0].packed == quantise(store, WORDS, blocks).packed


def test_a_second_recording_comes_with_each_and_many_maps_have_no_parts():
    two = [(SampledRun(recording(seed=s)), Watch(WORDS)) for s in (0, 1)]
    assert [len(p.recordings) for p in parts(two)] == [2] * 4
    assert list(parts([(SampledRun(recording(MOST_MAPS // 2 + 1)), Watch(WORDS))])) == []
    assert list(parts([(SampledRun(MapStore((), 1, (16, 16))), Watch(()))])) == []


def test_steps_are_there_where_queries_were_kept_and_their_mean_is_the_whole():
    rng = torch.Generator().manual_seed(3)
    block, context = Block("output", 3), torch.randn(1, 5, 6, generator=rng)
    kept = KeptQueries(10**6, projections={block: torch.randn(6, 4, generator=rng)}, heads={block: 2})
    where = ((8, 8), (8, 8), (0, 0))
    for step in range(3):
        kept.add(step, Kept(block, torch.randn(1, 64, 4, generator=rng), where))
    run = SampledRun(recording(), queries=kept)
    found = [p for p in parts([(run, Watch(WORDS, context))]) if p.kind == STEPS]
    assert [p.label for p in found] == ["1", "2", "3"]
    assert len({p.recordings[0].packed for p in found}) == 3
    assert [
        p for p in parts([(run, Watch(WORDS))]) if p.kind == STEPS
    ] == []  # of maps that were loaded: no text to ask for
