"""Fine-tune the emoji model through its sampler until its people are balanced, as a LoRA for the host's LoraLoader.

    python -m fair_attention.emoji_world.fine_tune_alignment

Source: Shen et al., "Finetuning Text-to-Image Diffusion Models for Fairness" (ICLR 2024), distribution alignment with adjusted direct
fine-tuning; the losses are in `alignment_loss.py`. Each step draws the pictures of one prompt, of one or two people of one of six
occupations (`world.TUNING`), and nothing but a loss on what the readers see in them is learnt from.

Theirs, kept: w_img, w_face, factor1, factor2, EMA .996 (less while it is young), AdamW; targets by optimal transport, dropped above .2; every step of the
sampler is trained, its gradient without the U-Nets after it (their adjustment: the products of those Jacobians explode, and both
they and the coefficients of the sampler are put to one). Ours: DDIM of ten steps (theirs is DPM-Solver++ of 19 to 23), of which three, drawn anew
each time, are trained in one step, which is the same sum in expectation at a third of the cost; eight pictures a step (24), no classifier-free
guidance while training (theirs 7.5; the pack samples this model at 1.5), rank 8 in the U-Net alone (50, and the text encoder), a
learning rate for hundreds of steps (5e-5 for ten thousand), frozen pictures of a few noises, drawn once. No CLIP and no DINOv2:
neither knows drawn people.

The shipped LoRA (gender; `alignment.json` is its curve) is of seed 17 and lighter still, for the hour there was: 53 steps by

    --steps 53 --people 2 --noises 2 --batch 4 --sampler-steps 6 --through 2 --lr 4e-3
"""

import argparse
import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from ..host.in_process import use_host
from .alignment_loss import WEIGHTS, Eyes, bank_of, charged
from .autoencoder import shipped_decoder
from .fine_tune import LowRank, adapted, lora_state, trained_model
from .model import LENGTH
from .report import phrase
from .train import noise_schedule
from .words import Words
from .world import TUNING

EMA = 0.996


def ids_of(words: Words, text: str) -> Tensor:
    """[1,77]."""
    pieces = [piece for word in text.split() for piece in words.pieces[word]]
    return torch.tensor([[words.start, *pieces, *[words.end] * (LENGTH - 1 - len(pieces))]])


@torch.no_grad()
def sampled(unet: nn.Module, noise: Tensor, context: Tensor, steps: int) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """Deterministic DDIM from noise [B,4,h,w] by context [B,77,128]: the latents, and (what the U-Net was given, its time [B]) of each step."""
    alphas = torch.cat([noise_schedule(), torch.ones(1)])
    times = [*np.linspace(999, 0, steps + 1).round().astype(int)[:-1].tolist(), -1]
    z, walk = noise, []
    for time_, after in zip(times, times[1:], strict=False):
        t = torch.full((len(z),), time_)
        walk.append((z, t))
        eps = unet(z, t, context=context, transformer_options={})
        clean = (z - (1 - alphas[time_]).sqrt() * eps) / alphas[time_].sqrt()
        z = alphas[after].sqrt() * clean + (1 - alphas[after]).sqrt() * eps
    return z, walk


def adjusted_backward(unet: nn.Module, walk: list[tuple[Tensor, Tensor]], context: Tensor, gradient: Tensor) -> None:
    """Give the weights the adjusted gradient of a loss whose gradient by the latents is `gradient`, over these steps.

    The latents are a sum of the steps' predictions with negative coefficients; theirs become -1, and a step's input is held.
    """
    for z, t in walk:
        eps = unet(z, t, context=context, transformer_options={})
        (-(gradient * eps).sum() / len(walk)).backward()


def step_back(
    unet: nn.Module, decoder: nn.Module, noise: Tensor, context: Tensor, loss: Callable[[Tensor], tuple[Tensor, dict]],
    steps: int, through: list[int],
) -> tuple[Tensor, dict]:  # fmt: skip
    """One batch: draw it, charge its pictures, leave the gradient in the U-Net's weights. (The loss, what it says of itself.)"""
    latents, walk = sampled(unet, noise, context, steps)
    latents.requires_grad_()
    value, said = loss(decoder(latents))
    (gradient,) = torch.autograd.grad(value, latents)
    adjusted_backward(unet, [walk[i] for i in through], context, gradient)
    return value.detach(), said


