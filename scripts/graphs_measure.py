"""The workflow that measures photographs, as a graph for draw_workflows.py."""

from .draw import NOTE, Graph
from .graph_parts import (
    CLIP,
    DECODE,
    LATENT,
    LOADER,
    MODEL,
    NEGATIVE,
    PICTURE,
    SAMPLER,
    SAVE,
    graph,
    loaded,
    node,
    note,
    own_model,
    sampled,
)


def measure_photographs() -> Graph:
    """Boxes from the host's detector, a reader from a folder; the detector is bypassed, as a fresh machine has no file for it."""
    nodes = {
        **loaded(8),
        "7": node("CLIPTextEncode", clip=CLIP, text="a photo of two doctors"),
        **sampled(MODEL, ["7", 0]),
        "8": node("UNETLoader", unet_name="choose-your-rt-detr.safetensors", weight_dtype="default"),
        "9": node("RTDETR_detect", model=["8", 0], image=PICTURE, threshold=0.5, class_name="person", max_detections=20),
        "10": node("FairAttributeReader", folder="emoji-world-vit"),
        "11": node("FairReadAttributes", image=PICTURE, reader="emoji world", loaded_reader=["10", 0], bboxes=["9", 0],
                   people="the emoji reader"),
        "12": node("FairBiasMetrics", attributes=["11", 0], axis="gender"),
        "13": node("FairBiasMetrics", attributes=["11", 0], axis="skin tone"),
    }  # fmt: skip
    return graph(
        "Measure photographs",
        note(
            "A model from a folder reads the people. Here it is *emoji-world-vit*, a second reader of the emoji world, in the format that "
            "readers of photographs have.",
            "*Files*: RT-DETR v4 into models/diffusion_models, a classifier's folder into models/fair_readers; its help page (?) names some. "
            "Choose both, switch the purple nodes on (select, Ctrl+B), set *people* to *connected boxes or masks*, *axis* to what it reads.",
            "Look at *labelled* first: who is not boxed is in no number. Do not use it on pictures of real people.",
            own=own_model(),
        ),
        nodes,
        [[NOTE, LOADER, LATENT], ["7", NEGATIVE, SAMPLER, DECODE, SAVE], ["8", "9", "10"], ["11"], ["12"], ["13"]],
        {
            "Model and picture": [LOADER, LATENT], "Sample": ["7", NEGATIVE, SAMPLER, DECODE, SAVE],
            "Your files": ["8", "9", "10"], "Read": ["11"], "Measure": ["12", "13"],
        },
        about="People boxed by a detector, read by a model of yours",
        titles={"7": "Prompt", "8": "Your RT-DETR (bypassed)", "9": "Detect people (bypassed)", "12": "Bias: first axis",
                "13": "Bias: second axis"},
        bypassed=frozenset({"8", "9"}),
        heights={"11": 200},
    )  # fmt: skip


GRAPHS = {"measure-photographs": measure_photographs}
