"""Core nodes that patch a model, and files of random weights for those that read one."""

import math
from functools import lru_cache
from pathlib import Path
from unittest import mock

import safetensors.torch
import torch

from fair_attention.host import tiny
from fair_attention.tests.host.composition.case import call


def core(kind: str, **settings):
    """A node that takes a model and gives one."""
    return lambda bench, model: call(bench, kind, model=model, **settings)


def models_file(bench, folder: str, name: str, write) -> str:
    """`name`, a file in the host's folder of models, written by write(path) unless it is there."""
    path: Path = bench.host.base / "models" / folder / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
    return name


def lora_file(bench) -> str:
    """Rank 2, on the projections of every attention."""
    weights = bench.model.model.diffusion_model.state_dict()
    generator = torch.Generator().manual_seed(5)
    state = {}
    for key, weight in weights.items():
        if key.endswith(("to_q.weight", "to_v.weight")):
            name = "diffusion_model." + key.removesuffix(".weight")
            out, into = weight.shape
            state[f"{name}.lora_up.weight"] = torch.randn(out, 2, generator=generator)
            state[f"{name}.lora_down.weight"] = torch.randn(2, into, generator=generator) / math.sqrt(into)
    return models_file(bench, "loras", "tiny.safetensors", lambda path: safetensors.torch.save_file(state, path))


def lora(bench, model):
    return call(bench, "LoraLoaderModelOnly", model=model, lora_name=lora_file(bench), strength_model=0.7)


def controlnet(bench):
    from comfy.cldm.cldm import ControlNet

    def write(path: Path) -> None:
        arguments = {k: v for k, v in tiny.UNET.items() if k not in ("out_channels", "transformer_depth_output")}
        generator = torch.Generator().manual_seed(6)
        shapes = ControlNet(hint_channels=3, **arguments).state_dict()
        state = {f"control_model.{k}": tiny.initial(k, v.shape, generator) for k, v in shapes.items()}
        safetensors.torch.save_file(state, path)

    return call(bench, "ControlNetLoader", control_net_name=models_file(bench, "controlnet", "tiny.safetensors", write))


@lru_cache
def other_model(bench):
    name = models_file(bench, "checkpoints", "tiny-other.safetensors", lambda path: tiny.save(path, seed=1))
    return bench.host.nodes.CheckpointLoaderSimple().load_checkpoint(name)[0]


@lru_cache
def merged(bench, model):
    """The host lists all weights anew for each of them, 700 times: here they are listed once."""
    weights = model.model.state_dict()
    with mock.patch.object(model.model, "state_dict", lambda: weights):
        return call(bench, "ModelMergeSimple", model1=model, model2=other_model(bench), ratio=0.6)


def perp_neg_patch(bench, model):
    return call(bench, "PerpNeg", model=model, empty_conditioning=bench.negative, neg_scale=1.0)
