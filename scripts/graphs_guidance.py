"""The workflows of entanglement, energy guidance, the full chain and composition, as graphs for draw_workflows.py."""

from .draw import NOTE, Graph
from .graph_parts import (
    CFG,
    CLIP,
    DECODE,
    EMOJI_READER,
    LATENT,
    MODEL,
    NEGATIVE,
    SAMPLER,
    SAVE,
    VAE,
    VOTING,
    decoded,
    graph,
    loaded,
    node,
    note,
    own_model,
    sampled,
    seen,
    target,
)
from .graphs_fair import EMOJI_WEIGHTS, MODEL_AND_PICTURE, measured

# BiasMap's own attribution prompt, with a second concept: the wording that benchmarks/entanglement.py measures.
CONCEPTS = "a photo of the face of a doctor and gender and skin tone"
PAIRS = "gender ~ doctor, skin tone ~ doctor"
# Lambda moves a latent by a length, whatever its size: SD's has 16 times as many cells, and is 4 times as long. Cell by
# cell 25 is what 100 is there; it takes 39 % of gender's overlap with the occupation away, 45 takes 48 % (benchmarks/entanglement.py).
STRENGTH = 45
STRENGTHS = {f"sd{family}": f"*SoftIoU* → strength {value}" for family, value in (("15", 100), ("xl", 200))}


def recorded(number: str, model: list) -> dict[str, dict]:
    """A capture of the concepts, which need not be words of the sampled prompt, and of a control word."""
    return {
        number: node("FairAttentionCapture", model=model, clip=CLIP, attribution_prompt=CONCEPTS + " next to trees",
                     words="gender, skin tone, doctor, trees")
    }  # fmt: skip


