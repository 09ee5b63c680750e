"""Train the emoji model's text encoder and U-Net: eps prediction on SD's noise schedule, attention held to shapes.

Resumable: the state is saved every few minutes and the same command goes on from it. Runs on CPU or CUDA.
"""

import argparse
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from ..attention.trace import Block, cross_attention_blocks, trace
from ..host.in_process import use_host
from .autoencoder import PatchEncoder, shipped_encoder
from .captions import ROLES
from .corpus import Corpus, build, load_or_make, target_shape
from .export import read_back
from .hints import Hints
from .model import LENGTH, TextEncoder, new_unet
from .words import Words

DROP_CAPTION = 0.1
SNR_CAP = 5.0  # min-SNR weighting, and its square root: what a caption decides is decided at high noise,
WEIGHT_CAP = 6.0  # where plain min-SNR weighting hardly looks
PEOPLE_WEIGHT = 1.5  # a cell a person covers counts 1 + this
ATTENTION_WEIGHT = 0.15  # of the mean over blocks
ATTENTION_ROWS = 6  # captions a step whose word maps are supervised
ATTENTION_SHARE = 0.5  # of the blocks, drawn anew each step
SUPERVISED_GRIDS = (16, 8)
HINT_WEIGHT = 0.05


def make_batch(corpus: Corpus, rng: np.random.Generator, words: Words, size: int) -> tuple[Tensor, Tensor, list]:
    """(indices, ids [B,77], pointers): pointers are (row, token position, role, group) of the words that denote."""
    indices = rng.integers(0, len(corpus.latents), size)
    ids = np.full((size, LENGTH), words.end)
    ids[:, 0] = words.start
    pointers = []
    for row, index in enumerate(indices):
        if rng.random() < DROP_CAPTION:
            continue
        position = 1
        for word in corpus.caption(rng, int(index)):
            for piece in words.pieces[word.text]:
                ids[row, position] = piece
                if word.role:
                    pointers.append((row, position, ROLES.index(word.role), word.group))
                position += 1
    return torch.from_numpy(indices), torch.from_numpy(ids), pointers


class ShapeLoss:
    """KL(share of the word's silhouette in each cell || the word's attention map), mean over words and blocks."""

    def __init__(self, pointers: list, cover: Tensor):
        rows = sorted({p[0] for p in pointers})[:ATTENTION_ROWS]
        kept = [p for p in pointers if p[0] in rows and cover[p[0], p[2], p[3]].sum() > 0.5]
        self.rows = torch.tensor(rows)
        self.local = torch.tensor([rows.index(p[0]) for p in kept])
        self.tokens = torch.tensor([p[1] for p in kept])
        self.shapes = torch.stack([cover[p[0], p[2], p[3]] for p in kept]) if kept else None
        self.terms: list[Tensor] = []

    def take(self, block: Block, module: nn.Module, q: Tensor, k: Tensor, _: Mapping) -> None:
        grid = math.isqrt(q.shape[1])
        if self.shapes is None or grid not in SUPERVISED_GRIDS:
            return
        q, k = (t[self.rows].unflatten(-1, (module.n_heads, -1)).transpose(1, 2) for t in (q, k))
        p = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1).mean(1)  # [rows, N, L]
        maps = p[self.local, :, self.tokens]
        maps = maps / maps.sum(1, keepdim=True)
        target = target_shape(self.shapes, grid).to(maps.device)
        self.terms.append((target * (target.clamp_min(1e-6).log() - maps.clamp_min(1e-8).log())).sum(1).mean())

    def total(self) -> Tensor:
        return torch.stack(self.terms).mean() if self.terms else torch.zeros(())


def noise_schedule() -> Tensor:
    """SD's share of signal [1000], alpha bar, of the host's own betas. The host has to be importable."""
    from comfy.ldm.modules.diffusionmodules.util import make_beta_schedule

    return torch.cumprod(1 - torch.as_tensor(make_beta_schedule("linear", 1000, 0.00085, 0.012)), 0).float()


def snr_weight(abar: Tensor) -> Tensor:
    """[B,1,1,1] -> [B]: the square root of min-SNR's weight, and no more than WEIGHT_CAP."""
    snr = (abar / (1 - abar)).flatten()
    return (snr.clamp_max(SNR_CAP).sqrt() / snr).clamp_max(WEIGHT_CAP)


def learning_rate(step: int, steps: int, peak: float) -> float:
    return peak * min(1.0, (step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))))


