"""What the shipped workflows have in common: loader, prompt, sampler, and the words of their notes."""

from typing import Any

from ..emoji_world.sampling import CFG
from ..guidance.fair.attribute_list import write_attributes
from ..guidance.fair.target import PRESETS
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
TITLES = {NEGATIVE: "Negative (empty)", LATENT: "Size and number of pictures", SAVE: "Save Image"}

RUNS_AS_IT_IS = "It works as it is, on the emoji world: the tiny drawn-people model of this pack."
VOTING = "*Block Voting* → weights: *by resolution (SD)*."
EMOJI_READER = "*Read Attributes*: connect *Load Attribute Reader*, or bypass it and what follows it (Ctrl+B)."


def node(kind: str, **inputs: Any) -> dict:
    return {"class_type": kind, "inputs": inputs}


def own_model(sd15: str = "", sdxl: str = "", every: str = "") -> str:
    """What to set for models of people's own; more for each of the two families, and for every model."""
    families = (("SD 1.4, 1.5", "512 × 512, 50 steps, cfg 7.5", sd15), ("SDXL", "1024 × 1024, 30 steps, cfg 6", sdxl))
    said = [f"*{name}*: {', '.join(filter(None, (own, more)))}." for name, own, more in families]
    return " ".join([*said, "*Fine-tunes*: as their family, steps and cfg as their makers say.", every]).strip()


def note(*look: str, alone: str = "", own: str = "") -> str:
    """What to do and to look at, a paragraph each; how to see one method alone; what to set for a model of one's own.

    In headings: a note has no other print large enough for a view of the whole graph.
    """
    paragraphs = [
        RUNS_AS_IT_IS,
        *look,
        f"One method alone: {alone}" if alone else "",
        f"Your own model: {own or own_model()}",
    ]
    return "\n\n".join(["# Press Run", *(f"## {text}" for text in paragraphs if text)])


def target(number: str, preset: str, **inputs: Any) -> dict[str, dict]:
    """A Target Distribution whose box shows what its preset stands for."""
    text = write_attributes(PRESETS[preset])
    return {number: node("FairTargetDistribution", preset=preset, attributes=text, seed=0, **inputs)}


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
    """A graph with the titles of the common nodes; the empty negative prompt and the decoders are folded, and those named."""
    titles = {**{n: t for n, t in TITLES.items() if n in prompt}, **more.pop("titles", {})}
    folded = frozenset(n for n in prompt if n == NEGATIVE or prompt[n]["class_type"] == "VAEDecode")
    folded |= more.pop("folded", frozenset())
    return Graph(title, text, prompt, columns, groups, {LOADER: [SD14]}, titles, folded=folded, **more)