def averaged(changes: dict[str, LowRank], average: list[Tensor]) -> dict[str, LowRank]:
    """Copies of the changes that hold the average."""
    copies = copy.deepcopy(changes)
    for p, value in zip((p for c in copies.values() for p in c.parameters()), average, strict=True):
        p.data.copy_(value)
    return copies


def saved(a: argparse.Namespace, changes: dict, learnt: list, average: list, optimiser: Any, step: int) -> None:
    resume = a.out.with_suffix(".tmp")
    torch.save({"learnt": learnt, "average": average, "optimiser": optimiser.state_dict(), "step": step}, resume)
    resume.replace(a.out.with_suffix(".pt"))
    settings = {k: str(v) for k, v in vars(a).items() if k != "out"} | {"steps done": str(step)}
    save_file(lora_state(averaged(changes, average)), a.out, settings)


def train(a: argparse.Namespace) -> None:
    use_host("--use-pytorch-cross-attention")
    import comfy.latent_formats  # noqa: F401  the host is importable from here on

    a.out.parent.mkdir(parents=True, exist_ok=True)
    words = Words()
    (text, unet), (_, frozen) = trained_model(words), trained_model(words)
    decoder, eyes = shipped_decoder().requires_grad_(False), Eyes(a.axis)
    torch.manual_seed(a.seed)
    changes = adapted(unet, a.rank)
    frozen.requires_grad_(False)
    learnt = [p for change in changes.values() for p in change.parameters()]
    average, start = [p.detach().clone() for p in learnt], 0
    optimiser = torch.optim.AdamW(learnt, a.lr, weight_decay=0.0)
    if a.out.with_suffix(".pt").exists():
        kept = torch.load(a.out.with_suffix(".pt"), weights_only=True)
        for p, value in zip(learnt, kept["learnt"], strict=True):
            p.data.copy_(value)
        optimiser.load_state_dict(kept["optimiser"])
        average, start = kept["average"], kept["step"]
    bank = bank_of(eyes, a.axis, a.bank, np.random.default_rng(a.seed))
    prompts = [phrase(noun, count) for noun in TUNING for count in a.people]
    with torch.no_grad():
        contexts = [text(ids_of(words, p)).expand(a.batch, -1, -1) for p in prompts]
    originals: dict[int, Tensor] = {}
    began = time.time()
    for step in (bar := tqdm(range(start, a.steps), initial=start, total=a.steps, mininterval=20)):
        for group in optimiser.param_groups:
            group["lr"] = a.lr * min(1.0, (step + 1) / 10)
        which = step % len(prompts)
        seed = step % (len(prompts) * a.noises)
        noise = torch.randn(a.batch, 4, 16, 16, generator=torch.Generator().manual_seed(a.seed * 100_000 + seed))
        if seed not in originals:
            with torch.no_grad():
                originals[seed] = decoder(sampled(frozen, noise, contexts[which], a.sampler_steps)[0])
        through = np.random.default_rng((a.seed, step)).choice(a.sampler_steps, a.through, replace=False).tolist()
        before = originals[seed]
        optimiser.zero_grad(set_to_none=True)
        value, said = step_back(
            unet, decoder, noise, contexts[which],
            lambda pictures, before=before: charged(eyes, WEIGHTS[a.axis], bank, pictures, before), a.sampler_steps, through,
        )  # fmt: skip
        nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        decay = min(EMA, (step + 1) / (step + 10))
        for kept_, p in zip(average, learnt, strict=True):
            kept_.lerp_(p.detach(), 1 - decay)
        row = {"step": step + 1, "prompt": prompts[which], "loss": round(float(value), 4), **said}
        bar.set_postfix(loss=row["loss"])
        with a.out.with_suffix(".log.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")
        if time.time() - began > 60 or step == a.steps - 1:
            saved(a, changes, learnt, average, optimiser, step + 1)
            began = time.time()


if __name__ == "__main__":
    torch.set_flush_denormal(True)  # of the whole process: not where a test or anybody else trains
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("output/fine-tune/emoji-world-aligned.safetensors"))
    parser.add_argument("--axis", choices=tuple(WEIGHTS), default="gender")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--sampler-steps", type=int, default=10)
    parser.add_argument("--through", type=int, default=3, help="steps of the sampler trained in one step")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 2], help="how many the prompts ask for")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--noises", type=int, default=4, help="batches of noise for each prompt")
    parser.add_argument("--bank", type=int, default=96, help="rendered people")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=17)
    train(parser.parse_args())
