"""The workflows of entanglement, energy guidance, the full chain and composition, as graphs for draw_workflows.py."""

from .draw import Graph
from .graph_parts import (
    CFG,
    CLIP,
    DECODE,
    EMOJI_READER,
    LATENT,
    LOADER,
    MODEL,
    NEGATIVE,
    SAMPLER,
    SAVE,
    SD_SETTINGS,
    SD_VOTING,
    VAE,
    decoded,
    graph,
    loaded,
    node,
    note,
    sampled,
    seen,
)  # fmt: skip
from .graphs_fair import EMOJI_WEIGHTS, measured

# BiasMap's own attribution prompt, with a second concept: the wording that benchmarks/entanglement.py measures.
CONCEPTS = "a photo of the face of a doctor and gender and skin tone"
PAIRS = "gender ~ doctor, skin tone ~ doctor"
# Lambda moves a latent by a length, whatever its size: SD's has 16 times as many cells, and is 4 times as long.
STRENGTH = 25
SD_STRENGTH = ", *SoftIoU Energy Guidance* → strength 100"


def recorded(number: str, model: list) -> dict[str, dict]:
    """A capture of the concepts, which need not be words of the sampled prompt, and of a control word."""
    return {
        number: node("FairAttentionCapture", model=model, clip=CLIP, attribution_prompt=CONCEPTS + " next to trees",
                     words="gender, skin tone, doctor, trees")
    }  # fmt: skip


def guided(model: list) -> dict:
    """Energy guidance by the concepts."""
    return node("FairSoftIoUGuidance", model=model, clip=CLIP, attribution_prompt=CONCEPTS, concept_pairs=PAIRS,
                strength=STRENGTH)  # fmt: skip


CONCEPT_WORDS = {"demographic": "gender", "semantic": "doctor", "control": "trees"}


def discover_entanglement() -> Graph:
    nodes = {
        **loaded(4),
        "7": node("CLIPTextEncode", clip=CLIP, text="a photo of two doctors next to trees"),
        **recorded("8", MODEL),
        **sampled(["8", 0], ["7", 0]),
        **seen("9", "FairConceptEntanglement", ["8", 1], **CONCEPT_WORDS),
        "10": node("PreviewAny", source=["9", 2]),
        "11": node("PreviewImage", images=["9", 3]),
        **seen("12", "FairAttentionHeatmaps", ["8", 1]),
    }
    return graph(
        "Discover entanglement: do two concepts share a place?",
        note(
            "*Capture Cross-Attention* asks where the model would look for *gender*, *skin tone*, *doctor* and *trees* "
            "while it draws two doctors; its **attribution_prompt** takes any words, drawn or not.",
            "*Concept Entanglement* marks the strongest 30 % of each concept's map and measures how far the two overlap "
            "(IoU, their shared area divided by their joint area). Chance is 0.176: read it beside that, and beside the control "
            "word's. For the other pair set **demographic** to *skin tone*. Red: the first concept, blue: the second, yellow: both.",
            "The curve shows the same block by block through the U-Net.",
            sd=SD_SETTINGS + ".",
        ),
        nodes,
        [[LOADER, LATENT], ["7", NEGATIVE, "8"], [SAMPLER, DECODE], [SAVE, "12"], ["9"], ["10", "11"]],
        {"Model": (0, 0), "Prompt and concepts": (1, 1), "Sample": (2, 2), "Picture and maps": (3, 3),
         "Entanglement": (4, 5)},
        titles={"7": "Prompt", "10": "Entanglement in words", "11": "Block by block"},
    )  # fmt: skip


