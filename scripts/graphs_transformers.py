"""Fair Inference on image transformers (Flux, SD 3.5) with masks, as graphs for draw_workflows.py. They need files of their own."""

from .draw import NOTE, Graph
from .graph_parts import node, target

HUB = "https://huggingface.co"
FLUX_FILES = {
    "1": [("flux1-dev.safetensors", "Comfy-Org/flux1-dev/resolve/main", "diffusion_models")],
    "7": [
        ("clip_l.safetensors", "comfyanonymous/flux_text_encoders/resolve/main", "text_encoders"),
        ("t5xxl_fp16.safetensors", "comfyanonymous/flux_text_encoders/resolve/main", "text_encoders"),
    ],
    "8": [("ae.safetensors", "Comfy-Org/Lumina_Image_2.0_Repackaged/resolve/main/split_files/vae", "vae")],
    "14": [("sam3.1_multiplex_fp16.safetensors", "Comfy-Org/sam3.1/resolve/main/checkpoints", "checkpoints")],
}
SD3_FILES = {
    "1": [
        (
            "sd3.5_medium_incl_clips_t5xxlfp8scaled.safetensors",
            "Comfy-Org/stable-diffusion-3.5-fp8/resolve/main",
            "checkpoints",
        )
    ],
}
SIDE = 1024  # pixels


def files(wanted: dict[str, list[tuple[str, str, str]]]) -> dict[str, list[dict]]:
    """properties.models of each loader, from which the front end offers what is missing."""
    return {
        number: [{"name": name, "url": f"{HUB}/{folder}/{name}", "directory": place} for name, folder, place in listed]
        for number, listed in wanted.items()
    }


def first_files(*paragraphs: str) -> str:
    """The note of a graph that needs files: those first, then what to do and to look at, a paragraph each."""
    return "\n\n".join(["# Files first", *(f"## {text}" for text in paragraphs)])


def sampler(number: str, model: list, positive: list, negative: list, **settings) -> dict[str, dict]:
    given = {"seed": 0, "denoise": 1.0, "sampler_name": "euler", **settings}
    inputs = {"model": model, "positive": positive, "negative": negative, "latent_image": ["3", 0], **given}
    return {number: node("KSampler", **inputs)}


def flux_loaders() -> dict[str, dict]:
    """Model, texts, VAE and the empty latent."""
    return {
        "1": node("UNETLoader", unet_name="flux1-dev.safetensors", weight_dtype="default"),
        "7": node("DualCLIPLoader", clip_name1="clip_l.safetensors", clip_name2="t5xxl_fp16.safetensors", type="flux"),
        "8": node("VAELoader", vae_name="ae.safetensors"),
        "3": node("EmptySD3LatentImage", width=SIDE, height=SIDE, batch_size=1),
    }


def decoded(latent: str, vae: list) -> dict[str, dict]:
    """Before (12, 13) and after (5, 6), of the samplers 11 and 4."""
    return {
        "12": node("VAEDecode", samples=["11", 0], vae=vae),
        "13": node("PreviewImage", images=["12", 0]),
        "5": node("VAEDecode", samples=[latent, 0], vae=vae),
        "6": node("SaveImage", images=["5", 0], filename_prefix="fair"),
        "20": node("FairReport", attention=["19", 1], latent=[latent, 0], image=["5", 0]),
    }


