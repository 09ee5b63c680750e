"""Watch the cross-attention of a sampling run: wrappers around the host's sampling that change nothing.

OUTER_SAMPLE opens a run and finds the conditionings that hold the words; CALC_COND_BATCH notes where area
conditionings lie; DIFFUSION_MODEL holds the hooks, for the length of one forward. Rows are chosen by the
conditioning's uuid, so any guider, any number of conditionings and any batch order come out right. Of the calls
whose noise level lies in one step of the schedule (second-order samplers make several) the first is kept: DPM's
midpoints are left out, Heun's corrector, which looks at the next level first, stands for that next step.
"""

import math
from collections.abc import Callable, Mapping

import torch
from comfy.model_patcher import ModelPatcher
from comfy.samplers import CFGGuider
from torch import Tensor

from ...attention.capture import Cross, MapStore
from ...attention.joint import Joint
from ...attention.kept_queries import KeptQueries
from ...attention.records import CONDITIONAL, UNCONDITIONAL, Watch
from ...attention.trace import Block, cross_attention_blocks, uncompiled
from ...attention.transformers import family_of
from ...attention.watching import readable_blocks, readable_families, watching
from ...guidance.batch_rows import transformer_options
from ...guidance.recorder import Asked, Call, Recorder
from ...guidance.run_record import Recording, SampledRun
from ...guidance.schedule import ROUNDING, Window, step_of
from .conditionings import conditionings, lead_of, matching_uuids, tell_copies_apart, why_unmatched
from .session import Session, patch

PREDICTS = "fair_attention.predicts"  # in the options of a forward with gradients that is a sampling step all the same
APART = "a forward pass could not be split into conditionings and was not recorded"


class Observer(Session):
    """A run under watch.

    uuids: of the conditionings that hold the words (see `matching_uuids`). again: called when the sampler runs its loop
    once more; whoever sets it calls `begin_again` where what was seen is to be forgotten.
    """

    def __init__(self, watch: Watch, run: SampledRun, uuids: dict, window: Window):
        super().__init__(run)
        self.watch, self.uuids, self.window = watch, uuids, window
        self.recorder = Recorder(watch, run, uuids, self.note)
        self.inference = torch.is_inference_mode_enabled()  # the mode of the whole run, for what is kept of it
        self.seen: dict = {}  # uuid -> last step recorded
        self.call: Call | None = None  # of the sampler, while it is running
        self.first = self.lowest = math.inf  # noise levels asked for in this loop
        self.again: Callable[[], None] = self.begin_again
        self.quiet = False  # nobody is looked for: what is not recorded need not be told

    def note(self, text: str) -> None:
        if not self.quiet:
            self.run.note(text)

    def cond_batch(self, executor: Callable, model, conds: list, args: tuple):
        listed = [cond for group in conds if group for cond in group]
        tell_copies_apart(listed, self.uuids)
        for cond in listed:
            self.recorder.areas[cond.get("uuid")] = cond.get("area")
            if cond.get("uuid") in self.uuids and cond["uuid"] not in self.recorder.leads:
                self.recorder.leads[cond["uuid"]] = lead_of(cond)
        x, timestep = args[:2]
        self.recorder.latent = tuple(x.shape[-2:])
        self._follow(float(timestep.flatten()[0]))
        outer, self.call = self.call, {}
        try:
            out = executor(model, conds, *args)
            self.seen.update(self.recorder.keep(self.call))
        finally:
            self.call = outer
        return out

    def _follow(self, sigma: float) -> None:
        """A loop that comes back to the noise level it has begun at, from below, is run once more in this sampling."""
        if self.lowest < self.first * (1 - ROUNDING) and abs(sigma - self.first) <= ROUNDING * self.first:
            self.again()
        self.first = sigma if self.first == math.inf else self.first
        self.lowest = min(self.lowest, sigma)

    def begin_again(self) -> None:
        """Forget the loop before: another picture comes of this one."""
        self.first = self.lowest = math.inf
        self.seen, self.recorder.gathered = {}, {}
        self.run.store.clear()
        self.run.steps.clear()
        if self.run.queries is not None:
            self.run.queries.clear()

    def forward(self, executor: Callable, args: tuple, kwargs: dict) -> Tensor:
        given = transformer_options(args, kwargs) or {}
        if not self.watch.words or (torch.is_grad_enabled() and not given.get(PREDICTS)) or not self._due(given):
            return executor(*args, **kwargs)
        text = kwargs.get("context", args[2] if len(args) > 2 else None)
        length = text.shape[1] if torch.is_tensor(text) else 0
        alone = self.call is None  # somebody asks the model in a way of his own
        call = self.call = {} if self.call is None else self.call
        asked: list[Asked] = []
        taken: set[Block] = set()

        def look(block: Block, seen: Cross | Joint, of_block: Mapping) -> None:
            """of_block: the options that have reached the U-Net; a wrapper called after this one may have changed the rows."""
            options = of_block if "uuids" in of_block else {**given, **of_block}
            with torch.inference_mode(self.inference), torch.no_grad():
                if not taken or block in taken:  # a forward begins; such a wrapper may run several
                    taken.clear()
                    asked[:] = [self._asked(options, options.get("original_shape", args[0].shape), length)]
                taken.add(block)
                self.recorder.take(call, asked[0], block, seen, options)

        unet = executor.class_obj
        wanted = self.watch.blocks or set(readable_blocks(unet))
        try:
            with watching(unet, wanted, look, args[0].shape, length):
                out = uncompiled(executor, *args, **kwargs)
            if alone:
                self.seen.update(self.recorder.keep(call))
        finally:
            self.call = None if alone else call
        return out

    def _asked(self, options: Mapping, shape: torch.Size, length: int) -> Asked:
        """shape: of x [R,C,h,w], as it has reached the U-Net."""
        chunks, uuids = self._due(options), options.get("uuids") or []
        if shape[0] % max(1, len(uuids)):
            self.note(APART)
            chunks = []
        return Asked(uuids, shape, length, self._step(options) if chunks else -1, chunks)

    def _due(self, options: Mapping) -> list[int]:
        """Indices of the watched conditionings of this forward that are still to be recorded at this step."""
        uuids, sigmas = options.get("uuids"), options.get("sigmas")
        if not uuids or sigmas is None:
            if options:
                self.note(APART)
            return []
        if not self.window.holds(float(sigmas.flatten()[0])):
            return []
        step = self._step(options)
        return [i for i, uuid in enumerate(uuids) if uuid in self.uuids and self.seen.get(uuid, -1) < step]

    def _step(self, options: Mapping) -> int:
        return step_of(float(options["sigmas"].flatten()[0]), options.get("sample_sigmas"), len(self.run.steps))


