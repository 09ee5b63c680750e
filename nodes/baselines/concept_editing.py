"""Unified Concept Editing (UCE): the model's projections of the text changed in closed form, as patches on a clone."""

from collections.abc import Callable
from dataclasses import replace

import comfy.lora
import torch
from comfy.model_management import throw_exception_if_processing_interrupted
from comfy_api.latest import io, ui
from torch import Tensor

from ...guidance.baselines.concepts import Concept, check_preserved, parse_concepts
from ...guidance.baselines.occupations import OCCUPATIONS
from ...guidance.baselines.uce import PAPER, REWRITE, VARIANTS, Variant
from ...guidance.baselines.uce_loop import gaps, shares_read
from ...guidance.baselines.uce_rounds import LARGEST_RESIDUAL, Edited, edit_model
from ...metrics.readers import ReadAttributes
from ..sampling.clip_text import encode, prompt_tokens
from ..sampling.conditionings import require_width
from ..sampling.observe import require_cross_attention
from ..types import BASELINES, Attributes, Target, advanced, schema

NODE = "Unified Concept Editing (UCE)"
NOTHING, SHIPPED = "nothing", "occupations"
WORD, PROMPT = "its word (as published)", "its prompt"
AS_VARIANT = -1.0


class FairConceptEditing(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairConceptEditing",
            display_name=NODE,
            category=BASELINES,
            search_aliases=["UCE", "closed form", "model editing", "erase", "debias", "fairness", "baseline", "weights"],
            description="The published baseline that edits the model: how it reads words such as doctor is leaned towards "
            "the attributes of the target, in closed form (Gandikota et al. 2024). Every prompt and picture is affected.",
            inputs=[
                io.Model.Input("model", tooltip="Any model with a Stable Diffusion 1.x, 2.x or SDXL U-Net. Put a LoRA before it or behind "
                               "it; the edit is made of the weights as they come in."),
                io.Clip.Input("clip", tooltip="The CLIP your prompts are encoded with."),
                Target.Input("target", tooltip="From Target Distribution: the attributes, and the shares that are wanted."),
                io.String.Input("concepts", multiline=True, default="doctor | female 0.4, male -0.4",
                                tooltip="What is edited, one a line, and how far it is leaned to each attribute: doctor | female 0.4, male -0.4. "
                                "The numbers come from the command edit_concepts, or are left out where attributes is connected. "
                                "An empty line begins another round. Plurals are words of their own: write doctors too."),
                io.Combo.Input("variant", options=[REWRITE, PAPER], default=REWRITE,
                               tooltip="Both are published. rewrite: the present code, edits the concept's last word. paper era: the code of "
                               "the paper, edits five texts of each concept, from that word to the end of the text."),
                io.Float.Input("strength", default=1.0, min=0.0, max=20.0, step=0.05,
                               tooltip="Times all the numbers above. Too high: the concept itself is lost. 0: exactly the model as it was."),
                io.Combo.Input("preserve", options=[NOTHING, SHIPPED], default=NOTHING,
                               tooltip="What is to stay as it is. nothing: as the rewrite is published. occupations: about a hundred, but for "
                               "those that are edited, as the paper era is (of its own 225)."),
                advanced(io.String.Input(
                    "preserved_concepts", multiline=True, default="", optional=True,
                    tooltip="More texts that are to stay as they are, one a line.",
                )),
                advanced(io.Combo.Input(
                    "attribute_as", options=[WORD, PROMPT], default=WORD, optional=True,
                    tooltip="What stands for an attribute. its word: female, as published. its prompt: person with dark skin, for words "
                    "that mean more than one thing alone.",
                )),
                advanced(io.Float.Input("lam", default=0.5, min=0.001, max=100.0, step=0.01, optional=True,
                                        tooltip="Lambda: how much the weights resist. Higher: everything else changes less, the concept too.")),
                advanced(io.Float.Input("edit_scale", default=1.0, min=0.0, max=100.0, step=0.05, optional=True,
                                        tooltip="What the concepts to edit count in the solution.")),
                advanced(io.Float.Input("preserve_scale", default=AS_VARIANT, min=AS_VARIANT, max=100.0, step=0.05, optional=True,
                                        tooltip="What the concepts to preserve count. -1: as the variant has it, 1 in the rewrite, 0.1 in the paper era.")),
                Attributes.Input("attributes", optional=True,
                                 tooltip="From Read Attributes of pictures of the concepts: one round of the published loop. Concepts without "
                                 "numbers are leaned by what these pictures lack."),
            ],
            outputs=[
                io.Model.Output(display_name="model", tooltip="The edited clone. The loaded model stays as it was."),
                io.String.Output(display_name="report", tooltip="What was edited, how much, and how exactly."),
            ],
        )  # fmt: skip

    @classmethod
    def execute(cls, model, clip, target, concepts, variant=REWRITE, strength=1.0, preserve=NOTHING, preserved_concepts="",
                attribute_as=WORD, lam=0.5, edit_scale=1.0, preserve_scale=AS_VARIANT, attributes=None) -> io.NodeOutput:  # fmt: skip
        require_cross_attention(model, NODE)
        require_width(model, encode(clip, "")[1], NODE)
        settings = replace(VARIANTS[variant], lam=lam, edit=edit_scale)
        settings = replace(settings, preserve=preserve_scale) if preserve_scale != AS_VARIANT else settings
        names = [a.name for a in target.attributes]
        texts = [a.word if attribute_as == WORD else a.prompt for a in target.attributes]
        try:
            rounds = parse_concepts(concepts, names, texts, settings)
            own = tuple(line.strip() for line in preserved_concepts.splitlines() if line.strip())
            check_preserved(rounds, own)
        except ValueError as error:
            raise ValueError(f"{NODE}, concepts: {error}") from None
        rounds = [[with_weights(c, strength, target, attributes, settings) for c in r] for r in rounds]
        edited_texts = {c.text.casefold() for r in rounds for c in r}
        shipped = [o for o in OCCUPATIONS if o not in edited_texts] if preserve == SHIPPED else []
        preserved = [*dict.fromkeys([*shipped, *own])]
        result = edit_model(
            weights_in_force(model),
            rounds,
            preserved,
            encoder(clip),
            settings,
            throw_exception_if_processing_interrupted,
        )
        if not result.residual < LARGEST_RESIDUAL:
            raise ValueError(
                f"{NODE}, lam: {lam:g} leaves the equations without a solution (residual {result.residual:.1e}, at most "
                f"{LARGEST_RESIDUAL:g}); raise lam, or lower strength"
            )
        edited = model.clone()
        edited.add_patches({name: (change,) for name, change in result.changes.items() if change.any()})
        report = describe(result, rounds, preserved, names, settings)
        return io.NodeOutput(edited, report, ui=ui.PreviewText(report))


