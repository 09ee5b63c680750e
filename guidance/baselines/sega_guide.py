"""SEGA over the predictions of one run: warm-ups, cool-downs, and the momentum that one step leaves to the next."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ..fair.directions import momentum
from ..parametrization import to_eps
from ..schedule import Window
from .sega import Sega, away_weight, guidance, needed, partial_guidance, pictures_terms


class SegaGuide:
    """gamma: the last guidance with its momentum, in eps units [B,C,h,w]; None: none yet. sampling: the host's model_sampling."""

    def __init__(self, sega: Sega, concepts: int, sampling: Any):
        self.sega, self.concepts = sega, concepts
        sides = (sega.towards, sega.away) if away_weight(sega.away.weight, concepts) else (sega.towards,)
        self.windows = [Window.of(sampling, c.start, c.end) for c in sides]
        self.forget()

    def forget(self) -> None:
        """What was held belongs to another picture, or to a latent of another size."""
        self.gamma: Tensor | None = None
        self.velocity: Tensor | None = None  # nu, as it is in this step
        self.after: Tensor | None = None  # nu, as this step leaves it
        self.step = -1

    def fits(self, shape: Sequence[int]) -> bool:
        """Whether what is known is of latents of this shape [B,C,h,w]."""
        return self.gamma is None or tuple(self.gamma.shape) == tuple(shape)

    def enter(self, step: int) -> None:
        """A prediction of this step comes. A sampler that predicts twice in a step is given the same momentum twice."""
        if step != self.step:
            self.step, self.velocity = step, self.after

    def concepts_for(self, given: Sequence[int]) -> tuple[int, ...]:
        """Which concepts are to be predicted for pictures that go towards these."""
        return needed(given, self.concepts if len(self.windows) > 1 else 1)

    def asks(self, sigma: float) -> bool:
        """Whether predictions of the concepts are used at this noise level: in warm-up only for the momentum."""
        if all(w.is_over(sigma) for w in self.windows):
            return False
        return bool(self.sega.momentum) or any(w.has_begun(sigma) for w in self.windows)

    @property
    def carries_on(self) -> bool:
        """Whether momentum alone goes on, where nothing is predicted any more."""
        return bool(self.sega.momentum) and self.velocity is not None

    def look(
        self, predictions: Mapping[int, Tensor], uncond: Tensor, given: Sequence[int], sigma: Tensor
    ) -> Tensor | None:
        """What is to be added to eps [B,C,h,w]; None in warm-up.

        predictions, uncond [B,C,h,w]: denoised, of the concepts and of the negative; no predictions after the cool-down,
        when momentum alone goes on. given: which concept each picture goes towards. sigma [B].
        """
        level = float(sigma.flatten()[0])
        begun = [w.has_begun(level) for w in self.windows]
        acting = [bool(predictions) and not w.is_over(level) for w in self.windows]

        def terms(on: Sequence[bool]) -> list[tuple[Tensor, float]]:
            return pictures_terms(predictions, uncond, given, self.concepts, self.sega, (on[0], on[-1]))

        gamma = to_eps(guidance(terms(acting), uncond), sigma)
        velocity = gamma.new_zeros(gamma.shape) if self.velocity is None else self.velocity
        self.gamma, self.after = momentum(gamma, velocity, None, self.sega.momentum, self.sega.beta)
        if all(begun):
            return self.gamma
        if any(begun):
            return to_eps(partial_guidance(terms([a and b for a, b in zip(acting, begun, strict=True)]), uncond), sigma)
        return None