def guided(model: list, **kw) -> dict:
    """Energy guidance by the concepts."""
    given = {"strength": STRENGTH, **kw}
    return node(
        "FairSoftIoUGuidance", model=model, clip=CLIP, attribution_prompt=CONCEPTS, concept_pairs=PAIRS, **given
    )


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
        "Do two concepts share a place?",
        note(
            "*Capture Cross-Attention* records where the model would look for *gender*, *skin tone*, *doctor* and *trees* "
            "while it draws two doctors. Its *attribution_prompt* takes any words, drawn or not.",
            "*Concept Entanglement*: the first concept's places red, the second's blue, both yellow. IoU is how far they "
            "overlap. Read it beside chance (0.176) and beside the control word *trees*.",
            "The other pair: write *skin tone* into *demographic*.",
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", NEGATIVE, "8"], [SAMPLER, DECODE, SAVE], ["12"], ["9"], ["10", "11"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Prompt and concepts": ["7", NEGATIVE, "8"],
            "Sample": [SAMPLER, DECODE, SAVE], "Where it looked": ["12"], "Entanglement": ["9", "10", "11"],
        },
        about="How far the places of two concepts overlap, beside chance",
        titles={"7": "Prompt", "10": "Entanglement in words", "11": "Block by block"},
        heights={"12": 200, "9": 60, "10": 120},
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
        **seen("11", "FairReport", ["8", 1], plain_attention=["17", 1], plain_latent=["13", 0]),
        "17": guided(MODEL, strength=0, measure=True),
        **recorded("12", ["17", 0]),
        "13": sampled(["12", 0], ["7", 0])[SAMPLER],
        "14": node("VAEDecode", samples=["13", 0], vae=VAE),
        "15": node("PreviewImage", images=["14", 0]),
        "16": node("FairConceptEntanglement", attention=["12", 1], latent=["13", 0], image=["14", 0], **CONCEPT_WORDS),
    }
    return graph(
        "Pull two concepts apart",
        note(
            "While sampling, the picture is moved so that the model looks for *gender* and *doctor* at different places, and "
            "for *skin tone* and *doctor*.",
            "Compare the two *Entanglement* nodes, guided and plain: same seed. *Fair Report* shows the overlap step by step; "
            "thin, the plain run's (by the folded node).",
            "Whether the pictures become fairer is another question: measure it.",
            alone="*strength* 0 is exactly the plain picture.",
            own=own_model(**STRENGTHS),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", NEGATIVE, "8", SAMPLER], ["9", DECODE, "11"], ["17", "12", "13", "14"], [SAVE, "10"],
         ["15", "16"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Prompt and guidance": ["7", NEGATIVE, "8", SAMPLER],
            "Guided": ["9", DECODE, "11"], "Plain, to compare": ["17", "12", "13", "14"], "Guided, result": [SAVE, "10"],
            "Plain, result": ["15", "16"],
        },
        about="While sampling, beside the plain run of the same seed",
        titles={"7": "Prompt", "10": "Entanglement, guided", "16": "Entanglement, plain", "13": "KSampler (plain)",
                "12": "Capture (plain)", "9": "Capture (guided)", "15": "Plain", SAVE: "Guided"},
        heights={"15": 32},
        folded=frozenset({"17"}),
    )  # fmt: skip


def full_chain() -> Graph:
    nodes = {
        **loaded(4),
        "7": node("FairLinguisticAlignment", clip=CLIP, prompt="a photo of three doctors"),
        **target("8", "gender"),
        "9": node("FairBlockVoting", tokens=["7", 0], weights=EMOJI_WEIGHTS),
        "10": node("FairInference", model=MODEL, clip=CLIP, target=["8", 0], regions=["9", 0]),
        "11": guided(["10", 0]),
        **sampled(["11", 0], ["7", 1]),
        **seen("13", "FairReport", ["10", 1]),
        "18": guided(["10", 0], strength=0, measure=True),
        "19": sampled(["18", 0], ["7", 1])[SAMPLER],
        **seen("14", "FairReport", ["11", 1], plain_attention=["18", 1], plain_latent=["19", 0]),
        **seen("15", "FairLocateRegions", ["10", 1], regions=["9", 0]),
        **measured("gender", 16, ["8", 0]),
    }
    return graph(
        "The full chain",
        note(
            "*Fair Inference* gives each person a gender; *SoftIoU Energy Guidance* pulls *gender* and *doctor* apart in the "
            "same sampling.",
            "*Locate Regions* outlines whom it found. The reports say what each method did, *Bias-W* measures it. Thin in "
            "the energy's curve: the run without it.",
            alone="set the *strength* of the other to 0. Both at 0: the plain picture.",
            own=own_model(**STRENGTHS, every=f"{VOTING} {EMOJI_READER}"),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", NEGATIVE, "8", "9"], ["18", "10", "11"], ["19", SAMPLER, DECODE, SAVE, "15"], ["13", "14"],
         ["16", "17"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Who becomes what": ["7", NEGATIVE, "8", "9"],
            "Guide": ["18", "10", "11"], "Sample": ["19", SAMPLER, DECODE, SAVE, "15"], "What was done": ["13", "14"],
            "How fair it is": ["16", "17"],
        },
        about="Words, people, fairness, energy and reports in one graph",
        titles={"13": "Report: Fair Inference", "14": "Report: energy guidance", "18": "Energy measured only",
                "19": "Without energy"},
        folded=frozenset({"18", "19"}),
        heights={"15": -36, SAVE: -80, "16": -48},
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
        **target("13", "gender"),
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
        "With LoRA and ControlNet",
        note(
            "*Fair Inference* works beside any sampler, guider, LoRA and ControlNet. Here: *SamplerCustomAdvanced*.",
            "The purple nodes are bypassed: they need files of yours. Choose them, wire a control picture into *Apply "
            "ControlNet*, switch them on (select, Ctrl+B).",
            "LoRA comes before *Linguistic Alignment* and *Fair Inference*.",
            alone="*strength* 0 in *Fair Inference* is the plain picture.",
            own=own_model(every=VOTING),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["8", "10", "7", "9", NEGATIVE, "11"], ["12", "13", "17", "16"], ["14", "15"],
         ["18", "19", SAMPLER, DECODE, "21"], [SAVE, "20"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Prompt and your files": ["8", "10", "7", "9", NEGATIVE, "11"],
            "Who becomes what": ["12", "13"], "Noise and guider": ["17", "16"], "Fair, and recorded": ["14", "15"],
            "Sample": ["18", "19", SAMPLER, DECODE], "Where it looked": ["21"], "What was done": [SAVE, "20"],
        },
        about="Fair Inference beside what you use already",
        titles={"7": "Prompt", "8": "Your LoRA (bypassed)", "10": "Your ControlNet (bypassed)",
                "11": "Apply ControlNet (bypassed)"},
        bypassed=frozenset({"8", "10", "11"}),
        heights={SAVE: 60},
    )  # fmt: skip


GRAPHS = {
    "discover-entanglement": discover_entanglement,
    "softiou-guidance": softiou_guidance,
    "full-chain": full_chain,
    "composed": composed,
}