def with_weights(
    concept: Concept, strength: float, target, attributes: ReadAttributes | None, variant: Variant
) -> Concept:
    """The concept with its weights, times the strength; found from what was read where none are written."""
    weights = concept.weights
    if weights is None and attributes is None:
        raise ValueError(
            f"{NODE}, concepts: {concept.text!r} has no numbers. Write how far it is to be leaned, such as "
            f"'{concept.text} | {target.attributes[0].name} 0.4', or connect attributes read in pictures of it"
        )
    if weights is None:
        read = shares_read([p.labels for image in attributes.images for p in image], target.attributes)
        if read is None:
            raise ValueError(
                f"{NODE}, attributes: nobody in these pictures was read on {target.axis}; connect Read Attributes with a "
                "reader that reads it, of pictures with people in them"
            )
        weights = tuple(variant.step * r for r in gaps(target.shares, read))
    return replace(concept, weights=tuple(strength * w for w in weights))


def weights_in_force(model) -> dict[str, Tensor]:
    """Key -> weight [out,d] in fp32 of every projection of the text, with the patches it has so far (a LoRA, say)."""
    found = {}
    for name, patches in model.get_key_patches("diffusion_model.").items():
        if not name.endswith((".attn2.to_k.weight", ".attn2.to_v.weight")):
            continue
        weight, convert = patches[0]
        weight = convert(weight.to("cpu", torch.float32, copy=True), inplace=True)
        found[name] = comfy.lora.calculate_weight(patches[1:], weight, name)
    return found


def encoder(clip) -> Callable[[str], tuple[Tensor, int]]:
    """text -> (context [L,d], place of its last own token), each text encoded once. ValueError for a text without tokens."""
    known: dict[str, tuple[Tensor, int]] = {}

    def context_of(text: str) -> tuple[Tensor, int]:
        if text not in known:
            places = [place for place, _ in prompt_tokens(clip, text)]
            if not places:
                raise ValueError(f"{NODE}, concepts: {text!r} has no token of its own; write a word")
            known[text] = encode(clip, text)[1][0].double().cpu(), max(places)
        return known[text]

    return context_of


def describe(result: Edited, rounds, preserved: list[str], names: list[str], variant: Variant) -> str:
    lines = [f"UCE, {variant.name}: lambda {variant.lam:g}, edit {variant.edit:g}, preserve {variant.preserve:g}"]
    for number, concepts in enumerate(rounds, 1):
        lines += [f"round {number}:"] if len(rounds) > 1 else []
        for concept in concepts:
            leaned = ", ".join(f"{n} {w:+.3g}" for n, w in zip(names, concept.weights, strict=True))
            lines.append(f"  {concept.text}: {leaned}")
    lines.append(f"{len(preserved)} concepts preserved" if preserved else "nothing preserved")
    lines.append(f"{len(result.changes)} projections changed, by {result.size:.2%} of their size at most")
    lines.append(f"residual of the equations {result.residual:.1e} at most (relative; allowed {LARGEST_RESIDUAL:g})")
    return "\n".join(lines)


NODES = [FairConceptEditing]
