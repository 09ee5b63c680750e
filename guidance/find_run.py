"""What nodes read of a finished sampling run: which one it is, what it recorded, and the picture that goes with it."""

from torch import Tensor

from .run_record import CELL, Recording, SampledRun


def run_of(capture: Recording, latent: dict, node: str, image: Tensor | None = None) -> SampledRun:
    """The run that made this latent. ValueError if the capture has seen none, or another one, or if image [B,H,W,3] is
    not the whole batch of it."""
    samples = latent["samples"].float().cpu()
    if not bool(samples.isfinite().all()):
        raise ValueError(
            f"{node}, latent: it holds values that are no numbers (NaN or infinite), so sampling has failed and its picture is "
            "black. Sample with less strength, or start ComfyUI without fp16 for the model (--fp32-unet, or bf16)"
        )
    if all(run.result is None for run in capture.runs):
        raise ValueError(
            f"{node}: nothing was recorded yet. Sample with the model output of the node that this attention comes from, and "
            "connect that latent. A sampler without a step to do (denoise 0, or a first step behind the last) never asks the "
            "model, and hands on the latent that it was given." + _refusals(capture)
        )
    run = next((run for run in reversed(capture.runs) if _made(run, samples)), None)
    if run is None:
        raise ValueError(
            f"{node}, latent: this latent was not sampled with this capture, or more than {capture.kept} samplings ago. "
            "Connect the latent of the sampler that the capture's model goes into, before any other node changes it (with denoise "
            "0 a sampler samples nothing)." + _refusals(capture)
        )
    if image is not None and len(image) != run.store.images:
        raise ValueError(
            f"{node}, image: got {len(image)}, but the latent holds {run.store.images}; connect the whole batch, decoded"
        )
    return run


def _made(run: SampledRun, samples: Tensor) -> bool:
    """Whether this latent is what the run has made, up to rounding (half precision on the way)."""
    result = run.result
    return result is not None and result.shape == samples.shape and result.allclose(samples, atol=1e-2, rtol=1e-2)


def _refusals(capture: Recording) -> str:
    return "".join(f" A sampling with it was refused: {text}" for text in capture.refused)


def require_maps(run: SampledRun, node: str, otherwise: str = "") -> None:
    """ValueError if the run recorded nothing (yet); otherwise: what else can be done about it."""
    if run.store.blocks:
        return
    noted = f" ({'; '.join(run.notes)})" if run.notes else ""
    raise ValueError(
        f"{node}: the run recorded no map{noted}. At cfg 1 the host computes no unconditional branch; elsewhere, check "
        f"start_percent and end_percent, and the range of steps of the prompt whose words are recorded{otherwise}."
    )


def pixel_size(latent: dict, image: Tensor | None, cell: int = CELL) -> tuple[int, int]:
    """(height, width) in pixels of the pictures of a latent: of the decoded ones [B,H,W,3], where they are given. cell: pixels
    a side of its cells."""
    if image is not None:
        return image.shape[1], image.shape[2]
    height, width = latent["samples"].shape[-2:]
    return cell * height, cell * width
