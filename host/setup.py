"""Everything a fresh machine needs, in the checkout: `.venv` with pinned packages, and a ComfyUI (see hosts.py).

    python3 host/setup.py

Asks nothing, needs no root, writes to the checkout and to FAIR_ATTENTION_CACHE only. What is there already stays:
a second run does nothing. Packages come from wherever pip is configured to look.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import hosts
from hosts import ROOT, SetupError

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "fair-attention.stamp"
HERE = Path(__file__).resolve().parent
SHIM = HERE / "torchvision_cpu.py"
TORCH = "torch==2.13.0"
# Not resolved like the others: their compiled parts ask for a CUDA build of torch, and torchaudio for an older torch.
BESIDE_TORCH = ("torchvision==0.28.0", "torchaudio==2.11.0")
REQUIREMENTS = (HERE / "requirements-host.txt", HERE / "requirements-dev.txt")
INPUTS = (Path(__file__).resolve(), SHIM, *REQUIREMENTS)


def main() -> int:
    """Set up what is missing; 0, or 1 with one clear message."""
    try:
        if sys.version_info < (3, 10):  # noqa: UP036  told here, before pip tells it worse
            raise SetupError(f"Python 3.10 or newer is needed, this is {sys.version.split()[0]} ({sys.executable})")
        hosts.version()
        create_environment()
        if not STAMP.is_file() or STAMP.read_text() != fingerprint():
            install()
            make_importable()
            STAMP.write_text(fingerprint())
        hosts.fetch(PYTHON)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


def fingerprint() -> str:
    """Changes whenever the environment has to be brought up to date: other pins, other recipe, moved checkout."""
    content = b"\0".join([str(ROOT).encode(), *(p.read_bytes() for p in INPUTS)])
    return hashlib.sha256(content).hexdigest()


def create_environment() -> None:
    """An empty `.venv`, unless there is one. Raises SetupError where the system's Python cannot make one."""
    if PYTHON.exists():
        return
    print("Creating .venv", flush=True)
    done = subprocess.run([sys.executable, "-m", "venv", VENV], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SetupError(f"`{sys.executable} -m venv` failed (on Debian: apt install python3-venv).\n{done.stdout}")


def install() -> None:
    """The pinned packages: torch first and plainly, so that the index's own choice of build (CPU, CUDA) stands."""
    print("Installing into .venv, once: torch", flush=True)
    pip(TORCH)
    print("Installing into .venv, once: the packages of ComfyUI, of the tests and of the checks", flush=True)
    pip("--no-deps", *BESIDE_TORCH)
    pip(*(f"--requirement={file}" for file in REQUIREMENTS))
    if run("import torch; raise SystemExit(torch.version.cuda is None)"):
        fit_to_cpu_torch()


def pip(*arguments: str) -> None:
    """`pip install`, quietly. Raises SetupError; pip itself has told on stderr what went wrong."""
    command = [PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-warn-script-location"]
    if subprocess.run([*command, *arguments]).returncode:
        raise SetupError(
            f"pip could not install {' '.join(arguments)} for Python {sys.version.split()[0]} (see above). "
            "Is the package index in reach?"
        )


def run(code: str) -> int:
    """Exit status of a line of Python in the environment."""
    return subprocess.run([PYTHON, "-c", code], stderr=subprocess.DEVNULL).returncode


def fit_to_cpu_torch() -> None:
    """Make torchvision and torchaudio import where torch has no CUDA but they are built for it. Raises SetupError."""
    if run("import torchvision"):
        (packages() / SHIM.name).write_bytes(SHIM.read_bytes())
        (packages() / "torchvision_cpu.pth").write_text(f"import {SHIM.stem}\n")
        if run("import torchvision"):
            raise SetupError("torchvision does not import beside this torch, even with host/torchvision_cpu.py")
    if run("import torchaudio"):
        # Its compiled parts need CUDA libraries; the Python that ComfyUI uses works without them.
        for library in (packages() / "torchaudio" / "lib").glob("*.so"):
            library.unlink()


def make_importable() -> None:
    """Let the checkout be imported as `fair_attention`.

    Through a link of that name, never by the root itself: its folder `nodes` would hide ComfyUI's module `nodes`.
    """
    link = ROOT / ".host" / "python" / "fair_attention"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(Path("..", ".."), target_is_directory=True)
    (packages() / "fair_attention.pth").write_text(f"{link.parent}\n")


def packages() -> Path:
    """The environment's site-packages."""
    return next(VENV.glob("lib/python*/site-packages"))


if __name__ == "__main__":
    sys.exit(main())
