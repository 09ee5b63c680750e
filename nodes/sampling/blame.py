"""Whose an error inside a sampling is, said in its first words: the host paints the sampler red, whoever has failed."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType

from comfy.model_management import OOM_EXCEPTION

ROOT = Path(__file__).parents[2]
# They fail for whoever has called them.
LIBRARIES = sys.stdlib_module_names | {"torch", "numpy", "scipy", "einops", "safetensors"}
# The titles that an error of ours begins with where it names a node by itself.
TITLES = (
    "Linguistic Alignment", "Capture Cross-Attention", "Cross-Attention Heatmaps", "Block Voting", "Locate Regions",
    "Target Distribution", "Fair Inference", "Unedited Latent", "Fair Report", "SoftIoU Energy Guidance",
    "Ethical Intervention (SD-EI)", "Fair Diffusion (SEGA)", "Unified Concept Editing (UCE)",
)  # fmt: skip
ENERGY = "SoftIoU Energy Guidance"  # its room's code is called from within other sessions' calls too (`shared_pass`)


def named(error: Exception, node: str) -> Exception:
    """The error as it is to be raised out of a run of `node`: begun with the node to look at, if our code has failed.

    Errors of the host and of other packs stay as they are, and so do cancelling and want of memory, which the host answers
    itself, and errors that name one of our nodes already (refusals, and those of a run inside this one).
    """
    frames = list(_frames(error.__traceback__))
    if not frames or not _is_ours(frames[-1]) or isinstance(error, OOM_EXCEPTION) or str(error).startswith(TITLES):
        return error
    at_work = next((name for frame in reversed(frames) if (name := _node_of(frame))), node)
    kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
    said = f"{at_work}, while sampling: {kind}{error}. This node has failed, not the sampler."
    return ValueError(said) if isinstance(error, ValueError) else RuntimeError(said)


def _frames(traceback: TracebackType | None) -> Iterator[FrameType]:
    """From the outermost to the one that failed, or that called the library which failed."""
    while traceback is not None:
        if traceback.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in LIBRARIES:
            yield traceback.tb_frame
        traceback = traceback.tb_next


def _is_ours(frame: FrameType) -> bool:
    return ROOT in Path(frame.f_code.co_filename).parents


def _node_of(frame: FrameType) -> str:
    """The node that a frame of ours works for: of its session, of its room; "" where neither tells."""
    if not _is_ours(frame):
        return ""
    own = str(getattr(frame.f_locals.get("self"), "node", ""))
    return own or (ENERGY if "energy" in Path(frame.f_code.co_filename).relative_to(ROOT).parts else "")
