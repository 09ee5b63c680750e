"""From the queries and keys of a forward to the maps of a run: which rows are whose, and where in the picture they lie."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from ..attention.capture import Cross, WordQuery, selection
from ..attention.joint import Joint
from ..attention.kept_queries import Kept, projection
from ..attention.maps import place
from ..attention.records import Watch
from ..attention.trace import Block
from .batch_index import images_of
from .own_keys import keys_as_the_prompt_s
from .run_record import SampledRun

TILES = "another patch samples the picture in tiles, whose places are not known; those calls were not recorded"
BATCH = "another patch changed the attention batch; those calls were not recorded"
REFERENCES = "other pictures with texts of their own are referred to; which tokens are the prompt's is not known, so those calls were not recorded"
OTHERS = "a forward pass held another number of images and was not recorded"


class Asked(NamedTuple):
    """One forward of the U-Net, as it is asked for.

    shape: of x [R,C,h,w]. length: of the texts. step: of the schedule. chunks: which conditionings of `uuids` to record.
    """

    uuids: list
    shape: torch.Size
    length: int
    step: int
    chunks: list[int]


class Maps(NamedTuple):
    """One block's maps of one conditioning: [images,words,h*w], of which images, and where they go in the store; its queries
    where they are to be kept."""

    step: int
    numbers: list[int]
    maps: Tensor
    where: tuple
    queries: Tensor | None = None


class Gathered(NamedTuple):
    """The same for all images of a step, and which of them are there yet."""

    step: int
    maps: Tensor
    there: set[int]


Call = dict[tuple, Maps]  # what one call of the sampler's has recorded: (uuid, the how manieth of it, block) -> maps


class Recorder:
    """Maps of one run. uuids: where the conditionings that hold the words hold them. note: what was not recorded, and why.

    areas: where each conditioning lies. leads: how many tokens the model puts before its text. latent: the size of what the
    sampler asks about, which it may change. All are set by the observer, call by call.
    """

    def __init__(self, watch: Watch, run: SampledRun, uuids: dict, note: Callable[[str], None]):
        self.watch, self.run, self.uuids, self.note = watch, run, uuids, note
        self.areas: dict = {}
        self.leads: dict = {}
        self.latent: tuple[int, int] | None = None
        self.gathered: dict[tuple, Gathered] = {}  # of a step whose images are asked for one window after the other
        self.columns: dict[tuple, Tensor] = {}
        self.keys: dict[Block, Tensor] = {}  # of the attribution prompt, one projection a run

    def take(self, call: Call, asked: Asked, block: Block, look: Cross | Joint, options: Mapping) -> None:
        """Record what a block looks at into `call`. options: as the block was called with."""
        if not asked.chunks:
            return
        uuids, shape, store = asked.uuids, asked.shape, self.run.store
        areas = [self.areas.get(uuids[chunk]) for chunk in asked.chunks]
        whole = {tuple(area[:2]) if area is not None and len(area) == 4 else self.latent for area in areas}
        if self.latent is not None and whole != {tuple(shape[-2:])}:
            self.note(TILES)
            return
        numbers = images_of(options, shape[0] // len(uuids), store.images)
        if numbers is None:
            self.note(OTHERS)
            return
        if isinstance(look, Cross) and self.watch.attribution is not None and look.q.shape[0] == shape[0]:
            keys = keys_as_the_prompt_s(self.keys, block, look.module, self.watch.attribution, look.q, options)
            look = replace(look, k=keys)
        if not look.has_rows(shape[0]):
            self.note(BATCH)
            return
        if isinstance(look, Joint) and look.first is None:
            self.note(REFERENCES)
            return
        if isinstance(look, Joint) and self.watch.text_only:
            look = replace(look, text_only=True)
        images = len(numbers)
        for chunk, area in zip(asked.chunks, areas, strict=True):
            rows, uuid = slice(chunk * images, (chunk + 1) * images), uuids[chunk]
            columns = self._columns(uuid, look, asked.length)
            maps = look.maps(rows, columns, self.watch.heads)
            where = look.grid, *place(area, look.grid, store.latent_size)
            kept = self._queries(asked.step, block, look, rows, options) if isinstance(look, Cross) else None
            # Of several forwards within one call of the sampler's, the last is the one that it asked for: others are
            # made on the way there, of a picture to refer to, say.
            call[uuid, uuids[:chunk].count(uuid), block] = Maps(asked.step, numbers, maps, where, kept)

    def _queries(self, step: int, block: Block, look: Cross, rows: slice, options: Mapping) -> Tensor | None:
        """The queries of a block, off the device, where they are to be kept; with them what to_k does to a text."""
        kept, module, q = self.run.queries, look.module, look.q[rows]
        if kept is None or not kept.wants(step, look.grid):
            return None
        if (options.get("patches") or {}).get("attn2_patch"):
            kept.give_up("another patch changes what the texts are to the attention, so no queries were kept")
            return None
        if block not in kept.projections:
            kept.projections[block] = projection(module.attn2.to_k, module.attn2.to_k.in_features, q)
            kept.heads[block] = look.head_count
        return q.detach().to("cpu", copy=True)

    def keep(self, call: Call) -> dict:
        """Add a call's maps to the run; of a window of the batch when all images of the step are there.

        Returns the step of each conditioning that is recorded now: uuid -> step.
        """
        recorded = {}
        for key, found in call.items():
            maps = found.maps
            if found.numbers != list(range(self.run.store.images)):
                whole = self._gather(key, found)
                if whole is None:
                    continue
                maps = whole
            uuid, _, block = key
            self.run.store.add(block, maps, *found.where)
            self._keep_queries(block, found)
            self.run.steps.add(found.step)
            recorded[uuid] = found.step
        return recorded

    def _keep_queries(self, block: Block, found: Maps) -> None:
        kept = self.run.queries
        if kept is None or found.queries is None:
            return
        if len(found.numbers) < self.run.store.images:
            kept.give_up("the batch was sampled in parts, so no queries were kept")
        kept.add(found.step, Kept(block, found.queries, found.where))

    def _gather(self, key: tuple, found: Maps) -> Tensor | None:
        """The maps of all images, once this part of them has completed the step; None before."""
        images = self.run.store.images
        parts = self.gathered.get(key)
        if parts is None or parts.step != found.step:
            whole = found.maps.new_zeros(images, *found.maps.shape[1:])
            parts = self.gathered[key] = Gathered(found.step, whole, set())
        for number, one in zip(found.numbers, found.maps, strict=True):
            if number not in parts.there:
                parts.maps[number] = one
        parts.there.update(found.numbers)
        return self.gathered.pop(key).maps if len(parts.there) == images else None

    def _columns(self, uuid, look: Cross | Joint, length: int) -> Tensor:
        """[T,words] on the device: which keys are the words' own. Made once a run, not once a block and step.

        length: of the text as the model is given it. Patches may take some of a U-Net's tokens for the keys and others for
        the values (NegPip), which a cross-attention's keys then count.
        """
        given = look.k.shape[1] if isinstance(look, Cross) else length
        if self.watch.attribution is not None:
            own, start, lead = min(self.watch.attribution.shape[1], given), 0, 0
        else:
            (own, start), lead = self.uuids[uuid][:2], self.leads.get(uuid, 0)
            each = length // given if given and length % given == 0 else 1
            own, start = own // max(1, each), start // max(1, each)
        key = own, start, lead, given, look.q.device
        if key not in self.columns:
            words = tuple(WordQuery(w.label, tuple(p + start for p in w.positions)) for w in self.watch.words)
            columns = selection(words, own, given - lead)
            self.columns[key] = torch.cat([columns.new_zeros(lead, len(words)), columns]).to(look.q.device)
        return self.columns[key]
