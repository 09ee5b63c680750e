"""Block weights for the emoji world, as `make bench-regions` measured them: max(0, IoU - 0.2), scaled to 1."""

BLOCK_WEIGHTS = {
    "input.4": 1.0,
    "input.5": 1.0,
    "output.6": 1.0,
    "output.7": 1.0,
    "output.8": 1.0,
    "output.9": 1.0,
    "output.10": 1.0,
    "output.11": 1.0,
}
