"""How a FairRun meets the host: opened with each sampling, asked before and after each prediction."""

from collections.abc import Callable

from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP

from ...guidance.run_record import Recording
from ..sampling.session import Session, patch
from .run import FairRun


def steer(
    model: ModelPatcher,
    key: str,
    start: Callable[..., Session],
    node: str,
    capture: Recording,
    *,
    needs_negative: bool = False,
) -> ModelPatcher:
    """Patch a model (a clone already): the run's session, the attribute prompts before each call, the guidance after CFG.

    start: as `session.patch` calls it; a session that is no FairRun leaves the sampling plain. needs_negative: the
    sampler's negative is to be predicted at CFG 1 as well, where the host would leave it out.
    """
    current = patch(model, key, start, node, capture)

    def running() -> FairRun | None:
        return current[-1] if current and isinstance(current[-1], FairRun) else None

    def sampler_sample(executor, guider, sigmas, *args):
        run = running()
        if run and any(map(run.window.holds, sigmas.tolist())):
            run.cast.find.check(sigmas.tolist(), run.observer.window)
        return run.sample(executor, guider, sigmas, *args) if run else executor(guider, sigmas, *args)

    def predict_noise(executor, x, timestep, model_options=None, seed=None):
        run, options = running(), model_options or {}
        return run.predict(executor, x, timestep, options, seed) if run else executor(x, timestep, options, seed)

    def post_cfg(args):
        run = running()
        return run.guide(args) if run else args["denoised"]

    model.add_wrapper_with_key(WrappersMP.SAMPLER_SAMPLE, key, sampler_sample)
    model.add_wrapper_with_key(WrappersMP.PREDICT_NOISE, key, predict_noise)
    model.set_model_sampler_post_cfg_function(post_cfg, disable_cfg1_optimization=needs_negative)
    return model
