"""Which image of its seed each image of a batch is, so that an image alone is dealt what it is dealt in the batch (but for the
running quota, which looks at the images before it)."""

from collections.abc import Mapping

import torch
from torch import Tensor

LARGEST_BATCH = 4096  # that the host makes: beyond its last image the noise counts as somebody else's
SHARED = "the pictures of this batch share their noise, so that each was dealt the same attributes"


def image_numbers(noise: Tensor, seed: int) -> tuple[int, ...]:
    """The number of each image's noise [B,C,h,w] among those that the host draws one after the other from `seed`.

    A plain batch is 0, 1, 2, ...; Latent From Batch takes some of them, with the noise they had there. Noise of another
    make is numbered by its place in the batch. The host draws in float32 and rounds (0.30.0), or draws in the latent's
    own precision (0.3.75).
    """
    noise, places = noise.detach().cpu(), tuple(range(len(noise)))
    if not bool(noise.any()):
        return places  # a sampler that adds none
    for drawn_in in dict.fromkeys((torch.float32, noise.dtype)):
        found = _numbers(noise, seed, drawn_in)
        if found is not None:
            return found
    return places


def _numbers(noise: Tensor, seed: int, drawn_in: torch.dtype) -> tuple[int, ...] | None:
    def draw(shape: torch.Size) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=drawn_in).to(noise.dtype)

    generator = torch.Generator().manual_seed(seed)
    if torch.equal(draw(noise.shape), noise):
        return tuple(range(len(noise)))
    generator.manual_seed(seed)
    numbers: dict[int, int] = {}
    firsts = noise.flatten(1)[:, 0].tolist()  # told apart by one number, most are not compared as a whole
    for number in range(LARGEST_BATCH):
        drawn = draw(noise.shape[1:])
        first = float(drawn.flatten()[0])
        for place, begins in enumerate(firsts):
            if begins == first and place not in numbers and torch.equal(noise[place], drawn):
                numbers[place] = number
        if len(numbers) == len(noise):
            return tuple(numbers[place] for place in range(len(noise)))
    return None


BASE, NEGATIVE = "base", "negative"  # among predictions by name: the sampler's positive and its negative


def images_of(options: Mapping, rows: int, images: int) -> list[int] | None:
    """Which images of the batch the `rows` of each conditioning in a forward are; None: not to be told.

    All of them; or those of a window of the batch, as the host's context windows put it into the options (with an image
    before the window, whose prediction is dropped) and AnimateDiff-Evolved does.
    """
    if rows == images:
        return list(range(images))
    window = options.get("context_window")
    if window is not None and getattr(window, "dim", 0) == 0:
        before = getattr(window, "causal_anchor_index", None)
        chosen = [*([] if before is None or before < 0 else [before]), *window.index_list]
    else:
        chosen = list((options.get("ad_params") or {}).get("sub_idxs") or ())
    return chosen if len(chosen) == rows and max(chosen) < images else None


class Parts:
    """Predictions of a batch that is asked for in parts, which may overlap: their mean for each image."""

    def __init__(self, images: int):
        self.images = images
        self.there: set[tuple[int, ...]] = set()
        self.sums: dict = {}
        self.counts = torch.zeros(images)

    def lacks(self, numbers: list[int] | None) -> bool:
        """Whether these images of the batch, as one part, are not there yet. None: it is not known which they are."""
        return numbers is not None and tuple(numbers) not in self.there

    def add(self, numbers: list[int], found: dict) -> dict:
        """What is there of each kind after this part [rows,...]: the mean over all parts [images,...]; {}: not of all images."""
        self.there.add(tuple(numbers))
        for name, part in found.items():
            if name not in self.sums:
                self.sums[name] = part.new_zeros(self.images, *part.shape[1:])
            self.sums[name][numbers] += part
        self.counts[numbers] += 1
        if not bool(self.counts.all()):
            return {}
        if len(self.there) == 1:
            return dict(found)
        return {
            name: total / self.counts.to(total).reshape(-1, *[1] * (total.dim() - 1))
            for name, total in self.sums.items()
        }
