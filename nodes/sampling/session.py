"""One sampling run of a patched model: opened when the host begins to sample, closed whatever happens.

The host calls its wrappers of a run from outside in: OUTER_SAMPLE (the run), SAMPLER_SAMPLE (the sampler's loop),
PREDICT_NOISE (one prediction), CALC_COND_BATCH (its conditionings), DIFFUSION_MODEL (one forward of the U-Net).
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ...attention.transformers import family_of
from ...guidance.run_record import Recording, SampledRun
from .blame import named


class Session:
    """A run while it lasts. By itself it changes nothing: a technique overrides the calls that it takes part in.

    node: the title of the node whose run it is, for errors.
    """

    node = ""

    def __init__(self, run: SampledRun):
        self.run = run

    def cond_batch(self, executor: Callable, model, conds: list, args: tuple):
        """The predictions of these groups of conditionings. args: x [B,C,h,w], the noise level [B], the model's options."""
        return executor(model, conds, *args)

    def forward(self, executor: Callable, args: tuple, kwargs: dict) -> Tensor:
        """One forward of the U-Net."""
        return executor(*args, **kwargs)

    def finish(self, result: Tensor) -> None:
        """The run has come to its end with this latent [B,C,h,w]; not called for one that failed or was cancelled."""
        self.run.result = result


def patch(model: ModelPatcher, key: str, start: Callable[..., Session], node: str, capture: Recording) -> list[Session]:
    """Patch a model (a clone already) to open a session by `start(guider, latent, noise, noise seed)` for each run.

    Returns the sessions that are open, the innermost last. What is refused is told to the log and to `capture` too:
    other nodes that sample may go on as if nothing had been said.
    """
    current: list[Session] = []

    def outer_sample(executor, noise, latent, *args, **kwargs):
        seed = kwargs.get("seed", args[5] if len(args) > 5 else None)
        with told(capture, node):
            session = start(executor.class_obj, latent, noise, seed or 0)
            session.node = node
            if session.run.seed is None:
                session.run.of_noise(noise, seed or 0)
        current.append(session)
        try:
            with told(capture, node):
                result = executor(noise, latent, *args, **kwargs)
                session.finish(result.detach().to("cpu", torch.float32))
                session.run.store.to_cpu()
            return result
        except BaseException:
            session.run.failed = True
            session.run.store.clear()  # nobody reads the maps of a run that has no latent
            raise
        finally:
            current.remove(session)
            for text in session.run.notes:
                logging.warning("%s: %s", node, text)

    def calc_cond_batch(executor, model, conds, x_in, timestep, model_options):
        asked = x_in, timestep, model_options
        return current[-1].cond_batch(executor, model, conds, asked) if current else executor(model, conds, *asked)

    def diffusion_model(executor, *args, **kwargs):
        return current[-1].forward(executor, args, kwargs) if current else executor(*args, **kwargs)

    def apply_model(executor, x, t, c_concat=None, c_crossattn=None, control=None, transformer_options=None, **kwargs):
        forward = BareForward(executor)
        given = {"c_concat": c_concat, "control": control, "transformer_options": transformer_options or {}, **kwargs}
        if not current:
            return forward(x, t, c_crossattn, **given)
        return current[-1].forward(forward, (x, t, c_crossattn), given)

    family = family_of(model.model.diffusion_model)
    if family is not None and family.bare:
        model.add_wrapper_with_key(WrappersMP.APPLY_MODEL, key, apply_model)
    model.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, key, outer_sample)
    model.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, key, calc_cond_batch)
    model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, key, diffusion_model)
    return current


class BareForward:
    """A forward of a model that asks no wrapper around it (SD 3, PixArt), as the others' are called: (x, t, text, ...)."""

    def __init__(self, executor: Callable):
        self.executor = executor
        self.class_obj = executor.class_obj.diffusion_model

    def __call__(self, x: Tensor, t: Tensor, text: Tensor | None, *, c_concat, control, transformer_options, **kwargs):
        return self.executor(x, t, c_concat, text, control, transformer_options, **kwargs)


@contextmanager
def told(capture: Recording, node: str) -> Iterator[None]:
    """While open, what this node refuses, or fails with, begins with its title, and is said to the log and the capture too."""
    try:
        yield
    except Exception as error:
        said = named(error, node)
        if str(said).startswith(node):
            logging.error("%s", said)
            capture.refused.append(str(said))
        if said is error:
            raise
        raise said from error
