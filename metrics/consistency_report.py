"""All numbers of how much is kept, pair by pair, and as sentences with intervals over pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from .consistency import WINDOW, psnr, ssim
from .encoders import Encoder, frechet_distance, similarity
from .perceptual import lpips_distance
from .resampling import mean_interval

IDENTICAL = 100.0  # dB that stand for a picture without any difference


@dataclass(frozen=True)
class Measured:
    """values: name -> a number for each pair of pictures. frechet: encoder -> distance of the two sets; fewer than two: none."""

    pictures: int
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    frechet: Mapping[str, float] = field(default_factory=dict)
    unchanged: int = 0

    def mean(self, name: str) -> float:
        """nan where it was not measured, or for no picture."""
        found = self.values.get(name, np.array([np.nan]))
        found = found[~np.isnan(found)]
        return float(found.mean()) if len(found) else float("nan")


def same_size(image: Tensor, reference: Tensor, mask: Tensor | None) -> None:
    """ValueError, naming the input, where pictures cannot be compared."""
    if image.dim() != 4 or reference.dim() != 4 or image.shape[:3] != reference.shape[:3]:
        sizes = [
            f"{len(x)} of {x.shape[2]} x {x.shape[1]}" if x.dim() == 4 else "no batch of pictures"
            for x in (image, reference)
        ]
        raise ValueError(
            f"reference: image has {sizes[0]}, reference {sizes[1]}; give as many pictures of the same size"
        )
    if min(image.shape[-1], reference.shape[-1]) < 3:
        raise ValueError("image: pictures need three colours; convert grey ones to RGB")
    if min(image.shape[1:3]) < WINDOW:
        raise ValueError(
            f"image: {image.shape[2]} x {image.shape[1]} is too small; give {WINDOW} pixels or more a side"
        )
    if mask is not None and (
        mask.shape[-2:] != image.shape[1:3] or (mask.dim() == 3 and len(mask) not in (1, len(image)))
    ):
        raise ValueError(
            f"mask: {list(mask.shape)} does not fit {len(image)} pictures of {image.shape[2]} x {image.shape[1]}; give one mask "
            "of that size, or one for each picture"
        )


def measure(
    image: Tensor,
    reference: Tensor,
    mask: Tensor | None = None,
    encoders: Mapping[str, Encoder] | None = None,
    network=None,
) -> Measured:
    """image, reference [B,H,W,3] in 0 ... 1, in pairs. mask [H,W] or [B,H,W], 1 at the people. network: LPIPS."""
    a, b = image[..., :3], reference[..., :3]
    decibels = psnr(a, b)
    values = {"PSNR": decibels.clamp_max(IDENTICAL), "SSIM": ssim(a, b)}
    if mask is not None:
        outside = 1 - mask.clamp(0, 1)
        values["PSNR outside the mask"] = psnr(a, b, outside).clamp_max(IDENTICAL)
        values["SSIM outside the mask"] = ssim(a, b, outside)
    if network is not None:
        values["LPIPS"] = lpips_distance(network, a, b)
    frechet = {}
    for name, encode in (encoders or {}).items():
        one, other = encode(a), encode(b)
        values[name] = similarity(one, other)
        if len(a) > 1:
            frechet[name] = frechet_distance(one, other)
    numbers = {name: found.double().cpu().numpy() for name, found in values.items()}
    return Measured(len(a), numbers, frechet, int(decibels.isinf().sum()))


SAYS = {
    "PSNR": ("dB, more is more alike", 0.0, IDENTICAL),
    "SSIM": ("1: alike in structure", -1.0, 1.0),
    "LPIPS": ("0: looks alike", 0.0, np.inf),
}


def format_consistency(found: Measured, backbone: str = "") -> str:
    lines = [
        f"{found.pictures} pairs of pictures, {found.unchanged} of them without any difference (as {IDENTICAL:.0f} dB)"
    ]
    for name, values in found.values.items():
        says, least, most = SAYS.get(name.split(" ")[0], ("cosine of the encoder's vectors, 1: alike", -1.0, 1.0))
        known = values[~np.isnan(values)]
        if not len(known):
            lines.append(f"{name}: not measurable, the mask covers everything")
            continue
        shown = f"{name} ({backbone})" if name == "LPIPS" else name
        low, high = (
            mean_interval(known, np.zeros(len(known), int), least, most) if len(known) > 1 and np.ptp(known) else (0, 0)
        )
        spread = f" (95 %: {low:.3f} to {high:.3f})" if high > low else ""
        rests = "" if len(known) == found.pictures else f", {len(known)} pairs"
        lines.append(f"{shown}: {known.mean():.3f}{spread}; {says}{rests}")
    for name, distance in found.frechet.items():
        lines.append(
            f"Fréchet distance over the vectors of {name}: {distance:.4f}; 0: the two sets are alike. Not FID, which is of Inception's "
            f"vectors; {found.pictures} pictures of each, and few pictures give too large a distance"
        )
    return "\n".join(lines)
