"""Watch the cross-attention of a sampling run: wrappers around the host's sampling that change nothing.

OUTER_SAMPLE opens a run and finds the conditionings that hold the words; CALC_COND_BATCH notes where area
conditionings lie; DIFFUSION_MODEL holds the hooks, for the length of one forward. Rows are chosen by the
conditioning's uuid, so any guider, any number of conditionings and any batch order come out right. Of the calls
whose noise level lies in one step of the schedule (second-order samplers make several) the first is kept: DPM's
midpoints are left out, Heun's corrector, which looks at the next level first, stands for that next step.
"""

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import torch
from comfy.patcher_extension import WrappersMP
from torch import Tensor, nn

from ...attention.capture import MapStore, WordQuery, selection, word_maps
from ...attention.records import CONDITIONAL, UNCONDITIONAL, Watch
from ...attention.trace import Block, cross_attention_blocks, trace, uncompiled
from ...guidance.batch_index import image_numbers, images_of
from ...guidance.batch_rows import transformer_options
from ...guidance.own_keys import keys_as_the_prompt_s
from ...guidance.run_record import Recording, SampledRun
from ...guidance.schedule import Window, step_of
from .conditionings import conditionings, matching_uuids, place, tell_copies_apart, why_unmatched

PREDICTS = "fair_attention.predicts"  # in the options of a forward with gradients that is a sampling step all the same
APART = "a forward pass could not be split into conditionings and was not recorded"
TILES = "another patch samples the picture in tiles, whose places are not known; those calls were not recorded"
BATCH = "another patch changed the attention batch; those calls were not recorded"
OTHERS = "a forward pass held another number of images and was not recorded"


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


