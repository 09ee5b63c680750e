"""The workflows of the baselines: the same seeds by every method, and plain beside a fine-tune, as graphs for draw_workflows.py."""

from ..emoji_world.world import BALANCED_LORA
from .draw import NOTE, Graph
from .graph_parts import (
    CLIP,
    EMOJI_READER,
    MODEL,
    NEGATIVE,
    SAMPLER,
    VAE,
    VOTING,
    graph,
    loaded,
    node,
    note,
    own_model,
    sampled,
    target,
)
from .graphs_fair import EMOJI_WEIGHTS, MODEL_AND_PICTURE

PROMPT = "a photo of three pilots"
# As `edit_concepts` finds them on the emoji world, where pilots are men: leaned to female, by the gap of the first round.
CONCEPTS = "pilot | female 0.4, male -0.4\npilots | female 0.4, male -0.4"


def drawn(number: int, model: list, positive: list) -> dict[str, dict]:
    """Sampler, decoder and preview of one method, ids from `number`: the same settings for each."""
    sampler, decode, preview = (str(number + i) for i in range(3))
    return {
        sampler: sampled(model, positive)[SAMPLER],
        decode: node("VAEDecode", samples=[sampler, 0], vae=VAE),
        preview: node("PreviewImage", images=[decode, 0]),
    }


def compare_baselines() -> Graph:
    nodes = {
        **loaded(3),
        "7": node("PrimitiveStringMultiline", value=PROMPT),
        "8": node("CLIPTextEncode", clip=CLIP, text=["7", 0]),
        **target("9", "gender"),
        "10": node("FairEthicalIntervention", prompt=["7", 0]),
        "11": node("CLIPTextEncode", clip=CLIP, text=["10", 0]),
        "12": node("FairDiffusion", model=MODEL, clip=CLIP, target=["9", 0]),
        "13": node("FairConceptEditing", model=MODEL, clip=CLIP, target=["9", 0], concepts=CONCEPTS),
        "14": node("FairLinguisticAlignment", clip=CLIP, prompt=["7", 0]),
        "15": node("FairBlockVoting", tokens=["14", 0], weights=EMOJI_WEIGHTS),
        "16": node("FairInference", model=MODEL, clip=CLIP, target=["9", 0], regions=["15", 0]),
        **drawn(20, MODEL, ["8", 0]),
        **drawn(23, MODEL, ["11", 0]),
        **drawn(26, ["12", 0], ["8", 0]),
        **drawn(29, ["13", 0], ["8", 0]),
        **drawn(32, ["16", 0], ["14", 1]),
        "34": node("SaveImage", images=["33", 0], filename_prefix="fair"),
        "35": node("FairReport", attention=["16", 1], latent=["32", 0], image=["33", 0]),
    }
    samplers = [str(n) for n in (20, 23, 26, 29, 32)]
    decoders = [str(n + 1) for n in (20, 23, 26, 29, 32)]
    return graph(
        "Baselines side by side",
        note(
            "The same seeds by five methods. *Plain*: as the model draws. *SD-EI*: a sentence in the prompt. *Fair Diffusion*: each "
            "picture as a whole. *UCE*: the model edited. *Fair Inference*: person by person.",
            "Only *Fair Inference* gives the people of **one** picture different attributes. *SD-EI* says words that the emoji world "
            "does not know.",
            alone="the other samplers are folded: open one (double click) to change its settings, the same in all five.",
            own=own_model(every=f"The same in all samplers. {VOTING}"),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", "10", "14", "15", "8", "11", NEGATIVE, "9"], ["12", "13"], ["16", *samplers, *decoders],
         ["22", "25", "28"], ["31", "34", "35"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Prompt and target": ["7", "10", "14", "15", "8", "11", NEGATIVE, "9"],
            "Methods": ["12", "13", "16", *samplers, *decoders], "Side by side": ["22", "25", "28", "31", "34", "35"],
        },
        about="Plain, SD-EI, Fair Diffusion, UCE, Fair Inference",
        titles={"7": "Prompt", "8": "Prompt, encoded", "11": "SD-EI's prompt, encoded", "20": "KSampler: plain", "23": "KSampler: SD-EI",
                "26": "KSampler: Fair Diffusion", "29": "KSampler: UCE", "32": "KSampler: Fair Inference", "22": "Plain", "25": "SD-EI",
                "28": "Fair Diffusion", "31": "UCE", "34": "Fair Inference"},
        heights={"31": -10, "34": -10, "35": -108},
        folded=frozenset({"8", "11", "14", "15", *samplers}),
    )  # fmt: skip


def compare_fine_tune() -> Graph:
    """Plain beside a LoRA. Each has its own texts: a debiasing LoRA may change the text encoder as well."""
    lora = "9"
    read = {"reader": "emoji world"}
    nodes = {
        **loaded(12),
        "7": node("PrimitiveStringMultiline", value="a photo of two pilots"),
        "8": node("CLIPTextEncode", clip=CLIP, text=["7", 0]),
        lora: node(
            "LoraLoader", model=MODEL, clip=CLIP, lora_name=BALANCED_LORA.name, strength_model=1.0, strength_clip=1.0
        ),
        "10": node("CLIPTextEncode", clip=[lora, 1], text=["7", 0]),
        "11": node("CLIPTextEncode", clip=[lora, 1], text=""),
        **drawn(20, MODEL, ["8", 0]),
        **drawn(23, [lora, 0], ["10", 0]),
        "25": node("SaveImage", images=["24", 0], filename_prefix="fair"),
        "26": node("FairReadAttributes", image=["21", 0], **read),
        "27": node("FairReadAttributes", image=["24", 0], **read),
        "28": node("FairBiasMetrics", attributes=["26", 0], axis="gender"),
        "29": node("FairBiasMetrics", attributes=["27", 0], axis="gender"),
    }
    del nodes["22"]
    nodes["23"]["inputs"]["negative"] = ["11", 0]
    return graph(
        "Plain beside a fine-tune",
        note(
            "A debiasing LoRA of your own: choose it in *Load LoRA*. The one chosen is the emoji world's, fine-tuned on pictures in which "
            "every gender and skin tone is as frequent.",
            "The same seeds, plain and fine-tuned, read and measured: *Bias-W* over all pictures, *Bias-P* inside each, 0 is equal. "
            "A fine-tune moves the first; nobody tells it who stands in one picture.",
            "It has learnt from six occupations: try *two judges*, which it has not seen.",
            own=own_model(every=f"The same in both samplers. {EMOJI_READER}"),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", "8", NEGATIVE, "20", "21"], [lora, "10", "11", "23", "24", "25"], ["26", "27"], ["28", "29"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Plain": ["7", "8", NEGATIVE, "20", "21"],
            "Fine-tuned": [lora, "10", "11", "23", "24", "25"], "Read": ["26", "27"], "Measure": ["28", "29"],
        },
        about="Plain and by a debiasing LoRA, read and measured",
        titles={"7": "Prompt", "8": "Prompt, encoded", lora: "Load LoRA: yours", "10": "Prompt, encoded by its CLIP",
                "11": "Negative, by its CLIP", "20": "KSampler: plain", "23": "KSampler: fine-tuned", "25": "Fine-tuned",
                "26": "Read: plain", "27": "Read: fine-tuned", "28": "Bias: plain", "29": "Bias: fine-tuned"},
        heights={"26": -30, "27": -30, "28": -20, "29": -20},
        folded=frozenset({"8", "10", "11"}),
    )  # fmt: skip


GRAPHS = {"compare-baselines": compare_baselines, "compare-fine-tune": compare_fine_tune}
