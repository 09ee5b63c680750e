"""Block weights and thresholds for the emoji world. Placeholders, equal for the blocks whose attention training
supervised: `make bench-regions` measures them and writes this file anew.
"""

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
