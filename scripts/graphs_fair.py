"""The workflows of attention, Fair Inference and measurement, as graphs for draw_workflows.py."""

from typing import Any

from ..emoji_world.world import DIT_CHECKPOINT
from .draw import NOTE, Graph
from .graph_parts import (
    CLIP,
    DECODE,
    EMOJI_READER,
    LATENT,
    LOADER,
    MODEL,
    NEGATIVE,
    PICTURE,
    SAMPLED,
    SAMPLER,
    SAVE,
    SIZE,
    VAE,
    VOTING,
    graph,
    loaded,
    node,
    note,
    own_model,
    sampled,
    seen,
    target,
)

EMOJI_WEIGHTS = "emoji world (calibrated)"
MODEL_AND_PICTURE = [LOADER, LATENT]


def see_attention() -> Graph:
    text = "a photo of two doctors next to trees"
    nodes = {
        **loaded(2),
        "7": node("PrimitiveStringMultiline", value=text),
        "8": node("CLIPTextEncode", clip=CLIP, text=["7", 0]),
        "9": node("FairAttentionCapture", model=MODEL, clip=CLIP, prompt=["7", 0], words="doctors, trees"),
        **sampled(["9", 0], ["8", 0]),
        **seen("10", "FairAttentionHeatmaps", ["9", 1]),
    }
    return graph(
        "Where each word looks",
        note(
            "*Where it looked* shows, for each picture and word, where the model looked for that word while it drew. "
            "Red is strongest.",
            "Write your own *Prompt*, and into *words* the words to see; empty: all of them.",
            "The pictures are exactly those drawn without *Capture Cross-Attention*. Its *maps* are masks, for any node.",
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", "8", NEGATIVE, "9"], [SAMPLER, DECODE, SAVE], ["10"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Prompt and words": ["7", "8", NEGATIVE, "9"],
            "Sample": [SAMPLER, DECODE, SAVE], "Where it looked": ["10"],
        },
        about="A map of where the model looks for each word",
        titles={"7": "Prompt", "8": "Positive prompt", "10": "Where it looked"},
        heights={"10": 300},
    )  # fmt: skip


def explore_maps() -> Graph:
    text = "a photo of two doctors next to trees and a red car"
    nodes = {
        **loaded(2),
        "7": node("PrimitiveStringMultiline", value=text),
        "8": node("CLIPTextEncode", clip=CLIP, text=["7", 0]),
        "9": node("FairAttentionCapture", model=MODEL, clip=CLIP, prompt=["7", 0]),
        **sampled(["9", 0], ["8", 0]),
        **seen("10", "FairExploreMaps", ["9", 1], words="doctors", threshold=0.4),
        "11": node("MaskPreview", mask=["10", 0]),
        "12": node("PreviewImage", images=["10", 1]),
    }
    return graph(
        "Touch the maps",
        note(
            "*Explore Maps*: point at a place and read which words act there, the strongest first. Press a word: its map. Click "
            "a place: all that is as strong as it is outlined.",
            "Press Run again: the outline is a mask, for any node. Nothing is sampled again.",
            "To compare: record a second sampler (with a LoRA, say) and connect it to *other_attention* and *other_latent*.",
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", "8", NEGATIVE, "9"], [SAMPLER, DECODE, SAVE], ["10"], ["11", "12"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Prompt and words": ["7", "8", NEGATIVE, "9"],
            "Sample": [SAMPLER, DECODE, SAVE], "Explore": ["10"], "What was chosen": ["11", "12"],
        },
        about="Point at a place to see which words act there",
        titles={"7": "Prompt", "8": "Positive prompt", "11": "Mask", "12": "Map and outline"},
    )  # fmt: skip


