"""Several samplings of one picture (hires fix, a second pass): who was given an attribute in the first keeps it."""

from dataclasses import replace

from torch import Tensor
from torch.nn.functional import cosine_similarity

from ..attention.maps import resize
from ..guidance.soft_iou import soft_iou
from .types import Capture, Person, SampledRun

ALIKE, OVERLAP = 0.7, 0.3  # two passes' latents (cosine) and a person's two masks (SoftIoU), at least. Our decision
KEPT = ", as in the sampling before"


def pass_before(capture: Capture, latent: Tensor) -> SampledRun | None:
    """The last run that made what another one now starts from, latent [B,C,h,w], perhaps enlarged; None: a new picture.

    A run that itself started from there made a variation, and so does this one.
    """
    for run in reversed(capture.runs):
        if run.result is None or not run.people or run.result.shape[:2] != latent.shape[:2]:
            continue
        made, began = (likeness(x, latent) for x in (run.result, run.source))
        if made >= ALIKE and made > began:
            return run
    return None


def likeness(one: Tensor, other: Tensor) -> float:
    """The least cosine of any image [B,C,h,w] with its other one, at the other's size; 0 for an empty latent."""
    one = resize(one, (other.shape[-2], other.shape[-1]))
    return float(cosine_similarity(one.flatten(1), other.flatten(1)).min())


def keep_attributes(found: list[list[Person]], before: list[list[Person]]) -> list[list[Person]]:
    """The people found, image by image; whoever is where somebody of the same group was keeps what that one was given."""
    return [[_keep(person, earlier) for person in people] for people, earlier in zip(found, before, strict=True)]


def _keep(person: Person, earlier: list[Person]) -> Person:
    if person.why:
        return person
    size = (person.mask.shape[-2], person.mask.shape[-1])
    same = [p for p in earlier if p.group == person.group and p.attribute is not None]
    places = [float(soft_iou(person.mask, resize(p.mask, size))) for p in same]
    if not places or max(places) < OVERLAP:
        return person
    best = same[places.index(max(places))]
    return replace(person, attribute=best.attribute, why=best.why.partition(",")[0] + KEPT)
