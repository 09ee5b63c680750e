"""Who is where in a picture: people found by their words while sampling, or given as masks from outside."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from ...attention.maps import read_size, resize
from ...attention.records import RegionFinder, check_blocks
from ...attention.regions import locate
from ...attention.same_place import coinciding
from ..find_run import require_maps
from ..run_record import CELL, Person, SampledRun, Status
from ..schedule import Window
from .edit_people import edit_run
from .edits import Edit


def find_people(finder: RegionFinder, run: SampledRun, of: frozenset[str] = frozenset()) -> list[list[Person]]:
    """Who is where in each image, from the maps recorded so far; stated are those for whom the prompt says one of the axes `of`.

    People of two groups in one place are one person, of the group named first; the run notes it, and where words of a group
    that do not meet were replaced by some of them.
    """
    aligned, images = finder.aligned, range(run.store.images)
    groups = range(len(aligned.groups))
    located = locate(run.store, finder.rule, [aligned.columns(g) for g in groups])
    found: list[list[list[Person]]] = [[] for _ in images]  # [image][group]
    for g, group in enumerate(aligned.groups):
        status, reason = _standing(finder, g, of)
        for image in images:
            people = located[g][image]
            found[image].append([Person(g, group.noun.text, mask, None, status, "", reason) for mask in people.masks])
            if people.fell_back:
                run.note(f"image {image + 1}: {group.label} found by the {people.rule}")
    return [_one_each(groups, number, run) for number, groups in enumerate(found, 1)]


def _standing(finder: RegionFinder, group: int, of: frozenset[str]) -> tuple[Status, str]:
    stated = finder.aligned.stated(group, of)
    return (Status.STATED, f"the prompt says {', '.join(stated)}") if stated else (Status.OPEN, "")


def somebody(finder: RegionFinder | None, of: frozenset[str], free: int, noun: str, mask: Tensor) -> Person:
    """Who was drawn by hand at a mask [h,w]: one of the group of this noun, else of the group `free`."""
    if finder is None:
        return Person(free, noun or "person", mask)
    nouns = [group.noun.text for group in finder.aligned.groups]
    g = nouns.index(noun) if noun in nouns else free
    status, reason = _standing(finder, g, of)
    return Person(g, nouns[g], mask, None, status, "", reason)


def _one_each(groups: list[list[Person]], image: int, run: SampledRun) -> list[Person]:
    """The people of one image, those of a later group left out where an earlier one has the same place."""
    gone = set()
    empty = run.store.latent_size
    masks = [torch.stack([p.mask for p in people]) if people else torch.zeros(0, *empty) for people in groups]
    for pair in coinciding(masks):
        kept, same = groups[pair.as_group][pair.as_at], groups[pair.group][pair.at]
        gone.add((pair.group, pair.at))
        if kept.status is Status.OPEN:  # what is stated of one is stated of both
            groups[pair.as_group][pair.as_at] = replace(kept, status=same.status, reason=same.reason)
        run.note(f"image {image}: {kept.label} and {same.label} are in one place (IoU {pair.iou:.2f}), so one person")
    return [p for g, people in enumerate(groups) for i, p in enumerate(people) if (g, i) not in gone]


def named_people(finder: RegionFinder) -> tuple[tuple[int, str, int], ...]:
    """(group, its noun, how many) of the groups whose number the prompt says."""
    groups = enumerate(finder.aligned.groups)
    return tuple((g, group.noun.text, group.count) for g, group in groups if group.count is not None)


def people_from_masks(masks: Tensor, run: SampledRun, group: int = 0) -> list[list[Person]]:
    """Masks that came from outside, [n,h,w], for every image of the batch; those without a pixel are nobody.

    They are read at the size at which people are found, so that their borders are as soft.
    """
    sized = resize(masks.float().cpu(), read_size(run.store.latent_size))
    found = [Person(group, f"mask {j + 1}", m) for j, m in enumerate(sized) if bool((masks[j] > 0).any())]
    return [list(found) for _ in range(run.store.images)]


def as_masks(masks: Tensor, node: str) -> Tensor:
    """[n,h,w] of masks as nodes give them: also one alone [h,w], or with a channel [n,1,h,w]. ValueError for others."""
    if masks.dim() == 2:
        return masks.unsqueeze(0)
    if masks.dim() == 4 and masks.shape[1] == 1:
        return masks.squeeze(1)
    if masks.dim() != 3 or not len(masks):
        raise ValueError(
            f"{node}, masks: got shape {tuple(masks.shape)}; give one mask per person, [people, height, width]"
        )
    return masks


def separate_parts(masks: Tensor) -> Tensor:
    """[n,h,w] -> [m,h,w]: each mask's connected parts (8 neighbours) by themselves, left to right, mask by mask.

    Parts below a hundredth of their mask's largest one are specks of the brush, and left out. An empty mask stays one.
    """
    parts = []
    for mask in masks:
        labels, n = ndimage.label((mask > 0).cpu().numpy(), np.ones((3, 3)))
        sizes = ndimage.sum_labels(labels > 0, labels, range(1, n + 1))
        places = [p[1] for p in ndimage.center_of_mass(labels > 0, labels, range(1, n + 1))]
        found = [(at, i) for i, (at, size) in enumerate(zip(places, sizes, strict=True), 1) if size >= max(sizes) / 100]
        parts += [mask * torch.from_numpy(labels == i).to(mask) for _, i in sorted(found)] or [mask]
    return torch.stack(parts)


def check_masks(masks: Tensor, finder: RegionFinder | None, node: str) -> None:
    """ValueError if there are masks of more people than the prompt names (where it says). An empty mask is nobody."""
    if finder is None or any(group.count is None for group in finder.aligned.groups):
        return
    people = int((masks > 0).flatten(1).any(1).sum())
    total = sum(group.count or 0 for group in finder.aligned.groups)
    if people > total:
        named = f"{total} {'person' if total == 1 else 'people'}"
        raise ValueError(
            f"{node}, masks: got {people} masks, but the prompt {finder.aligned.prompt!r} names {named}; give one "
            "mask per person, at most as many as the prompt names, or leave regions unconnected"
        )


def larger_than(masks: Tensor, latent: tuple[int, int], cell: int = CELL) -> str:
    """What to say of masks [n,H,W] that are larger than the picture of this latent; "" for others. cell: pixels of its cells."""
    (height, width), (h, w) = masks.shape[-2:], latent
    if height <= cell * h + cell or width <= cell * w + cell:
        return ""
    return (
        f"the masks are {width} x {height}, the picture sampled is {cell * w} x {cell * h}: they are scaled to it. If it is a tile of a "
        "larger picture (an upscaler's), that is the wrong place: sample tiles without Fair Inference, or crop the masks to the tile"
    )


def check_mask_size(masks: Tensor, latent: tuple[int, int], node: str, cell: int = CELL) -> None:
    """ValueError unless masks [n,H,W] have the shape of the picture: as wide for their height, to one latent cell."""
    (height, width), (h, w) = masks.shape[-2:], latent
    if abs(height * w - width * h) > max(height, width):
        raise ValueError(
            f"{node}, masks: they are {width} x {height}, another shape than the latent's {w} x {h} (a picture of "
            f"{cell * w} x {cell * h} pixels); make the masks on a picture of that shape, or resize and crop them to it"
        )


def check_warm_up(first_sigma: float, warm_up: Window, start_percent: float, node: str) -> None:
    """ValueError if sampling begins below the noise level at which people are to have been found."""
    if not warm_up.holds(first_sigma):
        raise ValueError(
            f"{node}, start_percent: sampling begins later (denoise below 1, or a later first step), so no step is left "
            f"before {start_percent:g} in which to find the people; set start_percent above 1 - denoise, or connect masks"
        )


def who_is_where(run: SampledRun, regions: RegionFinder, node: str, edits: Sequence[Edit] = ()) -> list[list[Person]]:
    """The people of each image, without those whom the user has dropped; edits: made to them here. ValueError if other words
    or blocks were recorded than these regions need."""
    found = people_known(run, regions, node)
    if edits:
        found = edit_run(found, edits, run, (), partial(somebody, regions, frozenset(), 0))
    return [[p for p in people if p.status is not Status.DROPPED] for people in found]


def people_known(run: SampledRun, regions: RegionFinder, node: str) -> list[list[Person]]:
    """The people of each image as the run has left them; else as they are found in its maps."""
    if run.store.labels != tuple(w.label for group in regions.aligned.words for w in group):
        raise ValueError(
            f"{node}: the attention holds the words {', '.join(run.store.labels)}; connect Linguistic Alignment's tokens "
            "to the capture and the same tokens to Block Voting"
        )
    if run.people:
        return run.people
    require_maps(run, node)
    check_blocks(regions, run.store.blocks, node, "the attention")
    return find_people(regions, run)
