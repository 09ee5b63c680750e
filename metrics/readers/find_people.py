"""Where the people to be read are: what is connected, a detector, or the whole picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .detector import Detector, yuface_faces
from .readings import AttributeReader
from .whereabouts import Found, count_people, from_boxes, from_masks, from_readings, whole

CONNECTED, WHOLE, PIECES, FOLDER, FACES, DRAWN = (
    "connected boxes or masks",
    "the whole picture",
    "pieces of a mask",
    "a detector's folder",
    "faces, by yuface",
    "the emoji reader",
)
WAYS = (CONNECTED, WHOLE, PIECES, FOLDER, FACES, DRAWN)
NONE = "none"


@dataclass(frozen=True)
class Helpers:
    """Who finds people where nothing is connected. open_detector: a folder's name -> its detector; between: see there."""

    open_detector: Callable[[str], Detector]
    drawn: Callable[[], AttributeReader]
    between: Callable[[int], None] = lambda n: None


def find_people(
    image: Tensor, people: str, bboxes: Any, masks: Tensor | None, detector: str, confidence: float, helpers: Helpers
) -> tuple[Found, str]:
    """(who is where, a sentence about it). ValueError begins with the input it is about."""
    if people == WHOLE:
        return whole(image), "each picture is read as one person"
    if people == DRAWN:
        return from_readings(helpers.drawn().read(image)), "found by the emoji reader"
    if people == FACES:
        return _about("people", yuface_faces, image, confidence), "faces found by yuface"
    if people == FOLDER:
        if detector == NONE:
            raise ValueError(
                "detector: none is chosen; put an object detector of transformers into models/fair_readers and choose it"
            )
        model = _about("detector", helpers.open_detector, detector)
        found = model.find(image, confidence, lambda: helpers.between(1))
        return found, f"found by {detector} ({', '.join(model.wanted)})"
    if people == PIECES or masks is not None and bboxes is None:
        if masks is None:
            raise ValueError("masks: nothing is connected; connect one mask a picture, or choose another way in people")
        return _about("masks", from_masks, masks, image, people == PIECES), "taken from the masks"
    if bboxes is None:
        raise ValueError(
            "people: nothing says where they are. Connect boxes (RT-DETR, MediaPipe, SDPose, SAM 3; ComfyUI 0.3.75 has none of "
            f"these nodes) or masks, or choose {WHOLE!r} or a detector in people"
        )
    if masks is not None:
        raise ValueError("bboxes, masks: both are connected; take one of them off")
    found, others = _about("bboxes", from_boxes, bboxes, image)
    left = ", ".join(f"{n} {label}" for label, n in sorted(others.items()))
    return found, "taken from the boxes" + (f"; left out, being no people: {left}" if left else "")


def nobody(found: Sequence[Sequence[Any]], people: str) -> str:
    """What to do where nobody was found at all; "" where somebody was."""
    if count_people(found):
        return ""
    where, what = {
        CONNECTED: ("bboxes or masks", "lower the detector's threshold"),
        FOLDER: ("detector_confidence", "lower it, or choose another detector"),
        FACES: ("detector_confidence", "lower it, or connect boxes"),
        PIECES: ("masks", "connect masks that are not empty"),
    }.get(people, ("image", "the emoji reader knows drawn people only"))
    count = f"{len(found)} picture{'s' * (len(found) != 1)}"
    return f"Read Attributes, {where}: nobody in {count}, so there is nothing to measure; look at the pictures: {what}"


def _about(name: str, work: Any, *given: Any) -> Any:
    try:
        return work(*given)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