@contextmanager
def told(capture: Recording, node: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        if str(error).startswith(node):
            logging.error("%s", error)
            capture.refused.append(str(error))
        raise


class Recorded(NamedTuple):
    """One block's maps of one conditioning: [images,words,h*w], of which images, and where they go in the store."""

    step: int
    numbers: list[int]
    maps: Tensor
    where: tuple


class Parts(NamedTuple):
    """The same for all images of a step, and which of them are there yet."""

    step: int
    maps: Tensor
    there: set[int]


class Observer:
    """One sampling run under watch. Made when the run starts, dropped when it ends."""

    def __init__(self, watch: Watch, run: SampledRun, uuids: dict, window: Window):
        self.watch, self.run, self.uuids = watch, run, uuids
        self.window = window
        self.numbers: tuple[int, ...] = tuple(range(run.store.images))  # of the images among those of the seed
        self.areas: dict = {}
        self.inference = torch.is_inference_mode_enabled()  # the mode of the whole run, for what is kept of it
        self.seen: dict = {}  # uuid -> last step recorded
        self.open: dict[tuple, Recorded] | None = None  # by the sampler's call that is running
        self.parts: dict[tuple, Parts] = {}  # of a step whose images are asked for one window after the other
        self.latent: tuple[int, int] | None = None  # size of what the sampler asks about; a sampler may change it
        self.first = self.lowest = math.inf  # noise levels asked for in this loop
        self.quiet = False  # nobody is looked for: what is not recorded need not be told
        self.columns: dict[tuple, Tensor] = {}
        self.keys: dict[Block, Tensor] = {}  # of the attribution prompt, one projection a run

    def cond_batch(self, executor: Callable, model, conds: list, args: tuple, kwargs: dict):
        listed = [cond for group in conds if group for cond in group]
        tell_copies_apart(listed, self.uuids)
        for cond in listed:
            self.areas[cond.get("uuid")] = cond.get("area")
        x, timestep = args[:2]
        self.latent = tuple(x.shape[-2:])
        self._follow(float(timestep.flatten()[0]))
        outer, self.open = self.open, {}
        try:
            out = executor(model, conds, *args, **kwargs)
            self._keep()
        finally:
            self.open = outer
        return out

    def _follow(self, sigma: float) -> None:
        """A loop that comes back to the noise level it has begun at, from below, is run once more in this sampling."""
        if self.lowest < self.first * (1 - 1e-5) and abs(sigma - self.first) <= 1e-5 * self.first:
            self.begin_again()
        self.first = sigma if self.first == math.inf else self.first
        self.lowest = min(self.lowest, sigma)

    def begin_again(self) -> None:
        """Forget the loop before: another picture comes of this one."""
        self.first = self.lowest = math.inf
        self.seen, self.parts = {}, {}
        self.run.store.clear()
        self.run.steps.clear()

    def note(self, text: str) -> None:
        if not self.quiet:
            self.run.note(text)

    def forward(self, executor: Callable, args: tuple, kwargs: dict):
        asked = transformer_options(args, kwargs) or {}
        text = kwargs.get("context", args[2] if len(args) > 2 else None)
        length = text.shape[1] if torch.is_tensor(text) else 0
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
                self._take(block, module, q, k, options, shape, chunks, length)

        unet = executor.class_obj
        wanted = self.watch.blocks or {b for b, _ in cross_attention_blocks(unet)}
        alone = self.open is None  # somebody asks the model in a way of his own
        self.open = {} if alone else self.open
        try:
            with trace(unet, wanted, take):
                out = uncompiled(executor, *args, **kwargs)
            if alone:
                self._keep()
        finally:
            self.open = None if alone else self.open
        return out

    def finish(self, result: Tensor) -> None:
        """The run has come to its end with this latent; not called for one that failed or was cancelled."""
        self.run.result = result

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

    def _chunks(self, options: Mapping, batch: int) -> list[int]:
        """Indices of the watched chunks among the rows of a forward of so many rows."""
        chosen = self._due(options)
        if batch % max(1, len(options.get("uuids") or ())):
            self.note(APART)
            return []
        return chosen

    def _take(
        self, block, module, q: Tensor, k: Tensor, options: Mapping, shape, chunks: list[int], length: int
    ) -> None:
        """length: of the texts that the forward was given."""
        if not chunks:
            return
        uuids, store = options["uuids"], self.run.store
        areas = [self.areas.get(uuids[chunk]) for chunk in chunks]
        whole = {tuple(area[:2]) if area is not None and len(area) == 4 else self.latent for area in areas}
        if self.latent is not None and whole != {tuple(shape[-2:])}:
            self.note(TILES)
            return
        numbers = images_of(options, shape[0] // len(uuids), store.images)
        if numbers is None:
            self.note(OTHERS)
            return
        if q.shape[0] == shape[0] and self.watch.attribution is not None:
            k = keys_as_the_prompt_s(self.keys, block, module, self.watch.attribution, q, options)
        if q.shape[0] != shape[0] or k.shape[0] != shape[0]:
            self.note(BATCH)
            return
        grid, images = tuple(options["activations_shape"][-2:]), len(numbers)
        for chunk, area in zip(chunks, areas, strict=True):
            rows, uuid = slice(chunk * images, (chunk + 1) * images), uuids[chunk]
            columns = self._columns(uuid, k.shape[1], length, q.device)
            maps = word_maps(q[rows], k[rows], module.n_heads, columns, self.watch.heads)
            where = grid, *place(area, grid, store.latent_size)
            # Of several forwards within one call of the sampler's, the last is the one that it asked for: others are
            # made on the way there, of a picture to refer to, say.
            key = uuid, uuids[:chunk].count(uuid), block
            self.open[key] = Recorded(self._step(options), numbers, maps, where)

    def _keep(self) -> None:
        """Add what the sampler's call has recorded; of a window of the batch when all images of the step are there."""
        for (uuid, nth, block), found in self.open.items():
            whole, maps = self.run.store.images, found.maps
            if found.numbers != list(range(whole)):
                key = uuid, nth, block
                parts = self.parts.get(key)
                if parts is None or parts.step != found.step:
                    parts = self.parts[key] = Parts(found.step, maps.new_zeros(whole, *maps.shape[1:]), set())
                for number, one in zip(found.numbers, maps, strict=True):
                    if number not in parts.there:
                        parts.maps[number] = one
                parts.there.update(found.numbers)
                if len(parts.there) < whole:
                    continue
                maps = self.parts.pop(key).maps
            self.run.store.add(block, maps, *found.where)
            self.seen[uuid] = found.step
            self.run.steps.add(found.step)

    def _columns(self, uuid, length: int, given: int, device: torch.device) -> Tensor:
        """[length, words] on this device: which keys are the words' own. Made once a run, not once a block and step.

        given: the text's length before patches took some of its tokens for the keys and others for the values (NegPip).
        """
        if self.watch.attribution is not None:
            own, start = min(self.watch.attribution.shape[1], length), 0
        else:
            own, start = self.uuids[uuid][:2]
            each = given // length if length and given % length == 0 else 1
            own, start = own // max(1, each), start // max(1, each)
        key = own, start, length, device
        if key not in self.columns:
            words = tuple(WordQuery(w.label, tuple(p + start for p in w.positions)) for w in self.watch.words)
            self.columns[key] = selection(words, own, length).to(device)
        return self.columns[key]


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
    window = Window.of(sampling, watch.start_percent, watch.end_percent)
    store = MapStore(watch.labels, latent.shape[0], tuple(latent.shape[-2:]))
    return Observer(watch, SampledRun(store), uuids, window)


def observe(model, key: str, watch: Watch, node: str, capture: Recording):
    """Patch `model` (a clone already) to record each of its sampling runs in `capture`."""

    def start(guider, latent: Tensor, seed: int) -> Observer:
        observer = open_run(watch, guider, latent, node)
        capture.begin(observer.run)
        return observer

    patched, _ = patch(model, key, start, node, capture)
    return patched


def patch(model, key: str, start: Callable[..., Observer], node: str, capture: Recording):
    """Open an observer by `start(guider, latent, noise seed)` for each sampling run of `model`, and close it whatever happens.

    What is refused is told to the log and to `capture` too: other nodes that sample may go on as if nothing had been said.
    """
    current: list[Observer] = []

    def outer_sample(executor, noise, latent, *args, **kwargs):
        seed = kwargs.get("seed", args[5] if len(args) > 5 else None)
        with told(capture, node):
            observer = start(executor.class_obj, latent, seed or 0)
        observer.numbers = image_numbers(noise, seed or 0)
        current.append(observer)
        try:
            with told(capture, node):
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

    def calc_cond_batch(executor, model, conds, x_in, timestep, model_options):
        asked = x_in, timestep, model_options
        return current[-1].cond_batch(executor, model, conds, asked, {}) if current else executor(model, conds, *asked)

    def diffusion_model(executor, *args, **kwargs):
        return current[-1].forward(executor, args, kwargs) if current else executor(*args, **kwargs)

    model.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, key, outer_sample)
    model.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, key, calc_cond_batch)
    model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, key, diffusion_model)
    return model, current
