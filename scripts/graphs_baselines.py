"""The workflow of the baselines: the same seeds drawn by every method, side by side, as a graph for draw_workflows.py."""

from .draw import NOTE, Graph
from .graph_parts import (
    CLIP,
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


GRAPHS = {"compare-baselines": compare_baselines}
