"""The rows of the comparison: every method, what it aims at, and how it patches the model for one prompt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..emoji_world import sampling
from ..emoji_world.world import ALIGNED_LORA, BALANCED_LORA
from ..guidance.baselines.uce import PAPER, REWRITE
from ..scripts.edit_concepts import target_of
from .comparison_uce import concepts_found
from .emoji import fair_inference
from .entanglement_page import LAMBDA

GENDER, TONE, BOTH = ("gender",), ("skin tone",), ("gender", "skin tone")
AIMS = (GENDER, TONE, BOTH)
PLAIN = "unedited"
SENTENCE, SEGA, UCE, EQUISTEER, LAG = "SD-EI", "Fair Diffusion", "UCE", "EquiSteer", "LAG (Fair Inference)"
ENERGY = "BiasMap (SoftIoU)"
BEST = "best found"
SEARCHED = Path(__file__).parent / "results" / "search.json"
BALANCED, ALIGNED = "fine-tune on balanced data", "fine-tune by distribution alignment"
LORA_OF = {BALANCED: BALANCED_LORA, ALIGNED: ALIGNED_LORA}
EI_AXIS = {GENDER: "gender", TONE: "skin colour", BOTH: "gender and skin colour (ours)"}
# A concept text of the energy and one that it has never seen: the drop of entanglement is read by both.
OWN_TEXT = "a photo of the face of a {} and gender and skin tone next to flowers"
HELD_OUT_TEXT = "the face of a {} and gender and skin tone"


@dataclass(frozen=True)
class Method:
    """aim: presets of Target Distribution, crossed; (): none. kind: one of the names above. energy: SoftIoU as well."""

    kind: str = PLAIN
    aim: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    energy: bool = False
    searched: bool = False  # with what the search has found (`best_found`)


def methods() -> dict[str, Method]:
    """Name -> method: published settings, and ours as shipped. "A: b" aims at b."""
    kinds = {
        f"{SENTENCE}, published": Method(SENTENCE, inputs={"wording": "published"}),
        f"{SENTENCE}, ours": Method(SENTENCE, inputs={"wording": "ours"}),
        SEGA: Method(SEGA),
        f"{UCE}, {REWRITE}": Method(UCE, inputs={"variant": REWRITE}),
        f"{UCE}, {PAPER}": Method(UCE, inputs={"variant": PAPER, "preserve": "occupations"}),
        EQUISTEER: Method(EQUISTEER),
        f"{SEGA}, {BEST}": Method(SEGA, searched=True),
        f"{EQUISTEER}, {BEST}": Method(EQUISTEER, searched=True),
        LAG: Method(LAG),
        f"{SEGA} + BiasMap": Method(SEGA, energy=True),
        f"{LAG} + BiasMap": Method(LAG, energy=True),
    }
    aimed = {f"{name}: {' x '.join(aim)}": replace(m, aim=aim) for name, m in kinds.items() for aim in AIMS}
    by_gender = {f"{ALIGNED}: gender": Method(ALIGNED, GENDER)}  # its LoRA was trained for no other aim
    return {PLAIN: Method(), ENERGY: Method(energy=True), BALANCED: Method(BALANCED), **by_gender, **aimed}


def best_found(kind: str, aim: tuple[str, ...]) -> dict[str, Any]:
    """The inputs that the search has found on the tuning part; of several axes, those of the last one.

    SystemExit, with the command, where it has not been run: a row of published settings must not bear this name.
    """
    found = json.loads(SEARCHED.read_text(encoding="utf-8")).get("found", {}) if SEARCHED.exists() else {}
    key = f"{kind}: {aim[-1]}"
    if key not in found:
        raise SystemExit(
            f"{kind} has no best settings for {aim[-1]} yet: run python -m fair_attention.benchmarks.search, or leave the "
            "row out by --only"
        )
    return found[key]["inputs"]


@dataclass(frozen=True)
class Prompt:
    """A line of a file of prompts. people: how many it asks for; occupation: of its first group."""

    form: str
    people: int
    occupation: str
    text: str


def read_prompts(file: Path) -> list[Prompt]:
    """form, people, occupation, prompt, separated by tabs; the first line names them."""
    rows = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()[1:] if line.strip()]
    return [Prompt(form, int(people), occupation, text) for form, people, occupation, text in rows]


@dataclass
class Studio:
    """What drawing needs. weights: Block Voting's. steps: of the sampler. learnt: what a method has learnt once, by its key."""

    emoji: sampling.Emoji
    weights: str
    steps: int
    kept: Path
    learnt: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Patched:
    """What is sampled: the text or an encoded positive, and the recording of who was given what, if anything was."""

    model: Any
    text: str
    positive: list | None = None
    attention: Any = None


