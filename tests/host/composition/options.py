"""What the host is started with, as its own code reads it: flags of its arguments, and the attention it chose."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import comfy.ldm.modules.attention as attention
from comfy.cli_args import args
from comfy.model_patcher import ModelPatcher


@contextmanager
def replaced(owner, **values) -> Iterator[None]:
    before = {name: getattr(owner, name) for name in values}
    try:
        for name, value in values.items():
            setattr(owner, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


def loaded_with(flag: str):
    """The checkpoint as the stock loader loads it under a flag such as fp16_unet."""

    @lru_cache
    def load(bench):
        with replaced(args, **{flag: True}):
            return bench.host.nodes.CheckpointLoaderSimple().load_checkpoint("tiny.safetensors")[0]

    return load


def attention_of(function: str):
    """The host chooses a function at import by its flags, and everybody looks it up in this module."""

    def around():
        chosen = getattr(attention, function)
        return replaced(attention, optimized_attention=chosen, optimized_attention_masked=chosen)

    return around


def little_memory():
    """As --lowvram on a full card: nearly no weight is loaded, each is cast (and patched) when its layer runs."""
    load = ModelPatcher.load

    def sparing(self, device_to=None, lowvram_model_memory=0, **settings):
        return load(self, device_to, lowvram_model_memory=1024, **settings)

    return replaced(ModelPatcher, load=sparing)
