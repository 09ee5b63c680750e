"""Watch the cross-attention of a sampling run: wrappers around the host's sampling that change nothing.

OUTER_SAMPLE opens a run and finds the conditionings that hold the words; CALC_COND_BATCH notes where area
conditionings lie; DIFFUSION_MODEL holds the hooks, for the length of one forward. Rows are chosen by the
conditioning's uuid, so any guider, any number of conditionings and any batch order come out right. Of the calls
whose noise level lies in one step of the schedule (second-order samplers make several) the first is kept: DPM's
midpoints are left out, Heun's corrector, which looks at the next level first, stands for that next step.
"""

import logging
from collections.abc import Callable, Mapping

import torch
from comfy.patcher_extension import WrappersMP
from torch import Tensor, nn

from ..attention.capture import MapStore, WordQuery, selection, word_maps
from ..attention.trace import Block, cross_attention_blocks, trace, uncompiled
from .conditionings import conditionings, matching_uuids, place, tell_copies_apart, why_unmatched
from .numbering import image_numbers, step_of
from .types import CONDITIONAL, UNCONDITIONAL, SampledRun, Watch

PREDICTS = "fair_attention.predicts"  # in the options of a forward with gradients that is a sampling step all the same
APART = "a forward pass could not be split into conditionings and was not recorded"


def require_cross_attention(model, node: str) -> list[Block]:
    """The blocks of the model's U-Net; ValueError for a model without one (a DiT, say)."""
    blocks = [b for b, _ in cross_attention_blocks(model.model.diffusion_model)]
    if not blocks:
        name = type(model.model.diffusion_model).__name__
        raise ValueError(
            f"{node}: MODEL is a {name}, which has no U-Net cross-attention to read. "
            "Use a Stable Diffusion 1.x, 2.x or SDXL checkpoint."
        )
    return blocks


def transformer_options(args: tuple, kwargs: dict) -> dict | None:
    """The host's options among the arguments of a U-Net forward."""
    return kwargs.get("transformer_options") or next((a for a in args if isinstance(a, dict) and "uuids" in a), None)


class Observer:
    """One sampling run under watch. Made when the run starts, dropped when it ends."""

    def __init__(self, watch: Watch, run: SampledRun, uuids: dict, sigma_range: tuple[float, float]):
        self.watch, self.run, self.uuids = watch, run, uuids
        self.sigma_start, self.sigma_end = sigma_range
        self.numbers: tuple[int, ...] = tuple(range(run.store.images))  # of the images among those of the seed
        self.areas: dict = {}
        self.inference = torch.is_inference_mode_enabled()  # the mode of the whole run, for what is kept of it
        self.seen: dict = {}  # uuid -> last step recorded
        self.columns: dict[tuple, Tensor] = {}
        self.keys: dict[Block, Tensor] = {}  # of the attribution prompt, one projection a run

    def cond_batch(self, executor: Callable, model, conds: list, args: tuple, kwargs: dict):
        listed = [cond for group in conds if group for cond in group]
        tell_copies_apart(listed, self.uuids)
        for cond in listed:
            self.areas[cond.get("uuid")] = cond.get("area")
        return executor(model, conds, *args, **kwargs)

    def forward(self, executor: Callable, args: tuple, kwargs: dict):
        asked = transformer_options(args, kwargs) or {}
        if not self.watch.words or (torch.is_grad_enabled() and PREDICTS not in asked) or not self._due(asked):
            return executor(*args, **kwargs)
        chunks: list[int] = []
        taken: set[Block] = set()

        def take(block: Block, module: nn.Module, q: Tensor, k: Tensor, given: Mapping) -> None:
            """given: the options that have reached the U-Net; a wrapper called after this one may have changed the rows."""
            options = given if "uuids" in given else {**asked, **given}
            shape = options.get("original_shape", args[0].shape)
            with torch.inference_mode(self.inference), torch.no_grad():
                if not taken or block in taken:  # a forward begins; such a wrapper may run several
                    taken.clear()
                    chunks[:] = self._chunks(options, shape[0])
                taken.add(block)
                self._take(block, module, q, k, options, shape, chunks)

        unet = executor.class_obj
        wanted = self.watch.blocks or {b for b, _ in cross_attention_blocks(unet)}
        with trace(unet, wanted, take):
            return uncompiled(executor, *args, **kwargs)

    def finish(self, result: Tensor) -> None:
        """The run has come to its end with this latent; not called for one that failed or was cancelled."""
        self.run.result = result

    def _due(self, options: Mapping) -> list[int]:
        """Indices of the watched conditionings of this forward that are still to be recorded at this step."""
        uuids, sigmas = options.get("uuids"), options.get("sigmas")
        if not uuids or sigmas is None:
            if options:
                self.run.note(APART)
            return []
        sigma = float(sigmas.flatten()[0])
        if not self.sigma_end <= sigma <= self.sigma_start:
            return []
        step = self._step(options)
        return [i for i, uuid in enumerate(uuids) if uuid in self.uuids and self.seen.get(uuid, -1) < step]

    def _step(self, options: Mapping) -> int:
        return step_of(float(options["sigmas"].flatten()[0]), options.get("sample_sigmas"), len(self.run.steps))

    def _chunks(self, options: Mapping, batch: int) -> list[int]:
        """Indices of the watched chunks among the rows of a forward of so many rows, from now on recorded for this step."""
        chosen = self._due(options)
        if batch % max(1, len(options.get("uuids") or ())):
            self.run.note(APART)
            return []
        if chosen:
            step = self._step(options)
            self.seen |= {options["uuids"][index]: step for index in chosen}
            self.run.steps.add(step)
        return chosen

    def _take(self, block, module, q: Tensor, k: Tensor, options: Mapping, shape, chunks: list[int]) -> None:
        if not chunks:
            return
        if q.shape[0] != shape[0] or k.shape[0] != shape[0]:
            self.run.note("another patch changed the attention batch; those calls were not recorded")
            return
        uuids, heads, store = options["uuids"], module.n_heads, self.run.store
        images = shape[0] // len(uuids)
        if images != store.images:
            self.run.note("a forward pass held another number of images and was not recorded")
            return
        grid = tuple(options["activations_shape"][-2:])
        for chunk in chunks:
            rows = slice(chunk * images, (chunk + 1) * images)
            keys = k[rows]
            if self.watch.attribution is not None:
                keys = self._attribution_keys(block, module, k).expand(images, -1, -1)
            columns = self._columns(uuids[chunk], keys.shape[1], q.device)
            maps = word_maps(q[rows], keys, heads, columns, self.watch.heads)
            store.add(block, maps, grid, *place(self.areas.get(uuids[chunk]), grid, store.latent_size))

    def _columns(self, uuid, length: int, device: torch.device) -> Tensor:
        """[length, words] on this device: which keys are the words' own. Made once a run, not once a block and step."""
        own, start = length, 0
        if self.watch.attribution is None:
            own, start = self.uuids[uuid][:2]
        key = own, start, length, device
        if key not in self.columns:
            words = tuple(WordQuery(w.label, tuple(p + start for p in w.positions)) for w in self.watch.words)
            self.columns[key] = selection(words, own, length).to(device)
        return self.columns[key]

    def _attribution_keys(self, block: Block, module: nn.Module, k: Tensor) -> Tensor:
        if block not in self.keys:
            context = self.watch.attribution.to(device=k.device, dtype=k.dtype)
            self.keys[block] = module.attn2.to_k.forward(context)  # .forward: our own hooks must not see it
        return self.keys[block]


def open_run(watch: Watch, guider, latent: Tensor, node: str) -> Observer:
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
    sigmas = tuple(float(sampling.percent_to_sigma(p)) for p in (watch.start_percent, watch.end_percent))
    store = MapStore(watch.labels, latent.shape[0], tuple(latent.shape[-2:]))
    return Observer(watch, SampledRun(store), uuids, sigmas)


def observe(model, key: str, watch: Watch, node: str, begin: Callable[[SampledRun], None]):
    """Patch `model` (a clone already) to record each of its sampling runs and hand it to `begin` when it starts."""

    def start(guider, latent: Tensor, seed: int) -> Observer:
        observer = open_run(watch, guider, latent, node)
        begin(observer.run)
        return observer

    patched, _ = patch(model, key, start, node)
    return patched


def patch(model, key: str, start: Callable[..., Observer], node: str):
    """Open an observer by `start(guider, latent, noise seed)` for each sampling run of `model`, and close it whatever happens."""
    current: list[Observer] = []

    def outer_sample(executor, noise, latent, *args, **kwargs):
        seed = kwargs.get("seed", args[5] if len(args) > 5 else None)
        observer = start(executor.class_obj, latent, seed or 0)
        observer.numbers = image_numbers(noise, seed or 0)
        current.append(observer)
        try:
            result = executor(noise, latent, *args, **kwargs)
            observer.finish(result.detach().to("cpu", torch.float32))
            observer.run.store.to_cpu()
            return result
        except BaseException:
            observer.run.failed = True
            observer.run.store.clear()  # nobody reads the maps of a run that has no latent
            raise
        finally:
            current.remove(observer)
            for text in observer.run.notes:
                logging.warning("%s: %s", node, text)

    def calc_cond_batch(executor, calc_model, conds, *args, **kwargs):
        return (
            current[-1].cond_batch(executor, calc_model, conds, args, kwargs)
            if current
            else executor(calc_model, conds, *args, **kwargs)
        )

    def diffusion_model(executor, *args, **kwargs):
        return current[-1].forward(executor, args, kwargs) if current else executor(*args, **kwargs)

    model.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, key, outer_sample)
    model.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, key, calc_cond_batch)
    model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, key, diffusion_model)
    return model, current
