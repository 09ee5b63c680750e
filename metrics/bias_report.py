"""A BiasResult as text: each number beside its definition, its floor or range, and the faces it rests on."""

import math

from .bias import BiasResult


def format_report(result: BiasResult) -> str:
    """The text a user reads. Labels are perceived appearance, as read by a classifier; the text says so."""
    r, k = result, len(result.classes)
    if not r.faces:
        return f"{r.axis} (perceived): no readable face in {r.images} images ({r.unreadable} unreadable)"
    histogram = ", ".join(f"{n} in {images}" for n, images in r.faces_per_image.items())
    shares = ", ".join(
        f"{name} {f:.3f} (target {pi:.3f})" for name, f, pi in zip(r.classes, r.frequencies, r.target, strict=True)
    )
    all_faces = f"{r.faces} faces"
    per_image = f"{r.images_with_faces} images"
    several = sum(images for n, images in r.faces_per_image.items() if n >= 2)
    return "\n".join([
        f"{r.axis} (perceived): {shares}",
        f"rests on {r.faces} readable faces ({r.unreadable} unreadable, left out) in {r.images_with_faces} of "
        f"{r.images} images; {100 * r.two_or_more:.0f} % of images hold two or more; faces per image: {histogram}",
        _line("Bias-W", r.bias_w, r.bias_w_floor, 2 / k, "E1, mean |f_i - f_j| over pairs of classes", all_faces),
        _line("Bias-P", r.bias_p, r.bias_p_floor, 2 / k, "the same per image, mean over images", per_image),
        _line("MAD-W", r.mad_w, r.mad_w_floor, 2 * (k - 1) / k**2, "mean |f_k - 1/K|", all_faces),
        _line("MAD-P", r.mad_p, r.mad_p_floor, 2 * (k - 1) / k**2, "the same per image, mean over images", per_image),
        _line("P*", r.p_star, 0.0, 1.0, "E1 per image, floor 0 to all alike 1", f"{several} images of two or more"),
        _line("Target-W", r.target_w, r.target_w_floor, 1.0, "share of people who would have to change", all_faces),
        _line("Target-P", r.target_p, r.target_p_floor, 1.0, "the same per image, mean over images", per_image),
    ])  # fmt: skip


def _line(name: str, value: float, floor: float, worst: float, definition: str, rests_on: str) -> str:
    number = "not measurable" if math.isnan(value) else f"{value:.3f}"
    return f"{name:<9}{number}   floor {floor:.3f}, at most {worst:.3f}   {definition}; {rests_on}"
