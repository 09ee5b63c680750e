"""Parts of a recording, to look at by themselves: its blocks by their resolution, and its steps where queries were kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..attention.capture import MapStore
from ..attention.kept_queries import asked
from ..attention.records import Watch
from ..attention.trace import Block
from ..guidance.run_record import SampledRun
from .explorer import Quantised, quantise, quantise_like

BLOCKS, STEPS = "blocks", "steps"
MOST_MAPS = 500  # words times pictures; of more each part would take seconds
MOST_STEPS = 12


@dataclass(frozen=True, eq=False)
class Part:
    """kind: BLOCKS or STEPS. label: as a slider says it. text: of blocks, as the node's input names them."""

    kind: str
    label: str
    text: str
    recordings: tuple[Quantised, ...]


def parts(recordings: Sequence[tuple[SampledRun, Watch]]) -> Iterator[Part]:
    """All blocks and each resolution of them, coarse to fine; then steps, of the first recording. None where there is but one."""
    run, watch = recordings[0]
    if not watch.words or run.store.images * len(watch.words) > MOST_MAPS:
        return
    for label, blocks in resolutions(run.store):
        first = quantise(run.store, watch.words, blocks)
        others = [
            quantise_like(first, other.store, of.words, blocks)
            for other, of in recordings[1:]
            if blocks is None or blocks & set(other.store.blocks)
        ]
        text = ", ".join(map(str, sorted(blocks))) if blocks else ""
        yield Part(BLOCKS, label, text, (first, *others))
    for step, store in steps(run, watch):
        yield Part(STEPS, str(step + 1), "", (quantise(store, watch.words),))


def resolutions(store: MapStore) -> list[tuple[str, frozenset[Block] | None]]:
    """(width x height, blocks); None: all of them, which come first."""
    found: dict[tuple[int, int], set[Block]] = {}
    for block in store.blocks:
        found.setdefault(store.grid(block), set()).add(block)
    if len(found) < 2:
        return []
    return [("", None), *((f"{w} × {h}", frozenset(blocks)) for (h, w), blocks in sorted(found.items()))]


def steps(run: SampledRun, watch: Watch) -> Iterator[tuple[int, MapStore]]:
    """(step, the maps recorded at it) of steps whose queries were kept, MOST_STEPS of them at most, evenly."""
    context = watch.context if watch.attribution is None else watch.attribution
    if run.queries is None or context is None or len(run.queries.steps) < 2:
        return
    there = sorted(run.queries.steps)
    chosen = [
        there[i * (len(there) - 1) // (min(len(there), MOST_STEPS) - 1)] for i in range(min(len(there), MOST_STEPS))
    ]
    for step in chosen:
        kept = replace(run.queries, steps={step: run.queries.steps[step]})
        yield step, asked(kept, context, watch.words, run.store.images, run.store.latent_size, watch.heads)
