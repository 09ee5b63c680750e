"""A headless ComfyUI on loopback, started for one purpose and always stopped again.

with running(Path("output/demo/host")) as server:
    entry = server.queue(prompt)
    pictures = server.images(entry)
"""

import asyncio
import contextlib
import ctypes
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from PIL import Image

from . import hosts

# No browser, no paid nodes, no database file. The base directory keeps everything else out of the host's tree.
OPTIONS = ("--disable-auto-launch", "--disable-api-nodes", "--database-url", "sqlite:///:memory:")


class HostError(RuntimeError):
    """The host did not start, refused a prompt or failed to execute it; the message is the host's own."""


def furnish(base: Path) -> Path:
    """Lay out a base directory with this pack among the custom nodes; the pack brings its checkpoint itself."""
    for folder in ("custom_nodes", "models/checkpoints", "input", "output"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    link = base / "custom_nodes" / "fair-attention"
    link.unlink(missing_ok=True)
    link.symlink_to(hosts.ROOT)
    return base


def say(text: str) -> None:
    """Show progress: one changing line on a terminal, one line per node elsewhere."""
    if sys.stdout.isatty():
        print(f"\r\033[K  {text}", end="", flush=True)
    elif " " not in text:
        print(f"  {text}", flush=True)


@dataclass(frozen=True)
class Server:
    """A running host."""

    url: str

    def object_info(self) -> dict:
        """Every node class the host knows, with its inputs."""
        return json.loads(self.get("/object_info"))

    def get(self, path: str) -> bytes:
        """The body at a path of the host."""
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read()

    def queue(self, prompt: dict, report: Callable[[str], None] = say) -> dict:
        """Execute a prompt and return its history entry.

        `report` is called with a node's class when it starts, and with "class step/steps" while it samples. Raises
        HostError if the host refuses the prompt, or if a node fails.
        """
        entry = asyncio.run(self._execute(prompt, report))
        if report is say and sys.stdout.isatty():
            print("\r\033[K", end="", flush=True)
        if entry["status"]["status_str"] != "success":
            raise HostError(failure(entry))
        return entry

    async def _execute(self, prompt: dict, report: Callable[[str], None]) -> dict:
        client = uuid.uuid4().hex
        async with (
            aiohttp.ClientSession(self.url) as session,
            session.ws_connect(f"/ws?clientId={client}", max_msg_size=0) as events,
        ):
            async with session.post("/prompt", json={"prompt": prompt, "client_id": client}) as answer:
                body = await answer.json()
                if answer.status != 200:
                    raise HostError(refusal(body))
            async for message in events:
                if message.type is not aiohttp.WSMsgType.TEXT:  # a preview picture
                    continue
                event = json.loads(message.data)
                data = event["data"]
                if event["type"] == "executing" and data["node"] is None:  # the last event; history is written
                    async with session.get(f"/history/{body['prompt_id']}") as answer:
                        return (await answer.json())[body["prompt_id"]]
                if event["type"] in ("executing", "progress") and data["node"] in prompt:
                    kind = prompt[data["node"]]["class_type"]
                    report(kind if event["type"] == "executing" else f"{kind} {data['value']}/{data['max']}")
        raise HostError("the host closed the connection before it was done")

    def images(self, entry: dict, node: str | None = None) -> list[Image.Image]:
        """The pictures of a history entry, in order; of one node, or of all that saved or previewed some."""
        pictures = []
        for output in [entry["outputs"][node]] if node else entry["outputs"].values():
            for image in output.get("images", []):
                body = self.get("/view?" + urllib.parse.urlencode(image))
                pictures.append(Image.open(io.BytesIO(body)).convert("RGB"))
        return pictures


def refusal(body: dict) -> str:
    """What is wrong with a prompt the host has refused, a line for each input."""
    lines = [body["error"]["message"]]
    for node, errors in (body.get("node_errors") or {}).items():
        lines += [f"{errors['class_type']} ({node}): {e['message']}: {e['details']}" for e in errors["errors"]]
    return "\n".join(lines)


def failure(entry: dict) -> str:
    """Which node failed with what, from the history entry of a failed prompt."""
    for event, data in entry["status"]["messages"]:
        if event == "execution_error":
            return f"{data['node_type']} ({data['node_id']}): {data['exception_message'].strip()}"
    return "the prompt was interrupted"


@contextlib.contextmanager
def running(base: Path, cpu: bool = True, arguments: tuple[str, ...] = (), patience: float = 300) -> Iterator[Server]:
    """The chosen host, answering, with this pack installed in `base`; stopped at the end, whatever happens.

    Raises HostError with the end of its log (`base`/server.log) if it has not answered after `patience` seconds.
    """
    furnish(base)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "main.py", "--listen", "127.0.0.1", "--port", str(port), *OPTIONS, *arguments]
    command += ["--base-directory", str(base.resolve()), *(["--cpu"] if cpu else [])]
    if hosts.frontend():
        command += ["--front-end-root", str(hosts.frontend())]
    with terminable(), (base / "server.log").open("wb") as log:
        # A group of its own: Ctrl-C reaches us alone, and what the host starts ends with it.
        process = subprocess.Popen(
            command, cwd=hosts.tree(), stdout=log, stderr=log, start_new_session=True, preexec_fn=ends_with_us()
        )
        try:
            server = Server(f"http://127.0.0.1:{port}")
            wait_until_it_answers(server, process, base / "server.log", patience)
            yield server
        finally:
            stop(process)


def ends_with_us() -> Callable[[], None] | None:
    """What the host's process does first, so that the system ends it when we are killed without a last word. None: not Linux."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(1, signal.SIGTERM) and None  # PR_SET_PDEATHSIG


def wait_until_it_answers(server: Server, process: subprocess.Popen, log: Path, patience: float) -> None:
    """Raises HostError if the host ends, or is silent for too long."""
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            server.get("/queue")
            return
        time.sleep(0.2)
    state = f"ended with {process.poll()}" if process.poll() is not None else f"is silent after {patience:.0f} s"
    raise HostError(f"ComfyUI {state}:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-20:]))


def stop(process: subprocess.Popen) -> None:
    """End the process group: politely, then not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
            return


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit for the duration, so that `finally` blocks run."""

    def leave(number, frame):
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