def flux() -> Graph:
    """Sampled plain, its people found by SAM 3, sampled again from the same seed with one mask for each."""
    settings = {"steps": 20, "cfg": 1.0, "scheduler": "simple"}
    nodes = {
        **flux_loaders(),
        "9": node("CLIPTextEncode", clip=["7", 0], text="a photo of two doctors"),
        "10": node("FluxGuidance", conditioning=["9", 0], guidance=3.5),
        "2": node("ConditioningZeroOut", conditioning=["9", 0]),
        **sampler("11", ["1", 0], ["10", 0], ["2", 0], **settings),
        "14": node("CheckpointLoaderSimple", ckpt_name="sam3.1_multiplex_fp16.safetensors"),
        "15": node("CLIPTextEncode", clip=["14", 1], text="person:8"),
        "16": node("SAM3_Detect", model=["14", 0], image=["12", 0], conditioning=["15", 0], individual_masks=True),
        "17": node("MaskPreview", mask=["16", 0]),
        **target("18", "gender"),
        "19": node(
            "FairInference", model=["1", 0], clip=["7", 0], target=["18", 0], masks=["16", 0], strength=2.0,
            steer_by="the attribute alone",
        ),
        **sampler("4", ["19", 0], ["10", 0], ["2", 0], **settings),
        **decoded("4", ["8", 0]),
    }  # fmt: skip
    return Graph(
        "Fair people in Flux",
        first_files(
            "*Flux.1 dev*, its two text encoders and its VAE, and *SAM 3.1*: the loaders name them, the front end offers what is missing.",
            "*Before* is drawn plain, SAM finds its people (*person:8*: at most eight), *After* is the same seed with one mask for each. "
            "*Fair Report* says what each was given, and at which steps.",
            "*strength* is 2 here, not 7: Flux dev has its guidance (3.5) in every prediction. 4 would be *strength* 14 elsewhere.",
            "Masks of yours: paint on *Before* in *Load Image*, connect its mask instead, and set *each_mask* to the separate parts. "
            "One picture at a time: SAM's masks are of one.",
            "*Flux schnell, Z-Image Turbo* (4 to 9 steps): the same, *every* 1. *Qwen-Image, SD 3.5*, cfg 2.5 to 5: strength 4 to 7.",
        ),
        nodes,
        [[NOTE, "1", "3"], ["7", "8", "9", "10", "2", "11"], ["12", "13", "14", "15", "16"], ["17", "18", "4"], ["19", "5", "6"], ["20"]],
        {
            "Model and picture": ["1", "3"], "Texts and VAE": ["7", "8"], "Prompt, and plain": ["9", "10", "2", "11"],
            "Before": ["12", "13"], "Who is there": ["14", "15", "16"], "Who was found": ["17"], "Who becomes what": ["18"],
            "Fair": ["4"], "Steered": ["19"], "After": ["5", "6"], "What was done": ["20"],
        },
        files(FLUX_FILES),
        {"9": "Prompt", "2": "Negative (none)", "11": "KSampler (plain)", "13": "Before", "15": "Whom to find", "6": "After"},
        folded=frozenset({"2", "12", "5"}),
        about="Flux's people found by SAM 3, each made fair",
    )  # fmt: skip


def flux_by_words() -> Graph:
    """People found by their words while Flux samples; the unedited picture of the seed beside the fair one."""
    nodes = {
        **flux_loaders(),
        "9": node("FairLinguisticAlignment", clip=["7", 0], prompt="a photo of two doctors"),
        "10": node("FluxGuidance", conditioning=["9", 1], guidance=3.5),
        "2": node("ConditioningZeroOut", conditioning=["9", 1]),
        "14": node("FairBlockVoting", tokens=["9", 0]),
        **target("18", "gender"),
        "19": node(
            "FairInference", model=["1", 0], clip=["7", 0], target=["18", 0], regions=["14", 0], strength=2.0, preservation="blended",
        ),
        **sampler("4", ["19", 0], ["10", 0], ["2", 0], steps=20, cfg=1.0, scheduler="simple"),
        "5": node("VAEDecode", samples=["4", 0], vae=["8", 0]),
        "6": node("SaveImage", images=["5", 0], filename_prefix="fair"),
        "20": node("FairReport", attention=["19", 1], latent=["4", 0], image=["5", 0]),
        "11": node("FairUneditedLatent", attention=["19", 1], latent=["4", 0]),
        "12": node("VAEDecode", samples=["11", 0], vae=["8", 0]),
        "13": node("PreviewImage", images=["12", 0]),
        "16": node("FairAttentionHeatmaps", attention=["19", 1], latent=["4", 0], image=["5", 0], regions=["14", 0]),
    }  # fmt: skip
    return Graph(
        "Flux: people found by words",
        first_files(
            "*Flux.1 dev*, its two text encoders and its VAE: the loaders name them, the front end offers what is missing.",
            "Nobody is masked: up to *start_percent* the node watches where Flux looks for *doctors*, then it steers each of them. *Before* is "
            "the same seed without it.",
            "*Where it looked* shows the words and the outlines. Nobody found, or too much of the picture: *tau* of *Block Voting*, or fewer blocks "
            "in *custom_weights* (double_blocks.9 1). No real Flux was at hand when this was made.",
            "*strength* is 2 here, not 7: Flux dev has its guidance (3.5) in every prediction.",
            "*Chroma, Qwen-Image, SD 3.5, Lumina 2, Z-Image*: the same nodes with their own loaders. Masks find people more surely: "
            "*Fair people in Flux*.",
        ),
        nodes,
        [[NOTE, "1", "3"], ["7", "8", "9", "10", "2"], ["14", "18", "4"], ["19", "5", "11", "12"], ["13", "6"], ["16", "20"]],
        {
            "Model and picture": ["1", "3"], "Texts and VAE": ["7", "8"], "Prompt": ["9", "10", "2"], "Whom, and what": ["14", "18"],
            "Sample": ["4"], "Steered": ["19", "5", "11", "12"], "Before and after": ["13", "6"], "What was done": ["16", "20"],
        },
        files({number: FLUX_FILES[number] for number in ("1", "7", "8")}),
        {"2": "Negative (none)", "13": "Before", "6": "After", "16": "Where it looked", "12": "VAE Decode (before)"},
        folded=frozenset({"2", "5", "12"}),
        about="Flux looks where its words are, and each is made fair",
    )  # fmt: skip


