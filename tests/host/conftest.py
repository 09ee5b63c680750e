"""The real ComfyUI, in this process: which one, host/hosts.py says (HOST, COMFYUI_PATH).

The tree and its arguments are in place as soon as this file is imported, so test modules may `import comfy.samplers`
and the like at their top; what takes seconds waits for the fixture `host`.
"""

import asyncio
import gc
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from fair_attention.host import hosts, server, tiny
from fair_attention.host.in_process import use_host
from fair_attention.tests.host import executor
from fair_attention.tests.host.conditions import Bench

FOLDER = tempfile.TemporaryDirectory(prefix="fair-attention-")
BASE = server.furnish(Path(FOLDER.name))


# A later import of `comfy` would parse pytest's arguments. The newest host computes attention as it does with a GPU, in two
# thirds of the time; the oldest as it does without one.
ATTENTION = ("--use-pytorch-cross-attention",) if hosts.version() == hosts.NEWEST else ()
use_host("--cpu", *ATTENTION, "--base-directory", str(BASE))


def pytest_collection_modifyitems(items):
    """Everything in this folder is a host test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.host)


@pytest.fixture(autouse=True)
def inference_mode():
    """As the host's executor runs every node."""
    with torch.inference_mode():
        yield


@pytest.fixture(scope="session")
def host() -> SimpleNamespace:
    """The host's modules (nodes, comfy, folder_paths, execution), its nodes and ours loaded by its own loader; it knows the
    tiny models.

    `pack` is this pack as the host has imported it: not the same module objects as `import fair_attention` gives.
    """
    import comfy
    import comfy.sample
    import execution
    import folder_paths
    import nodes

    asyncio.run(nodes.init_extra_nodes(init_custom_nodes=True, init_api_nodes=False))
    if "fair-attention" not in nodes.LOADED_MODULE_DIRS:
        pytest.fail("the host could not import this pack; its log is below", pytrace=False)
    tiny.register()
    pack = sys.modules[str(BASE / "custom_nodes" / "fair-attention").replace(".", "_x_")]
    # The host collects garbage before each sampling once a patched clone of a clone has gone, as many do here. Its 600,000
    # objects stay anyway: looking through them took longer than sampling.
    gc.collect()
    gc.freeze()
    return SimpleNamespace(
        nodes=nodes, comfy=comfy, folder_paths=folder_paths, execution=execution, pack=pack, base=BASE
    )


@pytest.fixture(scope="session")
def tiny_name(host) -> str:
    """File name of the tiny checkpoint, as CheckpointLoaderSimple wants it."""
    return tiny.save(BASE / "models" / "checkpoints" / "tiny.safetensors").name


@pytest.fixture(scope="session")
def tiny_checkpoint(host, tiny_name):
    """(MODEL, CLIP, VAE) of the tiny checkpoint, through the stock loader."""
    with torch.inference_mode():
        return host.nodes.CheckpointLoaderSimple().load_checkpoint(tiny_name)


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint) -> Bench:
    return Bench(host, tiny_checkpoint)


@pytest.fixture(scope="module")
def setting(bench) -> SimpleNamespace:
    """tokens, conditioning and regions of the bench's prompt, and the plain picture of seed 3."""
    with torch.inference_mode():
        tokens, positive = bench.align()
        return SimpleNamespace(
            tokens=tokens, positive=positive, regions=bench.regions(tokens), plain=bench.sample(bench.model, positive)
        )


@pytest.fixture
def run_prompt(host):
    """Execute a prompt (API format) as the host's queue does; see executor.Run. One cache per test, as per server."""
    return executor.prompt_runner(host)