def softiou_guidance() -> Graph:
    """Guided and plain from the same seed, both recorded and measured."""
    nodes = {
        **loaded(2),
        "7": node("CLIPTextEncode", clip=CLIP, text="a photo of two doctors next to trees"),
        "8": guided(MODEL),
        **recorded("9", ["8", 0]),
        **sampled(["9", 0], ["7", 0]),
        **seen("10", "FairConceptEntanglement", ["9", 1], **CONCEPT_WORDS),
        **seen("11", "FairReport", ["8", 1]),
        **recorded("12", MODEL),
        "13": sampled(["12", 0], ["7", 0])[SAMPLER],
        "14": node("VAEDecode", samples=["13", 0], vae=VAE),
        "15": node("PreviewImage", images=["14", 0]),
        "16": node("FairConceptEntanglement", attention=["12", 1], latent=["13", 0], image=["14", 0], **CONCEPT_WORDS),
    }
    return graph(
        "SoftIoU energy guidance: pull two concepts apart",
        note(
            "While sampling, *SoftIoU Energy Guidance* moves the latent so that the model looks for *gender* and *doctor* "
            "at different places, and for *skin tone* and *doctor*. *Fair Report* shows the overlap step by step: it may "
            "grow while the picture takes shape. What counts is guided against plain:",
            "compare the two *Concept Entanglement* nodes: guided above, plain below, same seed.",
            "**strength** 0 is exactly the plain picture; much more changes the picture as a whole. "
            "Each gradient lasts for two steps (**every**), up to 60 % of the sampling (**end_percent**).",
            "It makes concepts less entangled. Whether the pictures become fairer is another question: measure it.",
            sd=SD_SETTINGS + SD_STRENGTH + ".",
        ),
        nodes,
        [[LOADER, LATENT, NEGATIVE], ["7", "8"], ["9", SAMPLER], ["12", "13"], [DECODE, SAVE, "14", "15"], ["10", "16"],
         ["11"]],
        {"Model and picture": (0, 0), "Prompt and guidance": (1, 1), "Guided": (2, 2), "Plain, to compare": (3, 3),
         "Pictures": (4, 4), "Entanglement": (5, 5), "What was done": (6, 6)},
        titles={"7": "Prompt", "10": "Entanglement, guided", "16": "Entanglement, plain", "13": "KSampler (plain)",
                "12": "Capture (plain)", "9": "Capture (guided)", "15": "Plain"},
    )  # fmt: skip


def full_chain() -> Graph:
    nodes = {
        **loaded(4),
        "7": node("FairLinguisticAlignment", clip=CLIP, prompt="a photo of three doctors"),
        "8": node("FairTargetDistribution", preset="gender", seed=0),
        "9": node("FairBlockVoting", tokens=["7", 0], weights=EMOJI_WEIGHTS),
        "10": node("FairInference", model=MODEL, clip=CLIP, target=["8", 0], regions=["9", 0]),
        "11": guided(["10", 0]),
        **sampled(["11", 0], ["7", 1]),
        "12": node("PreviewAny", source=["7", 2]),
        **seen("13", "FairReport", ["10", 1]),
        **seen("14", "FairReport", ["11", 1]),
        **seen("15", "FairLocateRegions", ["10", 1], regions=["9", 0]),
        **measured("gender", 16, ["8", 0]),
    }
    return graph(
        "The full chain: alignment, voting, Fair Inference, energy guidance",
        note(
            "*Linguistic Alignment* finds the words that denote people (in words: **Linked**); *Block Voting* says how the "
            "blocks agree on where they are; *Fair Inference* gives each person a gender; *SoftIoU Energy Guidance* "
            "pulls *gender* and *doctor* apart in the same sampling.",
            "*Locate Regions* outlines whom it found, the two reports say what each method did, *Bias-W / Bias-P* measures it.",
            "Set the **strength** of one method to 0 to see what the other does alone.",
            sd=SD_SETTINGS + SD_VOTING + SD_STRENGTH + "." + EMOJI_READER,
        ),
        nodes,
        [[LOADER, LATENT, NEGATIVE], ["7", "12", "8"], ["9", "10"], ["11", SAMPLER, DECODE], [SAVE, "15"], ["13", "14"],
         ["16", "17"]],
        {"Model and picture": (0, 0), "Who, and what they are to be": (1, 1), "Guide and sample": (2, 3),
         "Picture and people": (4, 4), "What was done": (5, 5), "How fair it is": (6, 6)},
        titles={"12": "Linked", "13": "Report: Fair Inference", "14": "Report: energy guidance"},
    )  # fmt: skip


