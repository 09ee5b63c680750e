"""Several runs as one measurement, and the pictures of two measurements in pairs."""

from collections.abc import Sequence
from dataclasses import replace

from .readers import ReadAttributes, Source


def pool(runs: Sequence[ReadAttributes], prompts: Sequence[str], seeds: Sequence[int]) -> ReadAttributes:
    """All pictures of all runs, each knowing its prompt, seed and place in its batch.

    prompts, seeds: one for each run, one for all, or none. Runs pooled before keep what they know where nothing else is
    given. ValueError: no runs, numbers that do not fit, or runs of different readers.
    """
    if not runs:
        raise ValueError("no runs are connected; connect Read Attributes, several through a list")
    for what, given in (("prompts", prompts), ("seeds", seeds)):
        if len(given) not in (0, 1, len(runs)):
            raise ValueError(f"{what}: {len(given)} for {len(runs)} runs; give one for each run, one for all, or none")
    first = runs[0]
    for other in runs[1:]:
        if not first.read_alike(other):
            raise ValueError(
                f"attributes: one run was read by {first.reader}, another by {other.reader}; numbers of different readers "
                "cannot be pooled, read all with the same one"
            )
    sources: list[Source] = []
    for i, run in enumerate(runs):
        named = prompts[i % len(prompts)].strip() if prompts else ""
        seed = seeds[i % len(seeds)] if seeds else None
        for picture in range(len(run.images)):
            known = run.source(picture)
            sources.append(Source(named or known.prompt, known.seed if seed is None else seed, known.index))
    images = tuple(image for run in runs for image in run.images)
    return replace(first, images=images, sources=tuple(sources))


def pairs(before: ReadAttributes, after: ReadAttributes) -> tuple[list[int], list[int], str]:
    """The places of pictures that belong together, and by what they were paired, in words.

    By prompt, seed and place in the batch where these tell all pictures of both apart, else by their order. ValueError:
    different readers, or pictures that cannot be paired.
    """
    if not before.read_alike(after):
        raise ValueError(
            f"before was read by {before.reader}, after by {after.reader}; read both with the same reader and settings"
        )
    one, other = ([read.source(i) for i in range(len(read.images))] for read in (before, after))
    distinct = all(len(set(sources)) == len(sources) for sources in (one, other))
    if before.sources and after.sources and distinct:
        place = {source: i for i, source in enumerate(other)}
        matched = [(i, place[source]) for i, source in enumerate(one) if source in place]
        if not matched:
            raise ValueError(
                "no picture of after has the prompt, seed and place of one of before; give Pool Attributes the same prompts and seeds"
            )
        left_out = len(one) + len(other) - 2 * len(matched)
        said = f"prompt, seed and place in the batch; {left_out} pictures without a partner are left out"
        return [i for i, _ in matched], [j for _, j in matched], said
    if len(one) != len(other):
        raise ValueError(
            f"before has {len(one)} pictures, after {len(other)}; connect as many, of the same seeds in the same order"
        )
    if [source.prompt for source in one] != [source.prompt for source in other]:
        raise ValueError("before and after have other prompts; pool both in the same order")
    return list(range(len(one))), list(range(len(other))), "their order, which has to be that of the same seeds"