def train(a: argparse.Namespace) -> None:
    use_host("--use-pytorch-cross-attention")
    import comfy.latent_formats  # noqa: F401  the host is importable from here on

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if a.autoencoder.exists():
        encoder = PatchEncoder().eval()
        encoder.load_state_dict(torch.load(a.autoencoder, weights_only=True)["encoder"])
    else:
        encoder = shipped_encoder()
    corpus = load_or_make(a.out.with_name("corpus.pt"), lambda: build(encoder, a.scenes, a.seed))
    words = Words()
    text, unet = TextEncoder(len(words.tokens)).to(device), new_unet().to(device)
    hints = Hints(unet, text.token_embedding.weight.shape[1]).to(device)
    model = nn.ModuleDict({"text": text, "unet": unet, "hints": hints}).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), a.lr, betas=(0.9, 0.99), weight_decay=0.0)
    average = {k: v.detach().clone() for k, v in model.state_dict().items()}
    start = 0
    if a.out.exists():
        state = torch.load(a.out, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average, start = state["average"], state["step"]
    elif a.start_from:
        average |= {k: v.to(device) for k, v in read_back(a.start_from, words.tokens).items()}
        model.load_state_dict(average)
    alphas = noise_schedule().to(device)
    rng = np.random.default_rng((a.seed, start))
    torch.manual_seed(a.seed + start)
    blocks = [b for b, _ in cross_attention_blocks(unet)]
    began, saved, log = time.time(), time.time(), a.out.with_suffix(".log.jsonl").open("a")
    sums = np.zeros(5)
    for step in (bar := tqdm(range(start, a.steps), initial=start, total=a.steps, mininterval=20)):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, a.steps, a.lr)
        indices, ids, pointers = make_batch(corpus, rng, words, a.batch)
        z = corpus.latents[indices].float().to(device)
        cover = corpus.coverage[indices].float() / 255
        t = torch.randint(0, 1000, (a.batch,), device=device)
        abar = alphas[t].view(-1, 1, 1, 1)
        eps = torch.randn_like(z)
        shape_loss = ShapeLoss(pointers, cover)
        watched = [b for b in blocks if rng.random() < ATTENTION_SHARE]
        with trace(unet, watched, shape_loss.take):
            context = text(ids.to(device))
            noisy = (abar.sqrt() * z + (1 - abar).sqrt() * eps).contiguous(memory_format=torch.channels_last)
            out = unet(noisy, t, context=context, transformer_options={})
        weight = 1 + PEOPLE_WEIGHT * cover[:, 0].amax(1, keepdim=True).to(device)
        error = (weight * (out - eps).square()).mean((1, 2, 3)) / weight.mean()
        loss_eps = (error * snr_weight(abar)).mean()
        loss_shape = shape_loss.total()
        last = {(p[0], p[3]): p[1] for p in pointers if ROLES[p[2]] != "things"}  # positions grow: the last one stays
        loss_seen = hints.picture_loss(corpus.labels[indices].to(device))
        loss_named = hints.caption_loss(
            context,
            [(row, position) for (row, _), position in last.items()],
            [corpus.named[int(indices[row])][0][group] for row, group in last],
        )
        optimiser.zero_grad(set_to_none=True)
        (loss_eps + ATTENTION_WEIGHT * loss_shape + HINT_WEIGHT * (loss_seen + loss_named)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            decay = min(0.998, (step + 1) / (step + 10))
            for key, value in model.state_dict().items():
                average[key].lerp_(value, 1 - decay)
        sums += [float(x.detach()) for x in (loss_eps, loss_shape, loss_seen, loss_named)] + [1]
        if sums[-1] == 50 or step == a.steps - 1:
            means = dict(zip(("eps", "shape", "seen", "named"), (sums[:-1] / sums[-1]).round(4).tolist(), strict=True))
            bar.set_postfix(means)
            row = {"step": step + 1, **means, "seconds": round(time.time() - began)}
            log.write(json.dumps(row) + "\n")
            log.flush()
            sums[:] = 0
        if time.time() - saved > 240 or step == a.steps - 1:
            state = {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "average": average,
                "step": step + 1,
                "seed": a.seed,
            }
            torch.save(state, a.out.with_suffix(".tmp"))
            a.out.with_suffix(".tmp").replace(a.out)
            saved = time.time()


if __name__ == "__main__":
    torch.set_flush_denormal(True)  # of the whole process: not where a test or anybody else trains
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("output/training/model.pt"))
    parser.add_argument("--autoencoder", type=Path, default=Path("output/training/autoencoder.pt"))
    parser.add_argument("--start-from", type=Path, help="a checkpoint to start from, with a fresh optimiser")
    parser.add_argument("--scenes", type=int, default=24000)
    parser.add_argument("--steps", type=int, default=4500)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    train(parser.parse_args())