def composed() -> Graph:
    """Custom sampling with a LoRA and a ControlNet, both bypassed: a fresh machine has no files for them."""
    nodes = {
        **loaded(2),
        "7": node("PrimitiveStringMultiline", value="a photo of two pilots next to trees"),
        "8": node("LoraLoader", model=MODEL, clip=CLIP, lora_name="choose-your-lora.safetensors"),
        "9": node("FairLinguisticAlignment", clip=["8", 1], prompt=["7", 0]),
        "10": node("ControlNetLoader", control_net_name="choose-your-controlnet.safetensors"),
        "11": node("ControlNetApplyAdvanced", positive=["9", 1], negative=[NEGATIVE, 0], control_net=["10", 0],
                   strength=0.8),
        "12": node("FairBlockVoting", tokens=["9", 0], weights=EMOJI_WEIGHTS),
        "13": node("FairTargetDistribution", preset="gender", seed=0),
        "14": node("FairInference", model=["8", 0], clip=["8", 1], target=["13", 0], regions=["12", 0]),
        "15": node("FairAttentionCapture", model=["14", 0], clip=["8", 1], prompt=["7", 0], words="pilots, trees"),
        "16": node("CFGGuider", model=["15", 0], positive=["11", 0], negative=["11", 1], cfg=CFG),
        "17": node("RandomNoise", noise_seed=0),
        "18": node("KSamplerSelect", sampler_name="dpmpp_2m"),
        "19": node("BasicScheduler", model=["15", 0], scheduler="karras", steps=25, denoise=1.0),
        SAMPLER: node("SamplerCustomAdvanced", noise=["17", 0], guider=["16", 0], sampler=["18", 0], sigmas=["19", 0],
                      latent_image=[LATENT, 0]),
        **decoded(),
        **seen("20", "FairReport", ["14", 1]),
        **seen("21", "FairAttentionHeatmaps", ["15", 1]),
    }  # fmt: skip
    nodes[NEGATIVE] = node("CLIPTextEncode", clip=["8", 1], text="")
    return graph(
        "Composed: custom sampling, LoRA, ControlNet, Fair Inference",
        note(
            "Fair Inference and a capture of attention patch the model; any sampler, guider, LoRA and ControlNet works on "
            "as before. Here: *SamplerCustomAdvanced* with *CFGGuider*.",
            "The purple nodes, a **LoRA** and a **ControlNet**, are bypassed: they need files of yours. Choose the files, "
            "wire a control picture into *Apply ControlNet*, and switch them on (select, Ctrl+B).",
            "Put LoRA before *Linguistic Alignment* and *Fair Inference*, so that all prompts are encoded by the same CLIP.",
            sd=SD_SETTINGS + SD_VOTING + ".",
        ),
        nodes,
        [[LOADER, "8", "10", LATENT], ["7", "9", NEGATIVE, "11"], ["12", "13", "17"], ["14", "15"],
         ["16", "18", "19", SAMPLER, DECODE], [SAVE], ["20", "21"]],
        {"Model, LoRA, ControlNet": (0, 0), "Prompt": (1, 1), "Who, and what they are to be": (2, 2),
         "Fair Inference and capture": (3, 3), "Sample": (4, 5), "What was done, where it looked": (6, 6)},
        titles={"7": "Prompt", "8": "Your LoRA (bypassed)", "10": "Your ControlNet (bypassed)",
                "11": "Apply ControlNet (bypassed)"},
        bypassed=frozenset({"8", "10", "11"}),
    )  # fmt: skip


GRAPHS = {
    "composed": composed,
    "discover-entanglement": discover_entanglement,
    "softiou-guidance": softiou_guidance,
    "full-chain": full_chain,
}
