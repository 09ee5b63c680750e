"""Renders of the emoji world whose people are known to the pixel, and the maps the U-Net makes of them, step by step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ..attention.capture import MapStore
from ..attention.maps import read_size, resize
from ..attention.regions import GroupColumns
from ..emoji_world import sampling
from ..emoji_world.captions import draw_groups, text, word_caption
from ..emoji_world.dit.aged import SCALE, aged_caption, compose_aged, draw_aged_groups
from ..emoji_world.scene import compose, render

STEPS = tuple(s / 10 for s in range(10))  # shares of the sampling at which renders are noised


@dataclass(frozen=True)
class Scenes:
    """How a world's scenes are drawn: what a caption names, the scene, the caption's words, pixels a side for one."""

    groups: Callable
    compose: Callable
    caption: Callable
    scale: int


FIRST = Scenes(draw_groups, compose, word_caption, 1)
SECOND = Scenes(draw_aged_groups, compose_aged, aged_caption, SCALE)  # the transformer's


@dataclass(frozen=True)
class Case:
    """A render: what its caption says, where its people are, and what was recorded at each of STEPS."""

    caption: str
    image: Tensor  # [H,W,3] in 0..1
    truth: Tensor  # [h,w] bool at read size: what the caption names of all people, their faces or the whole of them
    faces: bool  # "the faces of ..."
    people: int
    aligned: Any  # AlignedPrompt
    stores: tuple[MapStore, ...]

    def window(self, first: float, last: float) -> MapStore:
        """The mean of the maps between two shares of the sampling, as one store."""
        chosen = [s for share, s in zip(STEPS, self.stores, strict=True) if first <= share <= last]
        merged = MapStore(chosen[0].labels, 1, chosen[0].latent_size)
        for block in chosen[0].blocks:
            merged.sums[block] = torch.stack([s.mean(block) for s in chosen]).mean(0)
            merged.counts[block] = torch.ones(1, 1)
        return merged

    def groups(self) -> list[GroupColumns]:
        return [self.aligned.columns(g) for g in range(len(self.aligned.groups))]


def draw_cases(emoji: sampling.Emoji, renders: int, seed: int, world: Scenes = FIRST) -> list[Case]:
    from ..nodes.alignment import align

    rng, cases = np.random.default_rng(seed), []
    for number in tqdm(range(renders), desc="renders", mininterval=10):
        groups, thing = world.groups(rng)
        scene = world.compose(rng, groups, thing)
        drawn = render(scene, world.scale)
        words = world.caption(rng, groups, thing if scene.things else None)
        caption, faces = text(words), any(w.text in ("face", "faces") for w in words)
        aligned, conditioning = align(emoji.clip, caption, "rules", "", True)
        image = torch.from_numpy(drawn.image.copy()).float() / 255
        stores = record(emoji, aligned, conditioning, emoji.vae.encode(image[None]), seed + number)
        named = torch.from_numpy((drawn.head if faces else drawn.person).sum(0).clip(0, 1))
        truth = resize(named, read_size(stores[0].latent_size)) >= 0.5
        cases.append(Case(caption, image, truth, faces, len(drawn.person), aligned, stores))
    return cases


def record(emoji: sampling.Emoji, aligned, conditioning, latent: Tensor, seed: int) -> tuple[MapStore, ...]:
    """One prediction at each of STEPS, the linked words recorded."""
    import comfy.samplers

    from ..guidance.run_record import Recording
    from ..nodes.capture import prompt_watch
    from ..nodes.sampling.observe import observe

    capture = Recording(prompt_watch(aligned), kept=len(STEPS))
    model = observe(emoji.model.clone(), "regions", capture.watch, "bench-regions", capture)
    noise = torch.randn(latent.shape, generator=torch.Generator().manual_seed(seed))
    schedule = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "normal", len(STEPS))
    for sigma in schedule[:-1]:
        guider = comfy.samplers.CFGGuider(model)
        guider.set_conds(conditioning, conditioning)
        guider.set_cfg(1.0)
        euler = comfy.samplers.sampler_object("euler")
        guider.sample(noise, latent, euler, torch.tensor([float(sigma), 0.0]), disable_pbar=True, seed=seed)
    return tuple(run.store for run in capture.runs)
