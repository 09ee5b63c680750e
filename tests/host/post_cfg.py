"""What the sampler gets of a model at every step, looked at or stopped by a node behind it."""

from collections.abc import Callable
from typing import Any

from torch import Tensor


def watched(model, look: Callable[[dict[str, Any]], object]):
    """A clone of the model that shows every step's post-CFG arguments to `look` and changes nothing."""

    def post_cfg(args: dict[str, Any]) -> Tensor:
        look(args)
        return args["denoised"]

    clone = model.clone()
    clone.set_model_sampler_post_cfg_function(post_cfg)
    return clone


def stopped(model, error: BaseException | type[BaseException], after: int = 0):
    """A clone of the model whose sampling ends with that error, after so many steps."""
    steps = []

    def stop(args: dict[str, Any]) -> None:
        steps.append(args)
        if len(steps) > after:
            raise error

    return watched(model, stop)


def denoised(bench, model, positive, **sampling) -> list[Tensor]:
    """The denoised latents [B,C,h,w] of every step of a sampling."""
    found: list[Tensor] = []
    bench.sample(watched(model, lambda args: found.append(args["denoised"].clone())), positive, **sampling)
    return found
