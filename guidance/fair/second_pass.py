"""Several samplings of one picture (hires fix, a second pass, one schedule split over two samplers): who was given an
attribute in the first keeps it.

A picture is known again by where it comes from, never by what it looks like: two pictures of one prompt may be as alike as a
picture and its second pass. So it counts as one that was made before if its latent is that very latent, or an exact resize
of it by one of the host's methods, each image of a batch by itself; or if the user says so ("people_of").
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from torch import Tensor
from torch.nn.functional import cosine_similarity

from ...attention.maps import read_size, resize
from ..energy.soft_iou import soft_iou
from ..frames import flat
from ..run_record import Person, Picture, Recording, SampledRun, Status

OVERLAP = 0.3  # of a person's masks in two passes (SoftIoU), at least. Our decision
METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "bislerp")  # of Upscale Latent and Upscale Latent By
SAME = (
    0.02  # of a latent's spread: half precision on the way rounds less, two pictures differ by more nearly everywhere
)
KEPT_BYTES = 128 * 2**20  # of pictures known by one Fair Inference: thousands at 512 px, hundreds at 1024

Upscale = Callable[[Tensor, int, int, str, str], Tensor]  # the host's: samples [B,C,h,w], width, height, method, crop
Before = list[tuple[Person, ...] | None]  # per image: who was in the picture it begins with; None: a new picture


def remember(capture: Recording) -> None:
    """Keep the pictures of the runs that have finished; of the oldest, as many as exceed KEPT_BYTES are forgotten.

    Apart from the runs themselves, whose maps are large: a picture may be sampled on long after its run was dropped.
    """
    for run in capture.runs:
        if run.result is not None and not run.remembered:
            run.remembered = True
            for latent, people in zip(flat(run.result), run.people or [[]] * len(run.result), strict=True):
                if any(p.attribute is not None for p in people):
                    known = tuple(replace(p, reason="") if p.status is Status.OPEN else p for p in people)
                    capture.pictures.append(Picture(latent.half(), known))
    held = 0
    for place in range(len(capture.pictures) - 1, -1, -1):
        held += capture.pictures[place].bytes
        if held > KEPT_BYTES:
            capture.pictures = capture.pictures[place + 1 :]
            break


def people_before(captures: Iterable[Recording], latent: Tensor, upscale: Upscale) -> Before:
    """Who was in the picture that each image of a latent [B,C,h,w] begins with: the last of those it may be."""
    pictures = [picture for capture in captures for picture in capture.pictures]
    return [_made_before(pictures, image, upscale) for image in latent.detach().cpu().float()]


def _made_before(pictures: Sequence[Picture], image: Tensor, upscale: Upscale) -> tuple[Person, ...] | None:
    if not bool(image.any()):
        return None  # an empty latent
    for picture in reversed(pictures):
        made = picture.latent.float()
        if made.shape == image.shape and same(made, image):
            return picture.people
        if made.shape != image.shape and made.shape[0] == image.shape[0]:
            crop = resized_how(made, image, upscale)
            if crop is not None:
                return tuple(
                    replace(p, mask=as_cropped(p.mask, image.shape[-2:], crop, upscale)) for p in picture.people
                )
    return None


def same(made: Tensor, image: Tensor) -> bool:
    """Whether two latents of one shape are one and the same, up to rounding."""
    return bool((made - image).abs().max() <= SAME * image.std())


def resized_how(made: Tensor, image: Tensor, upscale: Upscale) -> str | None:
    """How the host's resizing has cropped a latent [C,h,w] where it made `image` of it; None: it did not."""
    height, width = image.shape[-2:]
    for crop in ("disabled", "center"):
        if crop == "center" and made.shape[-2] * width == made.shape[-1] * height:
            break  # nothing to cut off
        # All methods agree on the large shapes, so most pictures are told apart by the cheapest.
        rough = upscale(made[None], width, height, "area", crop)[0]
        if float(cosine_similarity(rough.flatten(), image.flatten(), dim=0)) < 0.5:
            continue
        for method in METHODS:
            if same(upscale(made[None], width, height, method, crop)[0], image):
                return crop
    return None


def as_cropped(mask: Tensor, latent: Sequence[int], crop: str, upscale: Upscale) -> Tensor:
    """A mask [h,w] of the whole picture, as one of what a crop to this shape has left, at the size people are read at."""
    height, width = read_size((latent[0], latent[1]))
    return upscale(mask[None, None], width, height, "bilinear", crop)[0, 0]


def people_named(capture: Recording, latent: Tensor, node: str, upscale: Upscale) -> Before:
    """The people of the sampling that the user names, for each image of a latent [B,C,h,w] that was made from it.

    Where its batch has as many images they correspond by place; an image picked out of it is the most similar one.
    ValueError if it has no people to give.
    """
    known = people_before([capture], latent, upscale)
    if None not in known:
        return known
    run = next((run for run in reversed(capture.runs) if run.result is not None and any(run.people)), None)
    if run is None or run.result is None:
        raise ValueError(
            f"{node}, people_of: nobody was given an attribute with that attention yet. Connect the attention output of the "
            "Fair Inference that the picture was first sampled with, and sample on from that picture"
        )
    if len(run.people) == len(latent):
        places = list(range(len(latent)))
    else:
        sized = resize(flat(run.result), (latent.shape[-2], latent.shape[-1])).flatten(1)
        places = [
            int(cosine_similarity(sized, one, dim=1).argmax()) for one in latent.detach().cpu().float().flatten(1)
        ]
    return [have if have is not None else tuple(run.people[i]) for have, i in zip(known, places, strict=True)]


def first_part(captures: Iterable[Recording], latent: Tensor) -> SampledRun | None:
    """The kept run whose result is this very latent, image by image: a schedule goes on that another sampler began."""
    for run in (run for capture in captures for run in reversed(capture.runs)):
        if run.result is not None and flat(run.result).shape == latent.shape:
            images = zip(flat(run.result), latent.detach().cpu().float(), strict=True)
            if all(same(made, image) for made, image in images):
                return run
    return None


def keep_attributes(found: list[list[Person]], before: Before) -> list[list[Person]]:
    """The people found, image by image. One who is free to change keeps the attribute of the person of the same group, in
    the sampling before, whose mask overlaps most (OVERLAP at least), or is left alone as that person was, by the user."""
    return [[_keep(person, earlier or ()) for person in people] for people, earlier in zip(found, before, strict=True)]


def as_before(earlier: Sequence[Person], latent: tuple[int, int]) -> list[Person]:
    """The people of the picture before, where they were, as people of a latent of this size."""
    size = read_size(latent)
    kept = [replace(p, mask=resize(p.mask, size), steered=[]) for p in earlier]  # what was done there stays there
    return [p if p.attribute is None else replace(p, status=Status.KEPT) for p in kept]


def _keep(person: Person, earlier: Sequence[Person]) -> Person:
    if person.status is not Status.OPEN:
        return person
    size = (person.mask.shape[-2], person.mask.shape[-1])
    same = [p for p in earlier if p.group == person.group and (p.attribute is not None or p.status is Status.DROPPED)]
    places = [float(soft_iou(person.mask, resize(p.mask, size))) for p in same]
    if not places or max(places) < OVERLAP:
        return person
    best = same[places.index(max(places))]
    if best.status is Status.DROPPED:
        return replace(person, status=Status.DROPPED)
    return replace(person, attribute=best.attribute, status=Status.KEPT, name=best.name, steered=[])
