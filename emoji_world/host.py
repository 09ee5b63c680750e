"""A ComfyUI tree, found and importable: the trainer and the reports run the host's own U-Net, tokenizer and samplers."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def use_host(*arguments: str) -> Path:
    """Put the ComfyUI tree first on sys.path and parse its arguments, before anything imports `comfy`.

    The tree is COMFYUI_PATH, else the newest one `make setup` has unpacked. Raises FileNotFoundError without either.
    """
    cache = Path(os.environ.get("FAIR_ATTENTION_CACHE", ROOT / ".host"))
    tree = Path(os.environ.get("COMFYUI_PATH", cache / "comfyui-0.30.0"))
    if not (tree / "comfy").is_dir():
        raise FileNotFoundError(f"no ComfyUI at {tree}: run `make setup`, or set COMFYUI_PATH to a ComfyUI folder")
    if "comfy" not in sys.modules:
        import torch

        sys.path.insert(0, str(tree))
        command, sys.argv = sys.argv, ["main.py", *([] if torch.cuda.is_available() else ["--cpu"]), *arguments]
        import comfy.options

        comfy.options.enable_args_parsing()
        import comfy.cli_args  # noqa: F401  parsed here, while our arguments are in place

        sys.argv = command
    return tree