def open_run(watch: Watch, guider: CFGGuider, latent: Tensor, node: str) -> Observer:
    """The observer of a run that is about to start. ValueError if no positive conditioning holds the words."""
    uuids = matching_uuids(conditionings(guider, watch.branch), watch.context)
    if not uuids and watch.branch == UNCONDITIONAL:
        raise ValueError(
            f"{node}, branch: this sampler has no negative conditioning to watch; connect one, or choose {CONDITIONAL}"
        )
    if not uuids:
        raise ValueError(
            f"{node}: none of the sampler's positive conditionings was encoded from this prompt by this CLIP: "
            f"{why_unmatched(conditionings(guider, watch.branch), watch.context)}."
        )
    sampling = guider.model_patcher.get_model_object("model_sampling")
    window = Window.of(sampling, watch.start_percent, watch.end_percent)
    store = MapStore(watch.labels, latent.shape[0], tuple(latent.shape[-2:]))
    queries = KeptQueries(watch.keep_queries) if watch.keep_queries else None
    observer = Observer(watch, SampledRun(store, queries=queries), uuids, window)
    observer.node = node
    return observer


def observe(model: ModelPatcher, key: str, watch: Watch, node: str, capture: Recording) -> ModelPatcher:
    """Patch `model` (a clone already) to record each of its sampling runs in `capture`; returns it."""

    def start(guider, latent: Tensor, *_) -> Observer:
        observer = open_run(watch, guider, latent, node)
        capture.begin(observer.run)
        return observer

    patch(model, key, start, node, capture)
    return model


def require_cross_attention(model: ModelPatcher, node: str) -> list[Block]:
    """The blocks of the model's U-Net; ValueError for a model without one (a transformer, say)."""
    blocks = [b for b, _ in cross_attention_blocks(model.model.diffusion_model)]
    if not blocks:
        name, family = type(model.model.diffusion_model).__name__, family_of(model.model.diffusion_model)
        does = (
            f"a transformer ({family.name}), whose attention this node can neither change nor differentiate; it can be read, by "
            "Capture Cross-Attention"
            if family
            else f"a {name}, which has no U-Net cross-attention to read"
        )
        raise ValueError(f"{node}: MODEL is {does}. Use a Stable Diffusion 1.x, 2.x or SDXL checkpoint.")
    return blocks


def require_maps(model: ModelPatcher, node: str, instead: str = "") -> list[Block]:
    """The blocks in which the model looks at the text; ValueError, by name, for a model that cannot be read. instead: what
    else the user may do."""
    blocks = list(readable_blocks(model.model.diffusion_model))
    if not blocks:
        name = type(model.model.diffusion_model).__name__
        raise ValueError(
            f"{node}: MODEL is a {name}, whose attention to words cannot be read. Use a Stable Diffusion 1.x, 2.x or SDXL "
            f"checkpoint, or one of {readable_families()}.{' ' + instead if instead else ''}"
        )
    return blocks
