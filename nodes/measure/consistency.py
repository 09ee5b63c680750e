"""Image Consistency: how much of the reference pictures is kept."""

from pathlib import Path

import folder_paths
from comfy import model_management
from comfy_api.latest import io

from ...metrics.consistency_report import Measured, format_consistency, measure, same_size
from ...metrics.encoders import Encoder, folder_encoder
from ...metrics.perceptual import BACKBONES, load_lpips
from ..types import MEASURE, schema

NODE, FOLDERS, NONE = "Image Consistency", "fair_encoders", "none"
folder_paths.add_model_folder_path(FOLDERS, str(Path(folder_paths.models_dir, FOLDERS)))


def places() -> list[Path]:
    """Folders of encoders, also those of extra_model_paths.yaml."""
    return [Path(place) for place in folder_paths.get_folder_paths(FOLDERS)]


def encoders() -> list[str]:
    """Names of the folders below that hold something."""
    return sorted(
        {f.name for place in places() if place.is_dir() for f in place.iterdir() if f.is_dir() and any(f.iterdir())}
    )


def of_folder(name: str) -> Encoder:
    found = next((place / name for place in places() if (place / name).is_dir()), None)
    if found is None:
        raise ValueError(
            f"{NODE}, encoder: there is no folder {name!r}; put the model's files into {places()[0] / name}, or choose none"
        )
    try:
        return folder_encoder(found, model_management.get_torch_device())
    except ValueError as error:
        raise ValueError(f"{NODE}, encoder: {error}") from error


def of_socket(clip_vision, socket: str) -> tuple[str, Encoder]:
    """(name, encoder) of a CLIP_VISION: a CLIP's projected vector, a DINO's [CLS]."""
    kind = type(clip_vision.model).__name__  # 0.3.75 keeps no other name of it
    dino = kind.lower().startswith("dino")
    if (socket == "dino") != dino:
        other, right = ("dino", "a DINOv2") if socket == "dino" else ("clip_vision", "a CLIP or SigLIP")
        raise ValueError(f"{NODE}, {other}: this is a {kind}; connect {right} from Load CLIP Vision")

    def encode(images):
        out = clip_vision.encode_image(images[..., :3])
        return out["last_hidden_state"][:, 0] if dino else out["image_embeds"]

    return ("DINO-I" if dino else "CLIP-I"), encode


def lpips_network(name: str):
    files = [place / BACKBONES[name] for place in places()]
    try:
        found = next((f for f in files if f.is_file()), None)
        return load_lpips(name, found, places()[0], model_management.get_torch_device())
    except ValueError as error:
        raise ValueError(f"{NODE}, lpips: {error}") from error


class FairImageConsistency(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairImageConsistency",
            display_name="Image Consistency",
            category=MEASURE,
            search_aliases=["PSNR", "SSIM", "LPIPS", "CLIP-I", "DINO-I", "FID", "Frechet", "similarity", "preservation"],
            description="How much of the plain pictures is kept, pair by pair: PSNR and SSIM at once; LPIPS, CLIP-I, DINO-I and Fréchet "
            "distances with the models you have.",
            inputs=[
                io.Image.Input("image", tooltip="The changed pictures."),
                io.Image.Input("reference", tooltip="The plain pictures of the same seeds, in the same order and size."),
                io.Mask.Input("mask", optional=True, tooltip="The people: PSNR and SSIM are also measured outside of it. One for all pictures, or one each."),
                io.ClipVision.Input("clip_vision", optional=True, tooltip="From Load CLIP Vision: CLIP-I, how alike the pictures are in meaning."),
                io.ClipVision.Input("dino", optional=True, tooltip="From Load CLIP Vision, a DINOv2: DINO-I, how alike they are in what is shown."),
                io.Combo.Input("encoder", options=[NONE, *encoders()], default=NONE, tooltip="A folder under models/fair_encoders with a transformers image encoder (a DINO ViT-S/16, say): one more similarity, named after the folder."),
                io.Combo.Input("lpips", options=["off", *BACKBONES], default="off", tooltip="LPIPS with this network. Needs the package lpips and torchvision's file of the network in models/fair_encoders."),
            ],
            outputs=[
                io.Float.Output(display_name="PSNR", tooltip="In dB, mean over pictures; higher is more alike. Pictures without any difference count 100."),
                io.Float.Output(display_name="SSIM", tooltip="1: alike in structure."),
                io.Float.Output(display_name="LPIPS", tooltip="0: looks alike. Not measured: nan."),
                io.Float.Output(display_name="CLIP-I", tooltip="1: alike in meaning. Not measured: nan."),
                io.Float.Output(display_name="DINO-I", tooltip="1: the same things shown. Not measured: nan."),
                io.String.Output(display_name="report", tooltip="All numbers in words, with their intervals."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(
        cls, image, reference, mask=None, clip_vision=None, dino=None, encoder=NONE, lpips="off"
    ) -> io.NodeOutput:
        try:
            same_size(image, reference, mask)
        except ValueError as error:
            raise ValueError(f"{NODE}, {error}") from error
        chosen = [of_socket(m, s) for m, s in ((clip_vision, "clip_vision"), (dino, "dino")) if m is not None]
        chosen += [(encoder, of_folder(encoder))] if encoder != NONE else []
        network = lpips_network(lpips) if lpips != "off" else None
        found: Measured = measure(image, reference, mask, dict(chosen), network)
        text = format_consistency(found, lpips)
        numbers = (found.mean(name) for name in ("PSNR", "SSIM", "LPIPS", "CLIP-I", "DINO-I"))
        return io.NodeOutput(*numbers, text, ui={"text": (text,)})


NODES = [FairImageConsistency]
