"""Fine-tune the emoji model on balanced data, as a LoRA that the host's LoraLoader takes: the plainest way to a fairer model.

    python -m fair_attention.emoji_world.fine_tune

The people of its scenes have every gender and skin tone equally often and each their own. Its captions are the training's, of six
occupations only; how it does on the other six is what the comparison reports. Low-rank changes of the U-Net's attention layers
are learnt by the denoising loss alone; the text encoder stays as it is. Resumable: the state is saved every few minutes.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize
from tqdm import tqdm

from ..host.in_process import use_host
from .autoencoder import shipped_encoder
from .captions import draw_groups
from .corpus import build, load_or_make
from .export import read_back
from .model import TextEncoder, new_unet
from .scene import Group
from .train import make_batch, noise_schedule, snr_weight
from .words import Words
from .world import CHECKPOINT, TUNING, balanced

LAYERS = ("to_q", "to_k", "to_v", "to_out.0")
PREFIX = "diffusion_model."


class LowRank(nn.Module):
    """W + up down, up zero at first.   W [out,in], up [out,r], down [r,in]"""

    def __init__(self, out: int, width: int, rank: int):
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, width) / width**0.5)
        self.up = nn.Parameter(torch.zeros(out, rank))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.up @ self.down


def adapted(unet: nn.Module, rank: int) -> dict[str, LowRank]:
    """Put a LowRank on every attention layer of the U-Net and let nothing else learn. The layer's name -> its change."""
    unet.requires_grad_(False)
    found = {}
    for name, module in list(unet.named_modules()):
        if name.endswith(LAYERS) and isinstance(module, nn.Linear):
            found[name] = LowRank(*module.weight.shape, rank)
            parametrize.register_parametrization(module, "weight", found[name])
    return found


def lora_state(changes: dict[str, LowRank]) -> dict[str, Tensor]:
    """The LoRA under the names of the host's generic format; its alpha is its rank, so that a strength of 1 is what was trained."""
    state = {}
    for name, change in changes.items():
        state[f"{PREFIX}{name}.lora_up.weight"] = change.up.detach().half().contiguous()
        state[f"{PREFIX}{name}.lora_down.weight"] = change.down.detach().half().contiguous()
        state[f"{PREFIX}{name}.alpha"] = torch.tensor(float(len(change.down)))
    return state


def trained_model(words: Words) -> tuple[TextEncoder, nn.Module]:
    """(text encoder, which does not learn; U-Net) of the shipped checkpoint."""
    state = read_back(CHECKPOINT, words.tokens)
    text, unet = TextEncoder(len(words.tokens)), new_unet()
    for part, module in (("text.", text), ("unet.", unet)):
        module.load_state_dict({k.removeprefix(part): v for k, v in state.items() if k.startswith(part)})
    return text.requires_grad_(False), unet


def groups_of_six(rng: np.random.Generator) -> tuple[tuple[Group, ...], str | None]:
    """What a caption names, of six occupations (`world.TUNING`) and of persons."""
    while True:
        groups, thing = draw_groups(rng)
        if all(g.noun in (*TUNING, "person") for g in groups):
            return groups, thing


def train(a: argparse.Namespace) -> None:
    use_host("--use-pytorch-cross-attention")
    import comfy.latent_formats  # noqa: F401  the host is importable from here on

    encoder = shipped_encoder()
    a.out.parent.mkdir(parents=True, exist_ok=True)
    kept_scenes = a.out.with_name("corpus.pt")
    corpus = load_or_make(kept_scenes, lambda: build(encoder, a.scenes, a.seed, groups_of_six, balanced()))
    words, device = Words(), "cuda" if torch.cuda.is_available() else "cpu"
    text, unet = (module.to(device) for module in trained_model(words))
    changes = adapted(unet, a.rank)
    learnt = [p for change in changes.values() for p in change.to(device).parameters()]
    optimiser, start, resume = torch.optim.AdamW(learnt, a.lr, weight_decay=0.0), 0, a.out.with_suffix(".pt")
    if resume.exists():
        kept = torch.load(resume, map_location=device, weights_only=True)
        for p, value in zip(learnt, kept["learnt"], strict=True):
            p.data.copy_(value)
        optimiser.load_state_dict(kept["optimiser"])
        start = kept["step"]
    alphas = noise_schedule().to(device)
    rng = np.random.default_rng((a.seed, start))
    torch.manual_seed(a.seed + start)
    losses, saved = [], time.time()
    for step in (bar := tqdm(range(start, a.steps), initial=start, total=a.steps, mininterval=20)):
        for group in optimiser.param_groups:
            group["lr"] = a.lr * min(1.0, (step + 1) / 50) * (1 - step / a.steps)
        indices, ids, _ = make_batch(corpus, rng, words, a.batch)
        z = corpus.latents[indices].float().to(device)
        t = torch.randint(0, 1000, (a.batch,), device=device)
        abar, eps = alphas[t].view(-1, 1, 1, 1), torch.randn_like(z)
        out = unet(abar.sqrt() * z + (1 - abar).sqrt() * eps, t, context=text(ids.to(device)), transformer_options={})
        loss = ((out - eps).square().mean((1, 2, 3)) * snr_weight(abar)).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        if len(losses) == 25 or step == a.steps - 1:
            row = {"step": step + 1, "eps": round(float(np.mean(losses)), 5)}
            bar.set_postfix(row)
            with a.out.with_suffix(".log.jsonl").open("a") as log:
                log.write(json.dumps(row) + "\n")
            losses.clear()
        if time.time() - saved > 120 or step == a.steps - 1:
            kept = {"learnt": learnt, "optimiser": optimiser.state_dict(), "step": step + 1}
            torch.save(kept, resume.with_suffix(".tmp"))
            resume.with_suffix(".tmp").replace(resume)
            settings = {k: str(v) for k, v in vars(a).items() if k != "out"} | {"steps done": str(step + 1)}
            save_file(lora_state(changes), a.out, settings)
            saved = time.time()


if __name__ == "__main__":
    torch.set_flush_denormal(True)  # of the whole process: not where a test or anybody else trains
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("output/fine-tune/emoji-world-balanced.safetensors"))
    parser.add_argument("--scenes", type=int, default=6000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=11)
    train(parser.parse_args())
