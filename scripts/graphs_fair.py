"""The workflows of attention, Fair Inference and measurement, as graphs for draw_workflows.py."""

from typing import Any

from .draw import Graph
from .graph_parts import (
    CLIP,
    DECODE,
    EMOJI_READER,
    LATENT,
    LOADER,
    MODEL,
    NEGATIVE,
    PICTURE,
    SAMPLER,
    SAVE,
    SD_SETTINGS,
    SD_VOTING,
    SIZE,
    graph,
    loaded,
    node,
    note,
    sampled,
    seen,
)  # fmt: skip

EMOJI_WEIGHTS = "emoji world (calibrated)"


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
        "See where the model looks for each word",
        note(
            "*Cross-Attention Heatmaps* shows, for each picture and each word, where the model looked for that word "
            "while it drew: red is strongest.",
            "Write your own prompt into **Prompt**, and into *words* the words of it you want to see (empty: all).",
            "The pictures are bit for bit those of the same graph without *Capture Cross-Attention*.",
            "The *maps* output gives the same as masks, for any node that takes a mask.",
        ),
        nodes,
        [[LOADER, LATENT], ["7", "8", NEGATIVE], ["9", SAMPLER], [DECODE, SAVE], ["10"]],
        {"Model": (0, 0), "Prompt": (1, 1), "Record and sample": (2, 2), "Picture": (3, 3), "Where it looked": (4, 4)},
        titles={"7": "Prompt", "8": "Positive prompt"},
    )


def fair_people(target: list, prompt: str, pictures: int, **fair: Any) -> dict[str, dict]:
    """Alignment, voting, Fair Inference (7, 8, 9), sampler and report (10)."""
    inputs = {"model": MODEL, "clip": CLIP, "target": target, "regions": ["8", 0], **fair}
    return {
        **loaded(pictures),
        "7": node("FairLinguisticAlignment", clip=CLIP, prompt=prompt),
        "8": node("FairBlockVoting", tokens=["7", 0], weights=EMOJI_WEIGHTS),
        "9": node("FairInference", **inputs),
        **sampled(["9", 0], ["7", 1]),
        **seen("10", "FairReport", ["9", 1]),
    }


def measured(axis: str, first: int, target: list | None = None) -> dict[str, dict]:
    """The reader and one Bias-W / Bias-P, ids from `first`."""
    measured = {"attributes": [str(first), 0], "axis": axis, **({"target": target} if target else {})}
    return {
        str(first): node("FairReadAttributes", image=PICTURE, reader="emoji world"),
        str(first + 1): node("FairBiasMetrics", **measured),
    }


FAIR_GROUPS = {
    "Model and picture": (0, 0), "Who, and what they are to be": (1, 1), "Sample": (2, 3),
    "What was done": (4, 4), "How fair it is": (5, 5),
}  # fmt: skip


def fair_gender() -> Graph:
    nodes = {
        "14": node("FairTargetDistribution", preset="gender", seed=0),
        **fair_people(["14", 0], "a photo of three pilots", 8),
        **seen("11", "FairAttentionHeatmaps", ["9", 1], regions=["8", 0]),
        **measured("gender", 12),
    }
    return graph(
        "Fair Inference: gender",
        note(
            "The model by itself draws pilots as men. Here every pilot of the eight pictures is given a gender, half and "
            "half over all of them, inside that pilot's own outline.",
            "*Fair Report* shows whom it found and what each was given; *Bias-W / Bias-P* how fair the result is (0: equal).",
            "Set *Fair Inference* → **strength** to 0 for the pictures as the model draws them: same seed, same places.",
            "*Target Distribution* has more sets (skin tone, race, age), or takes your own list with your own shares.",
            sd=SD_SETTINGS + SD_VOTING + "." + EMOJI_READER,
        ),
        nodes,
        [[LOADER, LATENT, NEGATIVE], ["7", "14"], ["8", "9"], [SAMPLER, DECODE, SAVE], ["10", "11"], ["12", "13"]],
        FAIR_GROUPS,
    )


