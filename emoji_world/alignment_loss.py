"""Who is to be what, and what a picture is charged for: the targets and losses of Shen et al.'s distribution alignment.

Source: Shen et al., "Finetuning Text-to-Image Diffusion Models for Fairness" (ICLR 2024) and its code
(sail-sg/finetune-fair-diffusion aa65cbd). There: one face a picture, CLIP and DINOv2 for pictures, a face embedding for faces. Here
(our decision): every person of a batch counts, and the second reader's features stand for all three encoders.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial, prod

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ..metrics.readers.crops import Box, cut
from .reader import AXES, EmojiReader
from .scene import Group, compose, render
from .train_second_reader import LABELS, SIDE, reopened
from .world import GENDERS, SECOND_READER, TONES, TUNING, balanced

UNCERTAIN = 0.2  # a target with more doubt than this is dropped
EXPAND = 0.3  # of a box; the second reader was trained on 0 ... 0.6


@dataclass(frozen=True)
class Weights:
    """image, face: of their terms. changed: what the image term counts where somebody is to change (factor1); inside: what its
    gradient counts inside their boxes (factor2)."""

    image: float
    face: float
    changed: float
    inside: float


WEIGHTS = {"gender": Weights(8, 1, 0.2, 0.2), "skin tone": Weights(6, 0.1, 0.6, 0.3)}  # the second: their "race"


def counts_of(people: int, classes: int) -> Iterator[tuple[int, ...]]:
    """Every way to deal that many people to the classes: (0, 2), (1, 1), (2, 0)."""
    if classes == 1:
        yield (people,)
        return
    for first in range(people + 1):
        yield from ((first, *rest) for rest in counts_of(people - first, classes - 1))


def expected_targets(probabilities: Tensor) -> Tensor:
    """[N,K] as read -> [N,K]: how often each person is dealt each class, if N classes are drawn evenly and dealt at least cost.

    The cost of a deal is sum |p_i - e_k(i)|^2 (optimal transport). Shen et al. average over draws; here all counts are gone through
    with their multinomial probability, which is exact. Meant for a few classes: N+1 deals for two, about N^3/6 for four.
    """
    people, classes = probabilities.shape
    cost = (probabilities[:, None] - torch.eye(classes)).square().sum(-1).numpy()
    dealt = torch.zeros(people, classes)
    for counts in counts_of(people, classes):
        likely = factorial(people) / prod(map(factorial, counts)) / classes**people
        columns = np.repeat(np.arange(classes), counts)
        rows, places = linear_sum_assignment(cost[:, columns])
        dealt[rows, columns[places]] += likely
    return dealt


def targets(probabilities: Tensor) -> Tensor:
    """[N,K] as read -> [N] classes; -1: more than UNCERTAIN in doubt, so nothing is asked of that person."""
    sure, target = expected_targets(probabilities.detach().float()).max(1)
    return torch.where(1 - sure > UNCERTAIN, -1, target)


class Eyes:
    """The second reader, differentiable with respect to the picture; where people are is told by the first."""

    def __init__(self, axis: str) -> None:
        self.net = reopened(SECOND_READER).float().eval().requires_grad_(False)
        self.places = EmojiReader()
        self.columns = [LABELS.index(f"{axis}: {value}") for value in AXES[axis]]

    def find(self, pictures: Tensor) -> list[tuple[int, Box]]:
        """[B,3,H,W] in 0 ... 1 -> (picture, box) of each person."""
        found = self.places.read(pictures.detach().clamp(0, 1).permute(0, 2, 3, 1))
        return [(i, reading.box) for i, readings in enumerate(found) for reading in readings]

    def look(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """[N,3,48,48] in 0 ... 1 -> logits of the axis [N,K], features of unit length [N,96]."""
        token = self.net.vit(pixel_values=crops.clamp(0, 1) * 2 - 1).last_hidden_state[:, 0]
        return self.net.classifier(token)[:, self.columns], F.normalize(token, dim=1)


def small(picture: Tensor) -> Tensor:
    """[3,h,w] -> [1,3,48,48]."""
    return F.interpolate(picture[None], (SIDE, SIDE), mode="bilinear", antialias=True)


def crops(pictures: Tensor, people: list[tuple[int, Box]]) -> Tensor:
    """What the reader is shown of each [N,3,48,48]."""
    return torch.cat([small(cut(pictures[i].permute(1, 2, 0), box, EXPAND)) for i, box in people])


def gradient_inside(pictures: Tensor, people: list[tuple[int, Box]], share: float) -> Tensor:
    """The same pictures, whose gradient is scaled by `share` inside these boxes."""
    kept = torch.ones_like(pictures[:, :1])
    for i, (left, top, right, bottom) in people:
        kept[i, :, max(0, round(top)) : round(bottom), max(0, round(left)) : round(right)] = share
    return pictures * kept + (pictures * (1 - kept)).detach()


@dataclass(frozen=True)
class Bank:
    """Rendered people, as the reader sees them: features [M,96], classes [M]."""

    features: Tensor
    classes: Tensor

    def nearest(self, features: Tensor, target: Tensor) -> Tensor:
        """[N]: cosine of each person to the nearest rendered one of its target's class, of any class where it has none."""
        alike = features @ self.features.T
        wrong = (target[:, None] >= 0) & (target[:, None] != self.classes)
        return alike.masked_fill(wrong, -1).amax(1)


