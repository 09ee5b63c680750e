"""Who is in a picture, as boxes: from a detector's boxes, from masks, or the whole picture as one person.

Everything that is found is (box, confidence); boxes are (left, top, right, bottom) in pixels.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .crops import Box
from .readings import Reading

Found = list[list[tuple[Box, float]]]  # images -> people
# Labels of detectors that mean a person or a face; boxes with another label are of something else.
PERSON_WORDS = frozenset("person people human face head man woman pedestrian".split())
CRUMB = 0.02  # of the largest piece: a smaller one is no person of its own


def is_person(label: str) -> bool:
    """ "person", "human face", "Human head"."""
    return bool(PERSON_WORDS & set(label.casefold().replace("-", " ").replace("_", " ").split()))


def check_picture(images: Tensor) -> None:
    """[B,H,W,3], at least one picture of at least a pixel, all numbers. ValueError says what it is instead."""
    shape = tuple(images.shape)
    if images.dim() != 4 or 0 in shape[:3]:
        raise ValueError(f"there is no picture in it (its shape is {shape}): connect decoded pictures")
    if shape[3] != 3:
        kind = {1: "grey", 2: "grey with transparency", 4: "colour with transparency (RGBA)"}.get(
            shape[3], "no colour picture"
        )
        raise ValueError(
            f"the picture has {shape[3]} channel{'s' * (shape[3] != 1)} ({kind}), wanted are three: save it as RGB, or turn "
            "it into RGB before it comes here"
        )
    if not bool(torch.isfinite(images).all()):
        raise ValueError(
            "the picture holds values that are no numbers (NaN or infinite): decode it again, in full precision"
        )


def whole(images: Tensor) -> Found:
    """Each picture is one person."""
    height, width = images.shape[1:3]
    return [[((0.0, 0.0, float(width), float(height)), 1.0)] for _ in range(len(images))]


def from_readings(readings: Sequence[Sequence[Reading]]) -> Found:
    """The people whom another reader has found."""
    return [[(r.box, r.confidence) for r in people] for people in readings]


def from_boxes(boxes: Any, images: Tensor) -> tuple[Found, dict[str, int]]:
    """(people, what else was boxed: label -> how many) of a host's boxes: per image a list of {x, y, width, height}, maybe
    with label and score. ValueError if they are of other pictures."""
    per_image = [[boxes]] if isinstance(boxes, Mapping) else list(boxes or [])
    if per_image and isinstance(per_image[0], Mapping):
        per_image = [per_image]
    if len(per_image) != len(images):
        raise ValueError(
            f"boxes of {len(per_image)} picture{'s' * (len(per_image) != 1)}, but the batch holds {len(images)}: give the "
            "detector the same pictures"
        )
    height, width = images.shape[1:3]
    found: Found = []
    others: dict[str, int] = {}
    for b, image in enumerate(per_image):
        people = []
        for one in image or ():
            label = str(one.get("label") or "")
            if label and not is_person(label):
                others[label] = others.get(label, 0) + 1
                continue
            people.append((_box(one, b, height, width), float(one.get("score", 1.0))))
        found.append(people)
    return found, others


def _box(one: Mapping[str, Any], image: int, height: int, width: int) -> Box:
    try:
        left, top, w, h = (float(one[key]) for key in ("x", "y", "width", "height"))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"picture {image + 1}: {dict(one)} is no box: wanted are x, y, width and height") from error
    if not all(map(math.isfinite, (left, top, w, h))) or w <= 0 or h <= 0:
        raise ValueError(f"picture {image + 1}: the box {dict(one)} is empty: its width and height have to be above 0")
    if left >= width or top >= height or left + w <= 0 or top + h <= 0:
        raise ValueError(
            f"picture {image + 1}: the box {dict(one)} lies outside of the picture, {width} x {height}: it is of another "
            "picture or of another size; detect in this very picture"
        )
    return left, top, left + w, top + h


def from_masks(masks: Tensor, images: Tensor, pieces: bool = False) -> Found:
    """masks [N,h,w] 0 ... 1, at any size -> the box around each person.

    pieces=False: each mask is one person; a batch of several pictures then needs one mask a picture. pieces=True: one mask
    a picture, and each piece of it that hangs together is a person. ValueError where it cannot be told whose a mask is.
    """
    masks = masks[None] if masks.dim() == 2 else masks
    if len(images) > 1 and len(masks) != len(images) or pieces and len(masks) != len(images):
        raise ValueError(
            f"{len(masks)} mask{'s' * (len(masks) != 1)} for {len(images)} picture{'s' * (len(images) != 1)}: it cannot be "
            "told whose they are. Connect boxes instead (Locate Regions and detectors give them picture by picture), or "
            "read one picture at a time"
        )
    found: Found = [[] for _ in range(len(images))]
    for n, mask in enumerate(masks):
        image = n if len(images) > 1 or pieces else 0
        found[image] += [(box, 1.0) for box in _around(mask, images.shape[1], images.shape[2], pieces)]
    return found


def _around(mask: Tensor, height: int, width: int, pieces: bool) -> list[Box]:
    import numpy as np
    from scipy import ndimage

    inside = mask.float().cpu().numpy() >= 0.5
    labelled, count = ndimage.label(inside) if pieces else (inside.astype(np.int64), int(inside.any()))
    sizes = np.bincount(labelled.ravel(), minlength=count + 1)[1:]
    across, down = width / mask.shape[1], height / mask.shape[0]
    return [
        (place[1].start * across, place[0].start * down, place[1].stop * across, place[0].stop * down)
        for place, size in zip(ndimage.find_objects(labelled), sizes, strict=False)
        if place is not None and size >= CRUMB * sizes.max()
    ]


def count_people(found: Sequence[Sequence[Any]]) -> int:
    return sum(map(len, found))
