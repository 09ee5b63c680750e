"""Block weights for the emoji world, as `make bench-regions` measured them: max(0, IoU - 0.2), scaled to 1, to the power 16."""

BLOCK_WEIGHTS = {
    "input.1": 0.02,
    "input.2": 0.08,
    "input.4": 0.03,
    "input.5": 0.05,
    "output.6": 0.05,
    "output.7": 0.05,
    "output.8": 0.05,
    "output.9": 0.88,
    "output.10": 0.98,
    "output.11": 1.0,
}
