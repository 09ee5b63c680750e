"""Where cells are run: a ComfyUI that runs already, or one of our own, started here and always stopped again."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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


class Fleet(Protocol):
    """All the places of a run. Called by the main thread alone."""

    def size(self) -> int:
        """How many there are, or will be."""

    def described(self) -> Iterator[str]:
        """A line for each that can be asked without being started."""

    def open(self) -> None:
        """Have them answer, or StudyError."""

    def arrived(self) -> Sequence[Place]:
        """Open places nobody has been told of yet. StudyError: none is left, and none will come."""

    def lost(self, place: Place, why: StudyError) -> None:
        """A place has ended for good. Raises StudyError where that ends the run."""

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
    """The pack's own ComfyUI (`make setup`, or COMFYUI_PATH), headless, in a folder of the study; its URL is known once it is open.

    models: a folder laid out as a ComfyUI's models, beside the embedded ones.
    """

    def __init__(self, folder: Path, cpu: bool | None = None, models: Path | None = None):
        super().__init__(f"embedded {folder.name}")
        self.folder, self.cpu, self.models, self.stack, self.starts = folder, cpu, models, contextlib.ExitStack(), 0

    def open(self) -> None:
        from ..host.hosts import SetupError
        from ..host.server import HostError, running

        if self.cpu is None:
            import torch

            self.cpu = not torch.cuda.is_available()
        self.starts += 1
        try:
            self.url = self.stack.enter_context(running(self.folder, self.cpu, self._more_models())).url
        except (HostError, SetupError, OSError) as error:
            raise StudyError(f"the embedded ComfyUI does not start: {error}") from error

    def runner(self) -> Client:
        return Client(self.url, forget=True)

    def _more_models(self) -> tuple[str, ...]:
        """What the host is started with, so that it looks for models there too."""
        if self.models is None:
            return ()
        if not self.models.is_dir():
            raise StudyError(
                f"--models: there is no folder {self.models}; name one with checkpoints, loras and so on in it"
            )
        kinds = {kind.name: kind.name for kind in sorted(self.models.iterdir()) if kind.is_dir()}
        self.folder.mkdir(parents=True, exist_ok=True)
        paths = self.folder / "models.yaml"  # JSON is YAML
        paths.write_text(json.dumps({"audit": {"base_path": str(self.models.resolve()), **kinds}}), encoding="utf-8")
        return "--extra-model-paths-config", str(paths.resolve())

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


class Fixed:
    """A fleet whose places are known from the start."""

    def __init__(self, places: Sequence[Place]):
        self.places = list(places)
        self.alive, self.told = list(places), False

    def size(self) -> int:
        return len(self.places)

    def described(self) -> Iterator[str]:
        for place in self.places:
            if not isinstance(place, Embedded):
                place.open()
                about = place.about()
                yield f"{place.name}: ComfyUI {about['comfyui']}, {', '.join(about['devices'])}"

    def open(self) -> None:
        for place in self.places:
            place.open()

    def arrived(self) -> Sequence[Place]:
        new = [] if self.told else self.places
        self.told = True
        return new

    def lost(self, place: Place, why: StudyError) -> None:
        self.alive.remove(place)
        if not self.alive:
            raise StudyError(
                f"{why}; no server is left. What is finished is kept: run the same command to go on"
            ) from why

    def close(self) -> None:
        with contextlib.ExitStack() as stack:
            for place in self.places:
                stack.callback(place.close)


def sha256(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        digest = hashlib.sha256()
        while part := file.read(2**20):
            digest.update(part)
    return digest.hexdigest()