def fair_people(wanted: list, prompt: str, pictures: int, **fair: Any) -> dict[str, dict]:
    """Alignment, voting, Fair Inference (7, 8, 9), sampler and report (10)."""
    inputs = {"model": MODEL, "clip": CLIP, "target": wanted, "regions": ["8", 0], **fair}
    return {
        **loaded(pictures),
        "7": node("FairLinguisticAlignment", clip=CLIP, prompt=prompt),
        "8": node("FairBlockVoting", tokens=["7", 0], weights=EMOJI_WEIGHTS),
        "9": node("FairInference", **inputs),
        **sampled(["9", 0], ["7", 1]),
        **seen("10", "FairReport", ["9", 1]),
    }


def measured(axis: str, first: int, wanted: list | None = None, reader: str = "emoji world") -> dict[str, dict]:
    """The reader and one Bias-W / Bias-P, ids from `first`."""
    measured = {"attributes": [str(first), 0], "axis": axis, **({"target": wanted} if wanted else {})}
    return {
        str(first): node("FairReadAttributes", image=PICTURE, reader=reader),
        str(first + 1): node("FairBiasMetrics", **measured),
    }


def fair_gender() -> Graph:
    """Before and after, side by side, from one sampling: the template a new user begins with."""
    nodes = {
        **target("14", "gender"),
        **fair_people(["14", 0], "a photo of three pilots", 4, preservation="blended"),
        **seen("11", "FairAttentionHeatmaps", ["9", 1], regions=["8", 0]),
        **measured("gender", 12),
        "15": node("FairUneditedLatent", attention=["9", 1], latent=SAMPLED),
        "16": node("VAEDecode", samples=["15", 0], vae=VAE),
        "17": node("PreviewImage", images=["16", 0]),
    }
    return graph(
        "Before and after",
        note(
            "*Before*: what the model draws by itself; its pilots are men. *After*: the same seed, each pilot given a gender, "
            "half and half. Outside the people nothing has changed.",
            "*Fair Report* says who was found and what each was given, *Bias-W* how unequal the result is: 0 is equal.",
            "Try this first: another prompt, or *skin tone* in *Target Distribution*.",
            own=own_model(every=f"{VOTING} {EMOJI_READER}"),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", NEGATIVE, "14", "8"], ["9", SAMPLER, DECODE, "16", "15"], ["17", "11"], [SAVE, "10"],
         ["12", "13"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Who becomes what": ["7", NEGATIVE, "14", "8"],
            "Sample": ["9", SAMPLER, DECODE, "16", "15"], "Before and after": ["17", "11", SAVE, "10"],
            "How fair it is": ["12", "13"],
        },
        about="The model's own pictures, and each person made fair",
        titles={"17": "Before", SAVE: "After", "16": "VAE Decode (before)", "11": "Where it looked"},
        heights={"17": 160, SAVE: 128, "12": -48},
    )  # fmt: skip


def fair_gender_skin_tone() -> Graph:
    nodes = {
        **target("11", "skin tone"),
        **target("14", "gender", cross_with=["11", 0]),
        **fair_people(["14", 0], "a photo of two judges", 8),
        **measured("gender x skin tone", 12, ["14", 0]),
    }
    return graph(
        "Gender and skin tone together",
        note(
            "Two *Target Distribution* nodes, one wired into the other, give every pair its share: eight pairs here, two of "
            "the sixteen judges each, give or take one.",
            "*Fair Report* says what each was given; *Bias-W* compares all eight pairs at once.",
            alone="pull off the wire *cross_with*, and only gender is made fair.",
            own=own_model(every=f"{VOTING} {EMOJI_READER}"),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", NEGATIVE, "11", "14"], ["8", "9"], [SAMPLER, DECODE, SAVE], ["10"], ["12", "13"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Who becomes what": ["7", NEGATIVE, "11", "14", "8", "9"],
            "Sample": [SAMPLER, DECODE, SAVE], "What was done": ["10"], "How fair it is": ["12", "13"],
        },
        about="Every pair of two attributes gets its share",
        titles={"11": "Target: skin tone", "14": "Target: gender × skin tone"},
        heights={"10": 200, "12": -48},
    )  # fmt: skip


def young_and_old() -> Graph:
    """The transformer of the second world: the same nodes, people found in its joint attention, made fair by age."""
    nodes = {
        "14": node("FairTargetDistribution", preset="own list", attributes="young 1\nold 1", seed=0),
        **fair_people(["14", 0], "a photo of three judges", 4, start_percent=0.2),
        **measured("age", 12, reader="emoji world with age"),
    }
    nodes["8"]["inputs"]["weights"] = "by resolution (SD)"
    nodes[LOADER]["inputs"]["ckpt_name"] = DIT_CHECKPOINT.name
    nodes[LATENT]["inputs"] |= {"width": 2 * SIZE, "height": 2 * SIZE}
    nodes[SAMPLER]["inputs"] |= {"steps": 20, "cfg": 2.0}
    return graph(
        "Young and old, in a transformer",
        note(
            "The model is a transformer in SD 3's layout; its judges are old. *Fair Inference* finds them by their words in the "
            "attention that text and picture share, and gives each an age, half and half. It begins early (*start_percent* 0.2): how old "
            "somebody is this model settles soon.",
            "*Fair Report* says who was found and what each was given, *Bias-W* how unequal the result is: 0 is equal.",
            own=own_model(every="For SD 3.5 itself: *Fair people in SD 3.5*."),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", NEGATIVE, "14"], ["8", "9"], [SAMPLER, DECODE, SAVE], ["10"], ["12", "13"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Who becomes what": ["7", NEGATIVE, "14", "8", "9"],
            "Sample": [SAMPLER, DECODE, SAVE], "What was done": ["10"], "How fair it is": ["12", "13"],
        },
        about="The same nodes on a model like SD 3: each person an age",
        titles={"14": "Target: age"},
        heights={"10": 200, "12": -48},
    )  # fmt: skip


def measure_a_batch() -> Graph:
    nodes = {
        **loaded(12),
        "7": node("CLIPTextEncode", clip=CLIP, text="two teachers"),
        **sampled(MODEL, ["7", 0]),
        "8": node("FairReadAttributes", image=PICTURE, reader="emoji world"),
        "9": node("FairBiasMetrics", attributes=["8", 0], axis="gender"),
        "10": node("FairBiasMetrics", attributes=["8", 0], axis="skin tone"),
    }
    return graph(
        "Measure a batch",
        note(
            "Nothing is changed: twelve pictures as the model draws them, read and measured.",
            "*Read Attributes* boxes each person and writes what it reads; a question mark where it is not sure.",
            "*Bias-W* compares the people of all pictures, *Bias-P* those inside each picture: 0 is equal. The whiskers say where "
            "the truth lies in 95 of 100 studies, *chance* what a fair model would show of so few people. More pictures: shorter "
            "whiskers.",
            own="with SD 1.5, SDXL and fine-tunes alike connect *Load Attribute Reader*: the emoji reader knows emoji people "
            "only, and its answer means nothing on a photograph. Do not use it on people.",
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", NEGATIVE, SAMPLER, DECODE, SAVE], ["8"], ["9"], ["10"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Sample": ["7", NEGATIVE, SAMPLER, DECODE, SAVE], "Read": ["8"],
            "Measure": ["9", "10"],
        },
        about="Who is in the pictures, and how unequal they are",
        titles={"7": "Prompt", "9": "Bias: gender", "10": "Bias: skin tone"},
        heights={"8": 200},
    )  # fmt: skip


def before_and_after() -> Graph:
    """The same seed plain and fair, each sampled and read by itself, compared picture by picture."""
    prompt = "a photo of two pilots"
    nodes = {
        **target("14", "gender"),
        **fair_people(["14", 0], prompt, 12),
        "15": {**sampled(MODEL, ["7", 1])[SAMPLER]},
        "16": node("VAEDecode", samples=["15", 0], vae=VAE),
        "17": node("FairReadAttributes", image=["16", 0], reader="emoji world"),
        "12": node("FairReadAttributes", image=PICTURE, reader="emoji world"),
        "13": node("FairCompareBias", before=["17", 0], after=["12", 0], axis="gender"),
    }  # fmt: skip
    del nodes["10"]
    return graph(
        "Did it help?",
        note(
            "Twelve pictures of the same seed, plain and fair, read and compared in pairs.",
            "*Compare Bias*: the difference of Bias-W, and where it would lie in 95 of 100 such studies. Wholly below 0: fairer, and "
            "not by chance.",
            "Keep seed, steps and size of both samplers alike: pictures are paired by their place.",
            own=own_model(every=f"{VOTING} {EMOJI_READER}"),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", NEGATIVE, "14", "8"], ["9", SAMPLER, DECODE], ["15", "16", "17"], [SAVE, "12"],
         ["13"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Who becomes what": ["7", NEGATIVE, "14", "8"],
            "Sample: fair": ["9", SAMPLER, DECODE], "Before: plain": ["15", "16", "17"], "After: fair": [SAVE, "12"],
            "What changed": ["13"],
        },
        about="Plain and fair from the same seeds: what changed",
        titles={SAVE: "After", "15": "KSampler (plain)", "16": "VAE Decode (plain)", "17": "Read: before", "12": "Read: after"},
        heights={"17": 8, "12": 8, SAVE: 128, "13": 300},
    )  # fmt: skip


def masks_from_another_node() -> Graph:
    """A half-picture mask of core nodes, and the same seed without Fair Inference beside it."""
    half = SIZE // 2
    nodes = {
        **loaded(2),
        "7": node("CLIPTextEncode", clip=CLIP, text="a photo of two pilots"),
        "8": node("SolidMask", value=0.0, width=SIZE, height=SIZE),
        "9": node("SolidMask", value=1.0, width=half, height=SIZE),
        "10": node("MaskComposite", destination=["8", 0], source=["9", 0], x=0, y=0, operation="add"),
        "11": node("MaskPreview", mask=["10", 0]),
        "12": node("FairTargetDistribution", preset="own list", attributes="female 1", seed=0),
        "13": node(
            "FairInference", model=MODEL, clip=CLIP, target=["12", 0], masks=["10", 0], steer_by="the attribute alone"
        ),
        **sampled(["13", 0], ["7", 0]),
        **seen("14", "FairReport", ["13", 1]),
        "15": {**sampled(MODEL, ["7", 0])[SAMPLER]},
        "16": node("VAEDecode", samples=["15", 0], vae=[LOADER, 2]),
        "17": node("PreviewImage", images=["16", 0]),
    }
    return graph(
        "Your masks say who",
        note(
            "Nobody is searched for: a mask says who is to change, one for each person. Here it is the left half, made of core "
            "nodes; a painted mask does as well.",
            "Compare *Plain* with *Fair*: same seed, only the left half was steered towards *female*.",
            "Without *regions* there is no prompt to put the word into: *steer_by* is *the attribute alone*.",
            own=own_model(every="The same in both samplers; masks as large as the picture, the left half half as wide."),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", NEGATIVE, "8", "9", "10", "11"], ["12", "13"], [SAMPLER, DECODE, SAVE],
         ["15", "16", "17"], ["14"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Prompt and mask": ["7", NEGATIVE, "8", "9", "10", "11"],
            "Target": ["12", "13"], "Fair": [SAMPLER, DECODE, SAVE], "Plain, to compare": ["15", "16", "17"],
            "What was done": ["14"],
        },
        about="A mask of yours says who is to change",
        titles={"7": "Prompt", "8": "Empty mask", "9": "The left half", "12": "Target: female", "15": "KSampler (plain)",
                "17": "Plain", SAVE: "Fair"},
        heights={"17": 32, "14": 160},
    )  # fmt: skip


GRAPHS = {
    "fair-inference-gender": fair_gender,
    "see-attention": see_attention,
    "explore-maps": explore_maps,
    "measure-a-batch": measure_a_batch,
    "before-and-after": before_and_after,
    "fair-inference-gender-skin-tone": fair_gender_skin_tone,
    "fair-inference-age": young_and_old,
    "masks-from-another-node": masks_from_another_node,
}
