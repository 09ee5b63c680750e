"""What the shipped workflows have in common: loader, prompt, sampler, and the words of their notes."""

from typing import Any

from ..emoji_world.sampling import CFG
from .draw import Graph

SIZE = 128  # pixels a side: the emoji world's own
CHECKPOINT = "emoji-world.safetensors"
SD14 = {
    "name": "sd-v1-4.ckpt",
    "url": "https://huggingface.co/CompVis/stable-diffusion-v-1-4-original/resolve/main/sd-v1-4.ckpt",
    "directory": "checkpoints",
}
LOADER, NEGATIVE, LATENT, SAMPLER, DECODE, SAVE = "1", "2", "3", "4", "5", "6"  # ids in every graph
MODEL, CLIP, VAE = [LOADER, 0], [LOADER, 1], [LOADER, 2]
SAMPLED, PICTURE = [SAMPLER, 0], [DECODE, 0]
TITLES = {NEGATIVE: "Negative prompt (empty)", LATENT: "Size and number of pictures", SAVE: "Save Image"}

RUNS_AS_IT_IS = "Press Run. It works as it is, on the emoji world: the tiny drawn-people model this pack brings along."
SD_SETTINGS = "choose `sd-v1-4.ckpt` in the loader, 512 × 512 pixels, steps 50, cfg 7.5"
SD_VOTING = ", *Block Voting* → weights: *by resolution (SD)*"
EMOJI_READER = " *Read Attributes* reads emoji people only: bypass it and what follows it (select, Ctrl+B)."


def node(kind: str, **inputs: Any) -> dict:
    return {"class_type": kind, "inputs": inputs}


def note(*look: str, sd: str = SD_SETTINGS) -> str:
    """What to do, what to look at (one entry a line), and what to change for Stable Diffusion.

    In headings: the only larger print a note can have, and it is read in a view of the whole graph.
    """
    return "\n\n".join([f"## {RUNS_AS_IT_IS}", *(f"### {line}" for line in look), f"With Stable Diffusion 1.4: {sd}"])


def loaded(pictures: int) -> dict[str, dict]:
    """Checkpoint, empty negative prompt, empty latents."""
    return {
        LOADER: node("CheckpointLoaderSimple", ckpt_name=CHECKPOINT),
        NEGATIVE: node("CLIPTextEncode", clip=CLIP, text=""),
        LATENT: node("EmptyLatentImage", width=SIZE, height=SIZE, batch_size=pictures),
    }


def sampled(model: list, positive: list, seed: int = 0, steps: int = 25) -> dict[str, dict]:
    """The stock sampler on `model`, the decoded pictures, saved."""
    return {
        SAMPLER: node(
            "KSampler", model=model, positive=positive, negative=[NEGATIVE, 0], latent_image=[LATENT, 0], seed=seed,
            steps=steps, cfg=CFG, sampler_name="euler", scheduler="normal", denoise=1.0,
        ),
        **decoded(),
    }  # fmt: skip


def decoded() -> dict[str, dict]:
    return {
        DECODE: node("VAEDecode", samples=SAMPLED, vae=VAE),
        SAVE: node("SaveImage", images=PICTURE, filename_prefix="fair"),
    }


def seen(number: str, kind: str, attention: list, **inputs: Any) -> dict[str, dict]:
    """A node that reads what was recorded while the pictures were sampled."""
    return {number: node(kind, attention=attention, latent=SAMPLED, image=PICTURE, **inputs)}


def graph(title: str, text: str, prompt: dict, columns: list[list[str]], groups: dict, **more: Any) -> Graph:
    titles = {**{n: t for n, t in TITLES.items() if n in prompt}, **more.pop("titles", {})}
    return Graph(title, text, prompt, columns, groups, {LOADER: [SD14]}, titles, **more)
