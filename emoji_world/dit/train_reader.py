"""Train the second world's reader from the first one's weights: rendered scenes, clean and through the autoencoder."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor
from tqdm import tqdm

from ..ages import AGES
from ..autoencoder import shipped_decoder, shipped_encoder
from ..reader import WEIGHTS as FIRST
from ..reader import ReaderNet
from ..scene import Person, Scene, render
from ..train_reader import LATENT_NOISE, fit, recast
from .aged import SCALE, compose_aged, draw_aged_groups
from .reader import AXES, WEIGHTS


def unbiased(rng: np.random.Generator) -> Scene:
    """Every attribute equally often: a reader must not learn the planted bias."""
    scene = recast(rng, compose_aged(rng, *draw_aged_groups(rng)))
    return replace(scene, people=tuple(replace(p, age=str(rng.choice(AGES))) for p in scene.people))


@torch.no_grad()
def pool(rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor, list[list[Person]]]:
    """(clean, round-tripped) pictures [N,3,128,128] uint8, halved, and who is in them."""
    encoder, decoder = shipped_encoder(), shipped_decoder()
    clean, tripped, people = [], [], []
    for _ in tqdm(range(count), mininterval=10, desc="pool"):
        scene = unbiased(rng)
        image = torch.from_numpy(render(scene, SCALE).image.copy()).permute(2, 0, 1)[None].float() / 255
        with torch.autocast("cpu", torch.bfloat16):
            z = encoder(image).float()
            z = z + LATENT_NOISE * float(rng.random()) * torch.randn(z.shape)
            back = decoder(z).float().clamp(0, 1)
        for kept, picture in ((clean, image), (tripped, back)):
            kept.append((F.avg_pool2d(picture, SCALE) * 255).byte())
        people.append(list(scene.people))
    return torch.cat(clean), torch.cat(tripped), people


def grown(path: Path) -> ReaderNet:
    """The first reader with more labels: new rows of its head start at zero."""
    net, first = ReaderNet(AXES), {k: v.float() for k, v in load_file(path).items()}
    for name in ("head.weight", "head.bias"):
        whole = torch.zeros_like(net.state_dict()[name])
        whole[: len(first[name])] = first[name]
        first[name] = whole
    net.load_state_dict(first)
    return net


def train(a: argparse.Namespace) -> None:
    torch.manual_seed(a.seed)
    rng = np.random.default_rng(a.seed)
    seen = pool(rng, a.pool)
    fit(grown(FIRST), seen, rng, a, AXES)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--pool", type=int, default=1200)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=17)
    train(parser.parse_args())
