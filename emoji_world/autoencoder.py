"""Train the autoencoder: a decoder in the layout of TAESD, 4 latent channels, 8 x 8 pixels a cell.

The latent space starts from the four leading principal components of 8 x 8 patches (flat colours are right from the
first step) and is refined jointly with the decoder by a patch encoder that works at latent resolution, which is
cheap. `distill` then teaches TAESD's own encoder, which the stock loader wants, to give the same latents.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from tqdm import tqdm

from ..host.in_process import use_host
from .captions import draw_groups
from .scene import compose, render
from .world import CELL, CHECKPOINT, PATCH_ENCODER

CROP = 64  # pixels a side of a training crop
NOISE = 0.08  # noise added to latents while the decoder learns, so that it forgives the denoiser


class PatchEncoder(nn.Module):
    """image [B,3,H,W] in 0..1 -> latents [B,4,H/8,W/8] of zero mean and unit variance."""

    def __init__(self, width: int = 160, blocks: int = 3):
        super().__init__()
        self.linear = nn.Conv2d(3, 4, CELL, CELL)  # the principal components
        self.patch = nn.Conv2d(3, width, CELL, CELL)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)
            )
            for _ in range(blocks)
        )
        self.out = nn.Conv2d(width, 4, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, image: Tensor) -> Tensor:
        h = self.patch(image * 2 - 1)
        for block in self.blocks:
            h = h + block(h)
        return self.linear(image) + self.out(F.relu(h))

    @torch.no_grad()
    def start_from_components(self, patches: Tensor) -> float:
        """patches [N, 3*8*8]: set `linear` to the whitened leading components; returns their share of the variance."""
        mean = patches.mean(0)
        _, s, v = torch.linalg.svd(patches - mean, full_matrices=False)
        weight = v[:4] / (s[:4, None] / math.sqrt(len(patches) - 1))
        self.linear.weight.copy_(weight.view(4, 3, CELL, CELL))
        self.linear.bias.copy_(-weight @ mean)
        return float(s[:4].square().sum() / s.square().sum())


def new_decoder() -> nn.Module:
    """The host's TAESD decoder, initialised for training (the host leaves its weights uninitialised)."""
    use_host()
    from comfy.taesd.taesd import Decoder

    return initialise(Decoder(latent_channels=4))


def shipped_encoder() -> PatchEncoder:
    """The latent space that comes along."""
    encoder = PatchEncoder()
    encoder.load_state_dict({k: v.float() for k, v in load_file(PATCH_ENCODER).items()})
    return encoder.eval()


def shipped_decoder() -> nn.Module:
    """Back from it: latents [B,4,h,w] -> pictures [B,3,8h,8w], as the checkpoint has it."""
    use_host()
    from comfy.taesd.taesd import Decoder

    decoder, prefix = Decoder(latent_channels=4), "first_stage_model.taesd_decoder."
    state = {k.removeprefix(prefix): v.float() for k, v in load_file(CHECKPOINT).items() if k.startswith(prefix)}
    decoder.load_state_dict(state)
    return decoder.eval().to(memory_format=torch.channels_last)


def initialise(module: nn.Module) -> nn.Module:
    for name, p in module.named_parameters():
        if p.dim() < 2:
            nn.init.zeros_(p)
        else:
            nn.init.kaiming_normal_(p, nonlinearity="relu")
            if name.endswith("conv.4.weight"):  # the last layer of a residual block starts small
                p.data.mul_(0.2)
    return module


def crops(rng: np.random.Generator, scenes: int, per_scene: int = 2) -> tuple[Tensor, Tensor]:
    """(images [B,3,64,64] in 0..1, weight [B,1,64,64]: people count three times as much as walls)."""
    images, weights = [], []
    for _ in range(scenes):
        drawn = render(compose(rng, *draw_groups(rng)))
        people = drawn.person.sum(0)
        for _ in range(per_scene):
            y, x = rng.integers(0, drawn.image.shape[0] - CROP + 1, 2)
            images.append(drawn.image[y : y + CROP, x : x + CROP])
            weights.append(1 + 2 * people[y : y + CROP, x : x + CROP])
    image = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    return image, torch.from_numpy(np.stack(weights))[:, None].float()