def patched(studio: Studio, method: Method, prompt: Prompt) -> Patched:
    """The model of one method for one prompt."""
    found = aimed(studio, method, prompt)
    if not method.energy:
        return found
    from ..nodes.soft_iou import FairSoftIoUGuidance

    pairs = ", ".join(f"{concept} ~ {prompt.occupation}" for concept in BOTH)
    guided = FairSoftIoUGuidance.execute(
        found.model, studio.emoji.clip, OWN_TEXT.format(prompt.occupation), pairs, strength=float(LAMBDA)
    )
    return Patched(guided.result[0], found.text, found.positive, found.attention)


def aimed(studio: Studio, method: Method, prompt: Prompt) -> Patched:
    emoji = studio.emoji
    inputs = dict(best_found(method.kind, method.aim) if method.searched else method.inputs)
    if method.kind == PLAIN:
        return Patched(emoji.model, prompt.text)
    if method.kind in LORA_OF:
        return Patched(fine_tuned(studio, method.kind), prompt.text)
    if method.kind == SENTENCE:
        from ..nodes.baselines.ethical_intervention import FairEthicalIntervention

        return Patched(
            emoji.model, FairEthicalIntervention.execute(prompt.text, EI_AXIS[method.aim], **inputs).result[0]
        )
    if method.kind == LAG:
        model, positive, attention = fair_inference(
            emoji, prompt.text, method.aim, rule={"weights": studio.weights}, **inputs
        )
        return Patched(model, prompt.text, positive, attention)
    target = target_of(method.aim)
    if method.kind == SEGA:
        from ..nodes.baselines.fair_diffusion import FairDiffusion

        return Patched(FairDiffusion.execute(emoji.model, emoji.clip, target, **inputs).result[0], prompt.text)
    if method.kind == UCE:
        return Patched(edited(studio, method, target), prompt.text)
    from . import equisteer

    key = EQUISTEER, method.aim
    if key not in studio.learnt:
        studio.learnt[key] = equisteer.learn(emoji, target.attributes, studio.steps)
    return Patched(equisteer.equisteered(emoji, target, studio.learnt[key], studio.steps, **inputs), prompt.text)


def fine_tuned(studio: Studio, kind: str) -> Any:
    """The emoji model with the LoRA of `emoji_world.fine_tune` or `fine_tune_alignment`, as the host's LoraLoader puts it in at 1."""
    import comfy.sd
    import comfy.utils

    if kind not in studio.learnt:
        lora = comfy.utils.load_torch_file(str(LORA_OF[kind]))
        studio.learnt[kind] = comfy.sd.load_lora_for_models(studio.emoji.model, None, lora, 1.0, 0)[0]
    return studio.learnt[kind]


def edited(studio: Studio, method: Method, target: Any) -> Any:
    """UCE with the concepts its loop has found; SystemExit where it has not run (`concepts_found`)."""
    from ..nodes.baselines.concept_editing import FairConceptEditing

    variant = method.inputs["variant"]
    key = UCE, variant, method.aim
    if key not in studio.learnt:
        lines = concepts_found(studio.kept, variant, method.aim)
        studio.learnt[key] = FairConceptEditing.execute(
            studio.emoji.model, studio.emoji.clip, target, lines, **method.inputs
        ).result[0]
    return studio.learnt[key]
