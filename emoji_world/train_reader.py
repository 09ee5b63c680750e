"""Train the reader on rendered scenes: clean, through the autoencoder, noisy, blurred, shifted in colour."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from .autoencoder import PatchEncoder, new_decoder
from .captions import draw_groups
from .reader import AXES, WEIGHTS, ReaderNet
from .scene import Person, compose, render
from .world import CELL, GENDERS, OCCUPATIONS, TONES

LATENT_NOISE = 0.2
FIELDS = {"occupation": "occupation", "gender": "gender", "skin tone": "tone", "age": "age"}  # of a Person


def load_autoencoder(path: Path) -> tuple[PatchEncoder, torch.nn.Module]:
    state = torch.load(path, weights_only=True)
    encoder, decoder = PatchEncoder(), new_decoder()
    encoder.load_state_dict(state["encoder"])
    decoder.load_state_dict(state["decoder"])
    return encoder.eval(), decoder.eval()


@torch.no_grad()
def pool(
    rng: np.random.Generator, autoencoder, count: int, unbiased: bool
) -> tuple[Tensor, Tensor, list[list[Person]]]:
    """(clean, round-tripped) pictures [N,3,H,W] uint8 and who is in them; unbiased: every attribute equally often."""
    encoder, decoder = autoencoder
    clean, tripped, people = [], [], []
    for _ in tqdm(range(count), mininterval=10, desc="pool"):
        groups, thing = draw_groups(rng)
        scene = compose(rng, groups, thing)
        if unbiased:
            scene = recast(rng, scene)
        image = torch.from_numpy(render(scene).image.copy()).permute(2, 0, 1)[None]
        z = encoder(image.float() / 255)
        z = z + LATENT_NOISE * float(rng.random()) * torch.randn(z.shape)
        clean.append(image)
        tripped.append((decoder(z).clamp(0, 1) * 255).byte())
        people.append(list(scene.people))
    return torch.cat(clean), torch.cat(tripped), people


def recast(rng: np.random.Generator, scene):
    """The same scene with every person's labels drawn uniformly: a reader must not learn the planted bias."""
    from dataclasses import replace

    people = tuple(
        replace(
            p, occupation=str(rng.choice(OCCUPATIONS)), gender=str(rng.choice(GENDERS)), tone=str(rng.choice(TONES))
        )
        for p in scene.people
    )
    return replace(scene, people=people)


def targets(
    people: list[list[Person]], h: int, w: int, axes: Mapping[str, tuple[str, ...]] = AXES
) -> tuple[Tensor, Tensor, Tensor]:
    """(heat [B,h,w], values [B,6,h,w]: log size, offsets, three label indices; inside [B,h,w]: cells that are read).

    With more axes than three, more values.
    """
    heat, values, inside = (
        torch.zeros(len(people), h, w),
        torch.zeros(len(people), 3 + len(axes), h, w),
        torch.zeros(len(people), h, w),
    )
    ys, xs = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
    for i, group in enumerate(people):
        for p in group:
            cx, cy, cells = (p.left + p.size / 2) / CELL, (p.top + p.size / 2) / CELL, p.size / CELL
            d2 = (xs - cx).square() + (ys - cy).square()
            heat[i] = torch.maximum(heat[i], torch.exp(-d2 / (2 * 0.8**2)))
            heat[i, min(int(cy), h - 1), min(int(cx), w - 1)] = 1
            near = d2 < 1.7**2
            labels = [values_of.index(getattr(p, FIELDS[axis])) for axis, values_of in axes.items()]
            for channel, value in enumerate((torch.full_like(xs, np.log(cells)), cx - xs, cy - ys, *labels)):
                values[i, channel][near] = value[near] if torch.is_tensor(value) else float(value)
            inside[i][near] = 1
    return heat, values, inside


def loss_of(
    out: Tensor, heat: Tensor, values: Tensor, inside: Tensor, axes: Mapping[str, tuple[str, ...]] = AXES
) -> Tensor:
    """CenterNet's focal loss for the heat, L1 for the box, cross-entropy for the labels."""
    p = out[:, 0].sigmoid().clamp(1e-4, 1 - 1e-4)
    focal = torch.where(heat == 1, -((1 - p) ** 2) * p.log(), -((1 - heat) ** 4) * p**2 * (1 - p).log())
    total = focal.sum() / (heat == 1).sum()
    total = total + (inside[:, None] * (out[:, 1:4] - values[:, :3]).abs()).sum() / inside.sum()
    start = 4
    for n, axis in enumerate(axes.values()):
        logits = out[:, start : start + len(axis)].permute(0, 2, 3, 1)[inside > 0]
        total = total + F.cross_entropy(logits, values[:, 3 + n][inside > 0].long())
        start += len(axis)
    return total


def augment(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Brightness, colour cast, blur and noise, a random strength for each batch."""
    x = images.float() / 255
    x = x * float(rng.uniform(0.9, 1.1)) + torch.empty(len(x), 3, 1, 1).uniform_(-0.05, 0.05)
    if rng.random() < 0.4:
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1) if rng.random() < 0.7 else F.interpolate(
            F.avg_pool2d(x, 2), scale_factor=2.0, mode="bilinear")  # fmt: skip
    return (x + torch.randn_like(x) * float(rng.uniform(0, 0.05))).clamp(0, 1)


def fit(
    net: ReaderNet,
    seen: tuple[Tensor, Tensor, list[list[Person]]],
    rng: np.random.Generator,
    a: argparse.Namespace,
    axes: Mapping[str, tuple[str, ...]] = AXES,
) -> None:
    """Train on a pool, and keep the weights at `a.out` on the way. a: lr, steps, batch, out."""
    clean, tripped, people = seen
    optimiser = torch.optim.AdamW(net.parameters(), a.lr, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, a.lr, a.steps, pct_start=0.1)
    for step in (bar := tqdm(range(a.steps), mininterval=10)):
        chosen = rng.integers(0, len(people), a.batch)
        images = (clean if rng.random() < 0.25 else tripped)[chosen]
        out = net(augment(images, rng))
        loss = loss_of(out, *targets([people[i] for i in chosen], *out.shape[-2:], axes), axes)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            bar.set_postfix(loss=f"{float(loss.detach()):.3f}")
        if step % 100 == 99 or step == a.steps - 1:
            save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, a.out)


def train(a: argparse.Namespace) -> None:
    torch.manual_seed(a.seed)
    rng = np.random.default_rng(a.seed)
    seen = pool(rng, load_autoencoder(a.autoencoder), a.pool, unbiased=True)
    net = ReaderNet()
    if a.start_from:
        net.load_state_dict({k: v.float() for k, v in load_file(a.start_from).items()})
    else:
        net.head.bias.data[0] = -2.0
    fit(net, seen, rng, a)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--autoencoder", type=Path, default=Path("output/training/autoencoder.pt"))
    parser.add_argument("--start-from", type=Path, help="a reader's weights to go on from")
    parser.add_argument("--pool", type=int, default=2500)
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=7)
    train(parser.parse_args())
