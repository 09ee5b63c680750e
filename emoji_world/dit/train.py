"""Train the transformer and its text encoder: rectified flow, attention held to shapes, hints. Resumable; made for one CPU.

Matrix products run in bfloat16 over single-precision weights. The state is saved every few minutes, and the same command
goes on from it. The learning rate stays level until the last `--cool` batches of `--steps`, before which a copy of the state
is kept (`.steady.pt`): a later stretch goes on from that one.
"""

import argparse
import json
import shutil
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...host.in_process import use_host
from ..autoencoder import shipped_encoder
from ..export import read_back
from ..model import TextEncoder
from ..words import Words
from ..world import CHECKPOINT
from .aged import KNOWN
from .hints import Hints
from .model import flow, new_mmdit
from .stock import Stock

DROP_CAPTION = 0.1
PEOPLE_WEIGHT = 1.5  # a cell a person covers counts 1 + this
SUPERVISED = (1, 2, 3)  # blocks whose maps are held to shapes
SHAPE_WEIGHT, SEEN_WEIGHT, NAMED_WEIGHT = 0.2, 0.15, 0.05
NOISE_MEAN, NOISE_SPREAD = 0.7, 1.0  # sigma is the sigmoid of a normal: towards high noise, where captions decide
WARM_UP = 200
PACES = (2.0, 1.0)  # of Muon's and AdamW's learning rates
MATRICES = ("attn.qkv.weight", "attn.proj.weight", "mlp.fc1.weight", "mlp.fc2.weight")


def shape_loss(maps: list[Tensor], pointers: list, cover: Tensor) -> Tensor:
    """Mean over words and blocks of KL(share of the word's silhouette in each token || the word's map).

    maps: [B,N,L] of each block; pointers (row, position, role, group); cover [B,3,2,16,16] in 0..1.
    """
    kept = [p for p in pointers if cover[p[0], p[2], p[3]].sum() > 0.5]
    if not kept:
        return maps[0].new_zeros(())
    rows, positions, roles, groups = torch.tensor(kept).T
    target = cover[rows, roles, groups].flatten(1)
    target = target / target.sum(1, keepdim=True)
    terms = []
    for block in SUPERVISED:
        seen = maps[block][rows, :, positions].clamp_min(1e-8)
        seen = seen / seen.sum(1, keepdim=True)
        terms.append((target * (target.clamp_min(1e-6).log() - seen.log())).sum(1).mean())
    return torch.stack(terms).mean()


def learning_rate(step: int, steps: int, cool: int, peak: float) -> float:
    """Up in WARM_UP batches, level, and down to a fiftieth over the last `cool`."""
    return peak * min(1.0, (step + 1) / WARM_UP) * min(1.0, 0.02 + 0.98 * max(steps - step, 0) / max(cool, 1))


