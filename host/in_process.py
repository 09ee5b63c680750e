"""A ComfyUI made importable in this process: the trainer and the reports run its own U-Net, tokenizer and samplers."""

import sys

from . import hosts


def use_host(*arguments: str) -> None:
    """Put the ComfyUI tree first on sys.path and parse its arguments, before anything imports `comfy`.

    Raises `hosts.SetupError` where there is none: `make setup` fetches it.
    """
    if "comfy" in sys.modules:
        return
    import torch

    sys.path.insert(0, str(hosts.tree()))
    command, sys.argv = sys.argv, ["main.py", *([] if torch.cuda.is_available() else ["--cpu"]), *arguments]
    import comfy.options

    comfy.options.enable_args_parsing()
    import comfy.cli_args  # noqa: F401  parsed here, while our arguments are in place

    sys.argv = command
