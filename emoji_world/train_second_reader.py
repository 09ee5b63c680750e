"""Train the second reader: a small ViT in the ordinary format of transformers, which Load Attribute Reader opens like any other.

It shares nothing with the first reader: another architecture (a classifier of crops, not a detector), scenes of other seeds, and
nothing the first one has read. Its crops come from three kinds of pictures whose people are known from drawing them: rendered; sent
through the host's autoencoder; and drawn over by the model itself, from a render whose caption states every attribute, at a
noise low enough that the people stay who they are.

    python -m fair_attention.emoji_world.train_second_reader
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from ..metrics.readers.crops import cut
from .captions import draw_groups, text, word_caption
from .reader import AXES
from .scene import Group, Person, Scene, compose, render
from .train_reader import augment, recast
from .world import GENDERS, OCCUPATIONS, SECOND_READER, TONES

SIDE, PATCH, WIDTH, LAYERS, HEADS = 48, 6, 96, 4, 4
SHIFT, SCALE, EXPAND = 0.08, 0.14, (0.0, 0.6)  # of a box: as far as the first reader's boxes, and a user's settings, go
REDRAWN_STEPS, REDRAWN_NOISE = 6, (0.3, 0.6)
FIRST_SEED = 1_000_000  # of the scenes: the first reader's are of seed 7
LABELS = tuple(f"{axis}: {value}" for axis, values in AXES.items() for value in values)
Pool = tuple[Tensor, list[tuple[int, Person]]]  # pictures [N,128,128,3] uint8; (picture, person) of each person


def stated_groups(rng: np.random.Generator) -> tuple[tuple[Group, ...], str | None]:
    """Groups whose caption states everything, each attribute equally often."""
    groups, thing = draw_groups(rng)
    return tuple(
        replace(g, noun=str(rng.choice(OCCUPATIONS)), gender=str(rng.choice(GENDERS)), tone=str(rng.choice(TONES)))
        for g in groups
    ), thing


def rendered(scenes: list[Scene]) -> Tensor:
    """[B,128,128,3] in 0 ... 1."""
    return torch.stack([torch.from_numpy(render(s).image.copy()) for s in scenes]).float() / 255


@torch.inference_mode()
def drawn_over(rng: np.random.Generator, emoji: Any, drawn: list, pictures: Tensor) -> Tensor:
    """[B,128,128,3] in 0 ... 1: these pictures, drawn over by the model. drawn: what `stated_groups` said of each."""
    import nodes

    encode = nodes.CLIPTextEncode().encode
    captions = [text(word_caption(rng, *d)) for d in drawn]
    positive = [[torch.cat([encode(emoji.clip, c)[0][0][0] for c in captions]), {}]]
    (out,) = nodes.common_ksampler(
        emoji.model, int(rng.integers(2**31)), REDRAWN_STEPS, 1.0, "euler", "normal", positive, positive,
        {"samples": emoji.vae.encode(pictures)}, denoise=float(rng.uniform(*REDRAWN_NOISE)),
    )  # fmt: skip
    return emoji.vae.decode(out["samples"])[..., :3].clamp(0, 1)


@torch.inference_mode()
def pool(rng: np.random.Generator, emoji: Any, count: int, batch: int = 16) -> Pool:
    """`count` scenes of each kind: rendered with everybody's labels drawn anew, the same through the autoencoder, drawn over."""
    kept: list[Tensor] = []
    people: list[tuple[int, Person]] = []

    def keep(pictures: Tensor, scenes: list) -> None:
        for picture, scene in zip(pictures, scenes, strict=True):
            people.extend((len(kept), p) for p in scene.people)
            kept.append((picture[..., :3].clamp(0, 1) * 255).round().byte())

    for _ in tqdm(range(0, count, batch), mininterval=10, desc="pool"):
        scenes = [recast(rng, compose(rng, *draw_groups(rng))) for _ in range(batch)]
        pictures = rendered(scenes)
        keep(pictures, scenes)
        latents = emoji.vae.encode(pictures)
        spread = float(latents.std()) * 0.2 * torch.rand(batch, 1, 1, 1)
        keep(emoji.vae.decode(latents + spread * torch.randn(latents.shape)), scenes)

        drawn = [stated_groups(rng) for _ in range(batch)]
        scenes = [compose(rng, *d) for d in drawn]
        keep(drawn_over(rng, emoji, drawn, rendered(scenes)), scenes)
    return torch.stack(kept), people


