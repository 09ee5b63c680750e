"""The loop by which UCE finds how far to lean each concept: draw, read, update, until the shares are met."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..fair.target import Attribute
from .concepts import write_concepts
from .uce import PAPER, VARIANTS

TOLERANCE, ROUNDS = 0.05, 30


@dataclass(frozen=True)
class Round:
    """What one round edits: text -> alpha by attribute (0: edited towards itself); and which of them are preserved as well."""

    weights: Mapping[str, tuple[float, ...]]
    met: tuple[str, ...] = ()


def gaps(desired: Sequence[float], observed: Sequence[float]) -> tuple[float, ...]:
    """r_a = desired share - observed share of each attribute."""
    return tuple(want - have for want, have in zip(desired, observed, strict=True))


def is_met(desired: Sequence[float], observed: Sequence[float], tolerance: float = TOLERANCE) -> bool:
    """Whether every share is nearer than the tolerance. Of ten pictures and .05 only exactly half is."""
    return max(map(abs, gaps(desired, observed))) < tolerance - 1e-9


def next_round(
    variant: str,
    before: Sequence[Round],
    desired: Sequence[float],
    observed: Mapping[str, Sequence[float]],
    tolerance: float = TOLERANCE,
) -> Round | None:
    """The round that follows the observation, or None once every text has met its target.

    rewrite: from the original weights each time, with alpha = the sum of all gaps so far; a text that is met adds
    nothing in that round, and is drawn again. paper era: on the weights of the rounds before, with alpha = a tenth of
    this round's gap; a text that is met is edited towards itself and joins the preserved ones, and is not drawn again
    (`observed` holds its last shares).
    """
    met = {text for text, shares in observed.items() if is_met(desired, shares, tolerance)}
    if met == set(observed):
        return None
    zero = (0.0,) * len(desired)
    gap = {text: zero if text in met else gaps(desired, shares) for text, shares in observed.items()}
    if variant == PAPER:
        stays = {*met, *(before[-1].met if before else ())}
        steps = {
            text: zero if text in stays else tuple(VARIANTS[PAPER].step * r for r in gap[text]) for text in observed
        }
        return Round(steps, tuple(sorted(stays)))
    summed = before[-1].weights if before else {}
    return Round(
        {text: tuple(have + r for have, r in zip(summed.get(text, zero), gap[text], strict=True)) for text in observed}
    )


def shares_read(
    labels: Sequence[Mapping[str, str | None]], attributes: Sequence[Attribute]
) -> tuple[float, ...] | None:
    """The share of each attribute among people read (axis -> value) that have one of them; None if nobody has."""
    counts = [sum(all(p.get(axis) == v for axis, v in a.axis_values) for p in labels) for a in attributes]
    total = sum(counts)
    return tuple(count / total for count in counts) if total else None


def marked_texts(concept: str, variant: str) -> tuple[str, ...]:
    """The texts of a concept that the loop draws, reads and edits, each for itself; brackets as in `concepts`."""
    return tuple(template.replace("{}", f"[{concept}]") for template in VARIANTS[variant].templates)


def lines_of(rounds: Sequence[Round], variant: str, names: Sequence[str]) -> str:
    """What these rounds come to, as `concepts.parse_concepts` reads it: of the rewrite the last one alone, which sums up."""
    used = rounds if variant == PAPER else rounds[-1:]
    return write_concepts([list(r.weights.items()) for r in used], names)


@dataclass
class Loop:
    """The published loop, one round at a time. observed: text -> the shares it was last drawn with."""

    variant: str
    texts: tuple[str, ...]
    desired: tuple[float, ...]
    tolerance: float = TOLERANCE
    rounds: list[Round] = field(default_factory=list)
    observed: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def to_draw(self) -> tuple[str, ...]:
        """The texts that are drawn before the next round: all of them, in the paper era those that were never met."""
        met = self.rounds[-1].met if self.rounds and self.variant == PAPER else ()
        return tuple(text for text in self.texts if text not in met)

    def update(self, observed: Mapping[str, Sequence[float]]) -> bool:
        """Take what was read of the texts `to_draw`; False once every text has met its target."""
        self.observed |= {text: tuple(shares) for text, shares in observed.items()}
        found = next_round(self.variant, self.rounds, self.desired, self.observed, self.tolerance)
        if found is not None:
            self.rounds.append(found)
        return found is not None