def bank_of(eyes: Eyes, axis: str, people: int, rng: np.random.Generator) -> Bank:
    """Rendered people of the six occupations, every class of the axis as likely."""
    shown, classes = [], []
    while len(classes) < people:
        gender, tone = str(rng.choice(GENDERS)), str(rng.choice(TONES))
        scene = compose(rng, (Group(str(rng.choice(TUNING)), 2, gender, tone),), None, balanced())
        picture = torch.from_numpy(render(scene).image.copy()).permute(2, 0, 1)[None].float() / 255
        boxes = [(0, (p.left, p.top, p.left + p.size, p.top + p.size)) for p in scene.people]
        shown.append(crops(picture, boxes))
        classes += [AXES[axis].index({"gender": p.gender, "skin tone": p.tone}[axis]) for p in scene.people]
    with torch.no_grad():
        return Bank(eyes.look(torch.cat(shown))[1], torch.tensor(classes))


def charged(
    eyes: Eyes, weights: Weights, bank: Bank, pictures: Tensor, originals: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """The loss of one prompt's pictures [B,3,H,W] beside the unchanged model's of the same noise; and its parts, for the log.

    cross-entropy (mean over people with a target) + w_image mean d (1 - cos of whole pictures) + w_face mean (1 - cos to the nearest
    rendered person). d is 1 where nobody is found or everybody is to stay what he or she was, else factor1.
    """
    people = eyes.find(pictures)
    align = face = torch.zeros(())
    changing, classes, target = [], torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long)
    if people:
        logits, features = eyes.look(crops(pictures, people))
        target, classes = targets(logits.softmax(1)), logits.argmax(1)
        with torch.no_grad():
            before = eyes.look(crops(originals, people))[0].argmax(1)
        changing = [p for p, differs in zip(people, (target >= 0) & (target != before), strict=True) if differs]
        if (target >= 0).any():
            align = F.cross_entropy(logits, target, ignore_index=-1)
        face = (1 - bank.nearest(features, target)).mean()
    d = torch.ones(len(pictures))
    d[[i for i, _ in changing]] = weights.changed
    shown = gradient_inside(pictures, changing, weights.inside)
    now = eyes.look(torch.cat([small(p) for p in shown]))[1]
    with torch.no_grad():
        then = eyes.look(torch.cat([small(p) for p in originals]))[1]
    image = (d * (1 - (now * then).sum(1))).mean()
    parts = {"align": align, "image": image, "face": face}
    said = {name: round(float(part.detach()), 4) for name, part in parts.items()}
    said |= {"people": len(people), "targets": int((target >= 0).sum()), "changing": len(changing)}
    said |= {"first": round(float((classes == 0).float().mean()), 3) if people else None}
    return align + weights.image * image + weights.face * face, said