def crops(rng: np.random.Generator, pictures: Tensor, people: list[tuple[int, Person]]) -> tuple[Tensor, Tensor]:
    """(crops [B,3,48,48] uint8 of these people, boxes a little off; labels [B,3])."""
    shown, labels = [], []
    for picture, p in people:
        dx, dy = rng.uniform(-SHIFT, SHIFT, 2) * p.size
        side = p.size * rng.uniform(1 - SCALE, 1 + SCALE)
        cx, cy = p.left + p.size / 2 + dx, p.top + p.size / 2 + dy
        box = (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2)
        crop = cut(pictures[picture], box, float(rng.uniform(*EXPAND))).float()[None]
        shown.append(F.interpolate(crop, (SIDE, SIDE), mode="bilinear", antialias=True).round().byte())
        labels.append((OCCUPATIONS.index(p.occupation), GENDERS.index(p.gender), TONES.index(p.tone)))
    return torch.cat(shown), torch.tensor(labels)


def new_model() -> Any:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=2 * WIDTH, image_size=SIDE,
        patch_size=PATCH, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, id2label=dict(enumerate(LABELS)),
        label2id={label: i for i, label in enumerate(LABELS)},
    )  # fmt: skip
    return ViTForImageClassification(config)


def reopened(folder: Path) -> Any:
    from transformers import ViTForImageClassification

    return ViTForImageClassification.from_pretrained(folder, local_files_only=True)


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    """The sum of the axes' cross-entropies, each over its own labels."""
    parts = logits.split([len(values) for values in AXES.values()], 1)
    return torch.stack([F.cross_entropy(p, labels[:, i], label_smoothing=0.02) for i, p in enumerate(parts)]).sum()


def save(model: Any, folder: Path) -> None:
    """In half precision; the training goes on in full."""
    from transformers import ViTForImageClassification, ViTImageProcessor

    copy = ViTForImageClassification(model.config)
    copy.load_state_dict(model.state_dict())
    copy.half().save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    ViTImageProcessor(size=size, image_mean=[0.5] * 3, image_std=[0.5] * 3).save_pretrained(folder)


def train(a: argparse.Namespace) -> None:
    from .sampling import load

    torch.manual_seed(a.seed)
    rng = np.random.default_rng(a.seed)
    kept = a.pool_file
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        torch.save(pool(rng, load(), a.pool), kept)
    pictures, people = torch.load(kept, weights_only=False)  # a file this very command has written
    print(f"{len(people)} people in {len(pictures)} pictures", flush=True)
    model = (reopened(a.start_from) if a.start_from else new_model()).float().train()
    optimiser = torch.optim.AdamW(model.parameters(), a.lr, betas=(0.9, 0.98), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, a.lr, a.steps, pct_start=0.1)
    for step in (bar := tqdm(range(a.steps), mininterval=10)):
        chosen = [people[i] for i in rng.integers(0, len(people), a.batch)]
        images, labels = crops(rng, pictures, chosen)
        logits = model(pixel_values=augment(images, rng) * 2 - 1).logits
        loss = loss_of(logits, labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            bar.set_postfix(loss=f"{float(loss.detach()):.3f}")
        if step % 200 == 199 or step == a.steps - 1:
            save(model, a.out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=SECOND_READER)
    parser.add_argument("--start-from", type=Path, help="a folder to go on from")
    parser.add_argument("--pool", type=int, default=384, help="scenes of each of the three kinds")
    parser.add_argument("--pool-file", type=Path, default=Path("output/training/second_reader_pool.pt"))
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    train(parser.parse_args())
