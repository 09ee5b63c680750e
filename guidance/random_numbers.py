"""The global random numbers, left as they were."""

from contextlib import contextmanager

import torch


@contextmanager
def same_random_numbers_after(device: torch.device):
    """Leave the global random numbers as they were.

    Samplers, and other packs inside a forward, draw from them.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield
