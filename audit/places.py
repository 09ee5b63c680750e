"""Where cells are run: a ComfyUI that runs already, or one of our own, started here and always stopped again."""

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ..metrics.study import StudyError
from .client import Answer, Client, Unreachable

RESTARTS = 5  # of a ComfyUI of our own


class Place(Protocol):
    """Something that runs prompts. Its `runner` belongs to one thread; the other methods are called by the main one."""

    name: str
    at_once: int  # cells: one that is drawn, and one that waits, so that a graphics card never does

    def open(self) -> None:
        """Have it answer, or StudyError."""

    def info(self) -> Mapping[str, Any]:
        """Every node class it knows."""

    def about(self) -> dict[str, Any]:
        """Versions and devices."""

    def runner(self) -> "Runner": ...

    def revive(self) -> bool:
        """After it has not answered: whether it does again. False: not yet. StudyError: never more."""

    def close(self) -> None: ...


class Runner(Protocol):
    def execute(self, prompt: dict, record: str, keep: int, stopped: Callable[[], bool]) -> Answer:
        """Raises Failed, Unreachable, Stopped."""

    def close(self) -> None: ...


class Running:
    """A ComfyUI at a URL, which somebody else has started."""

    at_once = 2

    def __init__(self, url: str, patience: float = 600):
        self.name = self.url = url.rstrip("/")
        self.patience = patience
        self.gone_since: float | None = None

    def open(self) -> None:
        try:
            self.get("/queue")
        except Unreachable as error:
            raise StudyError(
                f"no ComfyUI answers at {self.name} ({error}): start it there, or check the address"
            ) from error

    def get(self, path: str) -> Any:
        client = Client(self.url)
        try:
            return client.get(path)
        finally:
            client.close()

    def info(self) -> Mapping[str, Any]:
        try:
            return self.get("/object_info")
        except Unreachable as error:
            raise StudyError(f"{self.name} does not say which nodes it has ({error})") from error

    def about(self) -> dict[str, Any]:
        try:
            found = self.get("/system_stats")
            return {
                "server": self.name, "comfyui": str(found["system"].get("comfyui_version", "")),
                "torch": str(found["system"].get("pytorch_version", "")), "devices": [str(d["name"]) for d in found["devices"]],
            }  # fmt: skip
        except (Unreachable, KeyError, TypeError):
            return {"server": self.name, "comfyui": "", "torch": "", "devices": []}

    def runner(self) -> Client:
        return Client(self.url)

    def revive(self) -> bool:
        self.gone_since = self.gone_since or time.monotonic()
        try:
            self.get("/queue")
        except Unreachable:
            if time.monotonic() - self.gone_since > self.patience:
                raise StudyError(f"{self.name} has not answered for {self.patience:.0f} s") from None
            return False
        self.gone_since = None
        return True

    def close(self) -> None: ...


class Embedded(Running):
    """The pack's own ComfyUI (`make setup`, or COMFYUI_PATH), headless, in a folder of the study; its URL is known once it is open."""

    def __init__(self, folder: Path, cpu: bool | None = None):
        super().__init__(f"embedded {folder.name}")
        self.folder, self.cpu, self.stack, self.starts = folder, cpu, contextlib.ExitStack(), 0

    def open(self) -> None:
        from ..host.hosts import SetupError
        from ..host.server import HostError, running

        if self.cpu is None:
            import torch

            self.cpu = not torch.cuda.is_available()
        self.starts += 1
        try:
            self.url = self.stack.enter_context(running(self.folder, cpu=self.cpu)).url
        except (HostError, SetupError, OSError) as error:
            raise StudyError(f"the embedded ComfyUI does not start: {error}") from error

    def about(self) -> dict[str, Any]:
        from ..emoji_world.world import CHECKPOINT

        return {**super().about(), "embedded model": CHECKPOINT.name, "sha256": sha256(CHECKPOINT)}

    def revive(self) -> bool:
        with contextlib.suppress(Unreachable):  # one of its threads has said so before
            self.get("/queue")
            return True
        if self.starts > RESTARTS:
            raise StudyError(
                f"the embedded ComfyUI has ended {self.starts} times; its log is {self.folder / 'server.log'}"
            )
        self.close()
        self.open()
        return True

    def close(self) -> None:
        self.stack.close()


def sha256(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        digest = hashlib.sha256()
        while part := file.read(2**20):
            digest.update(part)
    return digest.hexdigest()
