"""Pictures as vectors, and how alike they are: CLIP-I, DINO-I, and the Fréchet distance of two sets.

An encoder turns pictures [B,H,W,3] in 0 ... 1 into one vector each [B,D]. A number is named after its encoder: it means nothing
beside the number of another.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

Encoder = Callable[[Tensor], Tensor]
AT_ONCE = 16  # pictures


def similarity(image: Tensor, reference: Tensor) -> Tensor:
    """cos(a, b) = a . b / (|a| |b|) of each pair of vectors.   [B,D], [B,D] -> [B], -1 ... 1

    With CLIP's image vectors this is CLIP-I, with DINO's [CLS] vectors DINO-I (DreamBooth, CVPR 2023).
    """
    return torch.nn.functional.cosine_similarity(image.double(), reference.double(), dim=-1)


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), with means and covariances of two sets of vectors.   [N,D], [M,D] -> 0 ...

    With X the vectors less their mean, C = X^T X / (n - 1), and tr (C1 C2)^(1/2) is the sum of the singular values of
    X1 X2^T / sqrt((n - 1) (m - 1)): exact also where there are fewer pictures than dimensions. Few pictures give too large
    a distance. It is the FID where the encoder is Inception, and only there (Heusel et al., 2017). ValueError for fewer than two vectors.
    """
    if min(len(one), len(other)) < 2:
        raise ValueError(f"sets of {len(one)} and {len(other)} pictures have no spread: give two or more of each")
    means, spread = [x.double().mean(0) for x in (one, other)], []
    for x, mean in zip((one, other), means, strict=True):
        spread.append((x.double() - mean) / (len(x) - 1) ** 0.5)
    both = torch.linalg.svdvals(spread[0] @ spread[1].T).sum()
    distance = ((means[0] - means[1]) ** 2).sum() + sum((x**2).sum() for x in spread) - 2 * both
    return float(distance.clamp_min(0))


def folder_encoder(folder: Path, device: torch.device | str = "cpu") -> Encoder:
    """The encoder in a folder of `transformers`: its projected image vector where it has one (CLIP, SigLIP), else [CLS] (DINO).

    Local files only. ValueError says which file is missing or what cannot be loaded.
    """
    for name, what in (
        ("config.json", "the model's description"),
        ("preprocessor_config.json", "how it wants pictures"),
    ):
        if not (folder / name).is_file():
            raise ValueError(f"{folder.name} has no {name} ({what}): put all files of the model into {folder}")
    if not [*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")]:
        raise ValueError(f"{folder.name} has no weights: put model.safetensors of the model into {folder}")
    from transformers import AutoImageProcessor, AutoModel

    try:
        processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
        model = AutoModel.from_pretrained(folder, local_files_only=True).to(device).eval()
    except Exception as error:  # of many kinds, all of which mean that these files are no model
        raise ValueError(
            f"{folder.name} cannot be loaded ({error}): download the model's files again into {folder}"
        ) from error
    projected = hasattr(model, "text_model")  # of a pair of encoders only the pictures' half
    pictures = model.get_image_features if projected else model

    @torch.no_grad()
    def encode(images: Tensor) -> Tensor:
        vectors = []
        for part in images[..., :3].split(AT_ONCE):
            values = processor(images=list((part.clamp(0, 1) * 255).round().byte().cpu().numpy()), return_tensors="pt")
            out = pictures(pixel_values=values["pixel_values"].to(device))
            vectors.append(vector(out, projected).float().cpu())
        return torch.cat(vectors)

    return encode


def vector(out, projected: bool) -> Tensor:
    """One vector a picture, or a text, of what a model of `transformers` gives.   -> [B,D]

    projected: `out` is of get_image_features or get_text_features, whose projected vectors older versions give by themselves.
    """
    if isinstance(out, Tensor):
        return out
    if projected:
        return out.pooler_output
    if getattr(out, "image_embeds", None) is not None:
        return out.image_embeds
    tokens = getattr(out, "last_hidden_state", None)
    return tokens[:, 0] if tokens is not None and tokens.dim() == 3 else out.pooler_output.flatten(1)