def fair_gender_skin_tone() -> Graph:
    nodes = {
        "11": node("FairTargetDistribution", preset="skin tone", seed=0),
        "14": node("FairTargetDistribution", preset="gender", seed=0, cross_with=["11", 0]),
        **fair_people(["14", 0], "a photo of two judges", 8),
        **measured("gender x skin tone", 12, ["14", 0]),
    }
    return graph(
        "Fair Inference: gender crossed with skin tone",
        note(
            "Two *Target Distribution* nodes, one wired into the other, give every pair (female and dark, male and tan, "
            "…) its share: here eight pairs, two of the 16 judges of eight pictures each, give or take one.",
            "*Fair Report* shows whom it found and what each was given.",
            "*Bias-W / Bias-P* compares all eight pairs at once; with the target wired in, also with what you asked for.",
            "Other shares: choose *own list* in a target and write them, as in `female 3` and `male 1`.",
            sd=SD_SETTINGS + SD_VOTING + "." + EMOJI_READER,
        ),
        nodes,
        [[LOADER, LATENT, NEGATIVE], ["7", "11", "14"], ["8", "9"], [SAMPLER, DECODE, SAVE], ["10"], ["12", "13"]],
        FAIR_GROUPS,
        titles={"11": "Target: skin tone", "14": "Target: gender × skin tone"},
    )


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
        "Measure the bias of a batch",
        note(
            "No node changes anything here: twelve pictures as the model draws them, read and measured.",
            "*Read Attributes* boxes each person and writes what it reads; what it is not sure of stays open.",
            "*Bias-W* compares the people of all pictures, *Bias-P* those inside each picture. 0: equal; the most there "
            "is depends on the number of classes. The floor is what so few faces allow at best.",
            "Other pictures of the emoji world can be measured too: wire them into *Read Attributes*.",
            sd="*Read Attributes* reads emoji people only. On a photograph its answer means nothing: do not use it on people.",
        ),
        nodes,
        [[LOADER, LATENT], ["7", NEGATIVE], [SAMPLER], [DECODE, SAVE], ["8"], ["9", "10"]],
        {"Model": (0, 0), "Prompt": (1, 1), "Sample": (2, 3), "Read": (4, 4), "Measure": (5, 5)},
        titles={"7": "Prompt", "9": "Bias: gender", "10": "Bias: skin tone"},
    )


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
        "Masks from another node steer Fair Inference",
        note(
            "Here nobody is searched for: a mask says who is to change, one mask for one person. It is the left half, "
            "made of core nodes; a segmentation node or a painted mask does as well.",
            "Compare **Plain** with **Save Image**: same seed, and only the left half was steered towards *female*.",
            "The mask is in pixels of the picture, and used for every picture of the batch.",
            "With a mask and no **regions** there is no prompt to say the attribute in: **steer_by** is *the attribute alone*.",
            sd=SD_SETTINGS + " in both samplers, the two masks 512 high, 512 and 256 wide.",
        ),
        nodes,
        [[LOADER, LATENT, NEGATIVE], ["8", "9", "10"], ["11", "12", "7"], ["13", SAMPLER, DECODE], [SAVE, "14"],
         ["15", "16", "17"]],
        {"Model and picture": (0, 0), "Mask and target": (1, 2), "Fair": (3, 4), "Plain, to compare": (5, 5)},
        titles={"7": "Prompt", "8": "Empty mask", "9": "The left half", "12": "Target: female", "15": "KSampler (plain)",
                "17": "Plain"},
    )  # fmt: skip


GRAPHS = {
    "see-attention": see_attention,
    "fair-inference-gender": fair_gender,
    "fair-inference-gender-skin-tone": fair_gender_skin_tone,
    "measure-a-batch": measure_a_batch,
    "masks-from-another-node": masks_from_another_node,
}
