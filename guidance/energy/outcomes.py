"""What became of each image's gradient, in words for the report."""

from torch import Tensor

GUIDED, FLAT = "guided", "no gradient (at or below chance)"
MEASURED = "measured only, as strength is 0"
STEEP, BROKEN = "gradient too long (skip rule)", "gradient not finite"


def outcomes(gradient: Tensor, used: Tensor) -> tuple[str, ...]:
    """What became of each image's gradient [B,...]."""
    flat = gradient.flatten(1)
    rows = zip(used.tolist(), flat.isfinite().all(1).tolist(), flat.any(1).tolist(), strict=True)
    return tuple(BROKEN if not finite else FLAT if not any_ else GUIDED if u else STEEP for u, finite, any_ in rows)