def optimisers(model: nn.Module, lr: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, at the size of AdamW's updates; AdamW for all else."""
    matrices = [p for name, p in model.named_parameters() if name.endswith(MATRICES)]
    others = [p for name, p in model.named_parameters() if not name.endswith(MATRICES)]
    return [
        torch.optim.Muon(matrices, lr, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr, betas=(0.9, 0.99), weight_decay=0.0, fused=True),
    ]


def start_text(text: TextEncoder, words: Words, checkpoint: Path) -> None:
    """The first world's text encoder; words that it never learned keep their random embedding."""
    known = {
        k.removeprefix("text."): v for k, v in read_back(checkpoint, words.tokens).items() if k.startswith("text.")
    }
    table = known.pop("token_embedding.weight")
    text.load_state_dict(known, strict=False)
    learned = table.abs().sum(1) > 0
    with torch.no_grad():
        text.token_embedding.weight[learned] = table[learned]


def train(a: argparse.Namespace) -> None:
    use_host("--use-pytorch-cross-attention")
    torch.manual_seed(a.seed)
    encoder = shipped_encoder()
    words, stock = Words(KNOWN), Stock(encoder, a.scenes, a.seed)
    text = TextEncoder(len(words.tokens))
    start_text(text, words, CHECKPOINT)
    model = nn.ModuleDict({"text": text, "mmdit": new_mmdit(), "hints": Hints()})
    tuned = optimisers(model, a.lr)
    average, step, spent = {k: v.detach().clone() for k, v in model.state_dict().items()}, 0, 0.0
    kept_stock = a.out.with_name("stock.pt")
    if a.out.exists():
        state = torch.load(a.out, weights_only=True)
        model.load_state_dict(state["model"])
        for one, kept in zip(tuned, state["optimisers"], strict=True):
            one.load_state_dict(kept)
        average, step, spent = state["average"], state["step"], state["seconds"]
    if kept_stock.exists():
        stock.load(kept_stock)
    stock.grow(max(0, a.first - len(stock)))
    rng = np.random.default_rng((a.seed, step))
    torch.manual_seed(a.seed + step)
    weights = {k: v for k, v in model["mmdit"].named_parameters()}
    places = model["mmdit"].pos_embed.bfloat16()
    log, sums, began, saved, stocked = (
        a.out.with_suffix(".log.jsonl").open("a"),
        np.zeros(5),
        time.process_time(),
        time.time(),
        time.time(),
    )

    def save(path: Path) -> None:
        state = {"model": model.state_dict(), "optimisers": [o.state_dict() for o in tuned], "average": average,
                 "step": step, "seed": a.seed, "seconds": spent + time.process_time() - began}  # fmt: skip
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    while step < a.steps:
        for one, pace in zip(tuned, PACES, strict=True):
            for group in one.param_groups:
                group["lr"] = pace * learning_rate(step, a.steps, a.cool, a.lr)
        stock.grow(a.grow)
        indices, ids, pointers, ends = stock.batch(rng, words, a.batch, DROP_CAPTION)
        z, cover = stock.latents[indices].float(), stock.coverage[indices].float() / 255
        sigma = (NOISE_MEAN + NOISE_SPREAD * torch.randn(a.batch)).sigmoid()
        noise, s = torch.randn_like(z), sigma.view(-1, 1, 1, 1)
        context = text(ids)
        half = {k: v.bfloat16() for k, v in weights.items()}
        seen = flow(
            {**half, "pos_embed": places}, s * noise + (1 - s) * z, sigma, context, context[range(a.batch), ends]
        )
        heavy = 1 + PEOPLE_WEIGHT * F.interpolate(cover[:, 0].sum(1, keepdim=True).clamp_max(1), scale_factor=2.0)
        loss_flow = (heavy * (seen.velocity - (noise - z)) ** 2).mean() / heavy.mean()
        loss_shape = shape_loss(seen.maps, pointers, cover)
        loss_seen = model["hints"].picture_loss(seen.features, stock.labels[indices])
        last = {(row, group): position for row, position, role, group in pointers if role == 0}
        named = [stock.named[indices[row]][0][group] for row, group in last]
        loss_named = model["hints"].caption_loss(context, [(row, at) for (row, _), at in last.items()], named)
        loss = loss_flow + SHAPE_WEIGHT * loss_shape + SEEN_WEIGHT * loss_seen + NAMED_WEIGHT * loss_named
        model.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for one in tuned:
            one.step()
        step += 1
        with torch.no_grad():
            values = model.state_dict()
            floats = [k for k in values if k != "mmdit.pos_embed"]
            torch._foreach_lerp_(
                [average[k] for k in floats], [values[k] for k in floats], 1 - min(0.999, step / (step + 10))
            )
        sums += [float(x.detach()) for x in (loss_flow, loss_shape, loss_seen, loss_named)] + [1]
        if sums[-1] == 50:
            means = dict(zip(("flow", "shape", "seen", "named"), (sums[:-1] / 50).round(4).tolist(), strict=True))
            seconds = round(spent + time.process_time() - began)
            log.write(json.dumps({"step": step, **means, "seconds": seconds, "scenes": stock.drawn}) + "\n")
            log.flush()
            sums[:] = 0
        if time.time() - saved > 150 or step == a.steps:
            save(a.out)
            saved = time.time()
        if time.time() - stocked > 1500 or step == a.steps:
            stock.save(kept_stock)
            stocked = time.time()
        if step == a.steps - a.cool:
            save(a.out)
            shutil.copy(a.out, a.out.with_suffix(".steady.pt"))


if __name__ == "__main__":
    torch.set_flush_denormal(True)  # of the whole process: not where a test or anybody else trains
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("output/training/dit.pt"))
    parser.add_argument("--scenes", type=int, default=24000, help="the most scenes kept")
    parser.add_argument("--first", type=int, default=600, help="scenes before the first batch")
    parser.add_argument("--grow", type=int, default=2, help="new scenes each batch")
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--cool", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    a.out.parent.mkdir(parents=True, exist_ok=True)
    train(a)