def sd3() -> Graph:
    """Sampled plain and, from the same seed, with the parts painted in a mask as people."""
    settings = {"steps": 28, "cfg": 4.5, "scheduler": "sgm_uniform"}
    nodes = {
        "1": node("CheckpointLoaderSimple", ckpt_name=SD3_FILES["1"][0][0]),
        "3": node("EmptySD3LatentImage", width=SIDE, height=SIDE, batch_size=1),
        "9": node("CLIPTextEncode", clip=["1", 1], text="a photo of two doctors"),
        "2": node("CLIPTextEncode", clip=["1", 1], text=""),
        **sampler("11", ["1", 0], ["9", 0], ["2", 0], **settings),
        "16": node("LoadImage", image="example.png"),
        **target("18", "gender"),
        "19": node(
            "FairInference", model=["1", 0], clip=["1", 1], target=["18", 0], masks=["16", 1],
            steer_by="the attribute alone", each_mask="one person for each separate part",
        ),
        **sampler("4", ["19", 0], ["9", 0], ["2", 0], **settings),
        **decoded("4", ["1", 2]),
    }  # fmt: skip
    return Graph(
        "Fair people in SD 3.5",
        first_files(
            "*Stable Diffusion 3.5 medium*, with its text encoders in it: *Load Checkpoint* names it, the front end offers it.",
            "Press Run: *Before* and *After* are the same, as nobody is marked yet.",
            "Copy *Before* into *Paint the people here* (right click, Copy Image, then paste on the node), open it in the mask editor, "
            "paint over each person, and leave a gap between them: each separate part is one person. Press Run again.",
            "*Fair Report* says what each was given, and at which steps. Keep seed, size and steps of both samplers alike.",
            "*SD 3, 3.5 large*: the same. *Flux* and others: the workflow *Fair people in Flux*.",
        ),
        nodes,
        [[NOTE, "1", "3"], ["9", "2", "11", "12"], ["13", "16"], ["18", "19"], ["4", "5", "6"], ["20"]],
        {
            "Model and picture": ["1", "3"], "Prompt, and plain": ["9", "2", "11", "12"], "Before": ["13"], "Who is to change": ["16"],
            "Who becomes what": ["18", "19"], "After": ["4", "5", "6"], "What was done": ["20"],
        },
        files(SD3_FILES),
        {"9": "Prompt", "2": "Negative (empty)", "11": "KSampler (plain)", "13": "Before", "16": "Paint the people here", "6": "After"},
        folded=frozenset({"2", "12", "5"}),
        heights={"16": 226},
        about="Paint over people in SD 3.5, and each is made fair",
    )  # fmt: skip


GRAPHS = {"fair-inference-flux": flux, "fair-inference-flux-words": flux_by_words, "fair-inference-sd3": sd3}
