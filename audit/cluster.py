"""A Ray cluster as a fleet: Ray decides where a worker runs, and says when one is lost."""

import argparse
import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..metrics.study import StudyError
from .places import Embedded, Place
from .worker import Member, Worker, first_line, library

LOOK_AGAIN, BACK_OFF = 2.0, 30.0  # seconds between two looks at the cluster; after a worker that has not started
PATIENCE = 600.0  # seconds without any worker
REFUSALS = 3  # workers that do not start, one after the other, before the cluster is given up
INHERITED = (
    "HOST",
    "COMFYUI_PATH",
    "FAIR_ATTENTION_CACHE",
)  # of the driver, where a worker's machine says nothing else


class Cluster:
    """A fleet of as many workers as the cluster has room for, looked at again and again: machines come and go.

    need: what a worker takes; None: a GPU where there are some, else a CPU. models: a folder that every machine has. most: workers to ask for, whether there is
    room or not, so that a cluster that grows by demand does; None: as many as there is room for.
    """

    def __init__(
        self, address: str, need: Mapping[str, float] | None = None, most: int | None = None, models: Path | None = None
    ):
        self.address, self.need, self.most, self.models = address, dict(need or {}), most, models
        self.starting: dict[Any, Any] = {}  # the call that opens it -> its actor
        self.here: dict[str, Member] = {}
        self.connected = False
        self.number = self.refusals = 0
        self.next_look = self.next_start = 0.0
        self.somebody = time.monotonic()  # when there was a worker last

    def connect(self) -> None:
        if self.connected:
            return
        ray = library()
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told
        own: dict[str, Any] = {"include_dashboard": False} if self.address == "local" else {}
        try:
            ray.init(address=self.address, log_to_driver=False, logging_level="ERROR", **own)
        except Exception as error:  # whatever Ray raises of an address, a version, a network
            raise StudyError(
                f"there is no Ray cluster at {self.address} ({first_line(error)}): start one with `ray start --head`, give the "
                "address that it says, and run this where a machine of the cluster can reach it. One that asks for a token, as Ray's "
                "newer versions do, also wants RAY_AUTH_MODE=token in the environment of this command"
            ) from error
        self.connected = True
        if not self.need:
            self.need = {"GPU": 1.0} if any(r.get("GPU") for r in self.machines()) else {"CPU": 1.0}

    def machines(self) -> list[dict[str, float]]:
        """What each machine that is there has, whoever uses it."""
        return [node["Resources"] for node in library().nodes() if node["Alive"]]

    def room(self) -> int:
        return sum(min(int(has.get(what, 0) // much) for what, much in self.need.items()) for has in self.machines())

    def size(self) -> int:
        self.connect()
        return max(1, self.room() if self.most is None else self.most)

    def described(self) -> Iterator[str]:
        self.connect()
        yield f"Ray cluster {self.address}: machines {len(self.machines())}, room for {self.room()} workers of {said(self.need)}"

    def open(self) -> None:
        self.connect()
        self.somebody = time.monotonic()

    def arrived(self) -> Sequence[Place]:
        now = time.monotonic()
        if now < self.next_look:
            return []
        self.next_look = now + LOOK_AGAIN
        if now >= self.next_start:
            for _ in range(self.size() - len(self.starting) - len(self.here)):
                self._start()
        found = self._started()
        if self.here:
            self.somebody = now
        elif now - self.somebody > PATIENCE:
            raise StudyError(
                f"no worker has come for {PATIENCE:.0f} s, the cluster has room for {self.room()} of {said(self.need)}: add a machine, "
                "or let a worker take less (--worker). What is finished is kept: run the same command to go on"
            )
        return found

    def _start(self) -> None:
        ray, rest = library(), dict(self.need)
        settings = {name: os.environ[name] for name in INHERITED if name in os.environ}
        actor = (
            ray.remote(Worker)
            .options(
                num_cpus=rest.pop("CPU", 0), num_gpus=rest.pop("GPU", 0), resources=rest, scheduling_strategy="SPREAD"
            )
            .remote(partial(Embedded, cpu="GPU" not in self.need, models=self.models), settings)
        )
        self.starting[actor.open.remote()] = actor

    def _started(self) -> list[Place]:
        ray, found = library(), list[Place]()
        if not self.starting:
            return []
        for call in ray.wait(list(self.starting), num_returns=len(self.starting), timeout=0)[0]:
            actor = self.starting.pop(call)
            try:
                why, nodes, about = ray.get(call)
            except ray.exceptions.RayError as error:
                why = first_line(error)
            if why:
                self._refuse(actor, why)
                continue
            self.refusals, self.number = 0, self.number + 1
            member = Member(actor, f"worker {self.number} on {about['machine']}", nodes, about)
            self.here[member.name] = member
            found.append(member)
        return found

    def _refuse(self, actor: Any, why: str) -> None:
        library().kill(actor)
        self.refusals += 1
        self.next_start = time.monotonic() + BACK_OFF
        if self.refusals >= REFUSALS and not self.here:
            raise StudyError(
                f"no worker starts on the Ray cluster: {why}. Every machine needs this checkout, its `make setup`, and Ray"
            )

    def lost(self, place: Place, why: StudyError) -> None:
        self.here.pop(place.name, None)
        place.close()

    def close(self) -> None:
        """Workers have a moment to end their ComfyUI; what is left of them ends with us."""
        if not self.connected:
            return
        ray = library()
        actors = [*self.starting.values(), *(member.actor for member in self.here.values())]
        with contextlib.suppress(ray.exceptions.RayError):
            calls = [actor.close.remote() for actor in actors]
            ray.wait(calls, num_returns=len(calls), timeout=10) if calls else None
        for actor in actors:
            ray.kill(actor)
        ray.shutdown()
        self.connected = False


def needs(text: str) -> dict[str, float]:
    """ "GPU=1,big=0.5" as {"GPU": 1.0, "big": 0.5}."""
    found = {}
    for part in text.split(","):
        name, _, much = part.partition("=")
        try:
            found[name.strip()] = float(much)
        except ValueError:
            found[""] = 0.0
    if any(not name or not 0 < much < 1e6 for name, much in found.items()):
        raise argparse.ArgumentTypeError(f"{text!r} does not say what a worker takes: GPU=1, or CPU=4,big=1")
    return found


def said(need: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {much:g}" for name, much in need.items())