def reconstruction_loss(output: Tensor, image: Tensor, weight: Tensor) -> Tensor:
    """Weighted L1, half the L1 between neighbouring differences (edges), and L1 of cell means (hue, else sacrificed)."""
    loss = (weight * (output - image).abs()).mean()
    for cells in (CELL // 2, CELL):
        means = F.avg_pool2d(output, cells) - F.avg_pool2d(image, cells)
        loss = loss + 1.5 * (F.avg_pool2d(weight, cells) * means.abs()).mean()
    for dim in (2, 3):
        difference = (torch.diff(output, dim=dim) - torch.diff(image, dim=dim)).abs()
        loss = loss + 0.5 * (weight.narrow(dim, 1, weight.shape[dim] - 1) * difference).mean()
    return loss


def train(out: Path, steps: int, seed: int, scenes: int, lr: float, joint: bool) -> None:
    """Train, or go on from `out`; with joint=False the encoder (and so the latent space) stays as it is."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    encoder, decoder = PatchEncoder(), new_decoder()
    if out.exists():
        state = torch.load(out, weights_only=True)
        encoder.load_state_dict(state["encoder"])
        decoder.load_state_dict(state["decoder"])
    else:
        images, _ = crops(rng, 100)
        share = encoder.start_from_components(F.unfold(images, CELL, stride=CELL).transpose(1, 2).flatten(0, 1))
        print(f"four components hold {share:.0%} of the variance of {CELL}x{CELL} patches")
    decoder.to(memory_format=torch.channels_last)
    parameters = [*decoder.parameters(), *(encoder.parameters() if joint else ())]
    optimiser = torch.optim.Adam(parameters, lr, betas=(0.9, 0.98))
    began, log = time.time(), out.with_suffix(".log.jsonl").open("a")
    for step in (bar := tqdm(range(steps), mininterval=10)):
        for group in optimiser.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 50) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        image, weight = crops(rng, scenes)
        with torch.set_grad_enabled(joint):
            z = encoder(image)
        spread = (z.mean((0, 2, 3)).square() + (z.std((0, 2, 3)) - 1).square()).sum()
        loss = reconstruction_loss(decoder(z + NOISE * torch.randn_like(z)), image, weight) + 0.02 * spread
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        if step % 50 == 0 or step == steps - 1:
            value = float(loss.detach())
            bar.set_postfix(loss=f"{value:.4f}")
            log.write(json.dumps({"step": step, "loss": round(value, 5), "seconds": round(time.time() - began)}) + "\n")
            log.flush()
        if step % 200 == 199 or step == steps - 1:
            state = torch.load(out, weights_only=True) if out.exists() else {}
            torch.save({**state, "encoder": encoder.state_dict(), "decoder": decoder.state_dict()}, out)


def distill(out: Path, steps: int, seed: int, scenes: int, lr: float) -> None:
    """Teach the host's TAESD encoder to give the patch encoder's latents; goes on from `out` where it can."""
    use_host()
    from comfy.taesd.taesd import Encoder

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    state = torch.load(out, weights_only=True)
    teacher, student = PatchEncoder(), initialise(Encoder(latent_channels=4))
    teacher.load_state_dict(state["encoder"])
    if "taesd_encoder" in state:
        student.load_state_dict(state["taesd_encoder"])
    student.to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(student.parameters(), lr, betas=(0.9, 0.98))
    for step in (bar := tqdm(range(steps), mininterval=10)):
        for group in optimiser.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 50) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        image, weight = crops(rng, scenes)
        with torch.no_grad():
            z = teacher(image)
        error = F.smooth_l1_loss(
            student(image.contiguous(memory_format=torch.channels_last)), z, beta=0.1, reduction="none"
        )
        loss = (F.avg_pool2d(weight, CELL) * error).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if step % 50 == 49 or step == steps - 1:
            bar.set_postfix(loss=f"{float(loss.detach()):.4f}")
            torch.save({**state, "taesd_encoder": student.state_dict()}, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("output/training/autoencoder.pt"))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenes", type=int, default=4, help="scenes a step, two crops each")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--decoder-only", action="store_true", help="keep the latent space, sharpen the decoder")
    parser.add_argument(
        "--distill", action="store_true", help="teach the host's encoder instead, once the rest is done"
    )
    a = parser.parse_args()
    a.out.parent.mkdir(parents=True, exist_ok=True)
    if a.distill:
        distill(a.out, a.steps, a.seed, a.scenes, a.lr)
    else:
        train(a.out, a.steps, a.seed, a.scenes, a.lr, joint=not a.decoder_only)
