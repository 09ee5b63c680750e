"""One running ComfyUI, asked over HTTP: a prompt is queued, waited for, and what Record People shows is read from the history."""

import http.client
import json
import time
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..host.server import failure, refusal

LARGEST_ANSWER, LARGEST_PICTURE = 256 * 2**20, 64 * 2**20
SOONEST, LATEST = 0.004, 0.5  # seconds between two looks at the history
UNSEEN = 20  # looks at which a prompt is neither in the history nor in the queue, before it is given up for lost


class Failed(Exception):
    """The host refused the prompt, or a node of it failed; the message is the host's own."""


class Unreachable(Exception):
    """The host does not answer, or has forgotten the prompt: it may have been restarted."""


class Stopped(Exception):
    """The user has had enough."""


@dataclass(frozen=True)
class Answer:
    """rows: JSON, as Record People sent them. pictures: PNG, the first ones."""

    rows: str
    pictures: tuple[bytes, ...]


class Client:
    """For one thread; its connection stays open. forget: have the host drop each prompt from its history, which keeps ten thousand."""

    def __init__(self, url: str, timeout: float = 60, forget: bool = False):
        self.forget = forget
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        self.path, self.id = parts.path.rstrip("/"), uuid.uuid4().hex

    def ask(self, path: str, body: Any = None) -> tuple[int, bytes]:
        """(status, body). Unreachable where there is no answer."""
        content = None if body is None else json.dumps(body).encode()
        for again in (True, False):
            try:
                self.connection.request(
                    "POST" if body is not None else "GET",
                    self.path + path,
                    content,
                    {"Content-Type": "application/json"},
                )
                answer = self.connection.getresponse()
                read = answer.read(LARGEST_ANSWER + 1)
                if len(read) > LARGEST_ANSWER:
                    raise Unreachable(f"the answer to {path} is larger than {LARGEST_ANSWER} bytes")
                return answer.status, read
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                # A connection kept open may have ended meanwhile. A prompt is not sent twice: it would be drawn twice.
                if (
                    not again
                    or body is not None
                    and not isinstance(
                        error, http.client.RemoteDisconnected | ConnectionRefusedError | http.client.CannotSendRequest
                    )
                ):
                    raise Unreachable(str(error) or type(error).__name__) from error
        raise AssertionError

    def get(self, path: str) -> Any:
        """JSON at a path."""
        status, body = self.ask(path)
        if status != 200:
            raise Unreachable(f"{path} answered {status}")
        try:
            return json.loads(body)
        except ValueError as error:
            raise Unreachable(f"{path} is no JSON: is this a ComfyUI?") from error

    def execute(self, prompt: dict, record: str, keep: int, stopped: Callable[[], bool]) -> Answer:
        """Run a prompt; the rows of its node `record`, and its first `keep` pictures. Raises Failed, Unreachable, Stopped."""
        status, body = self.ask("/prompt", {"prompt": prompt, "client_id": self.id})
        try:
            content = json.loads(body)
        except ValueError as error:
            raise Unreachable(f"/prompt answered {status} without JSON") from error
        if status != 200:
            raise Failed(refusal(content) if "error" in content else f"refused with {status}")
        entry = self._wait(content["prompt_id"], stopped)
        if entry["status"]["status_str"] != "success":
            raise Failed(failure(entry))
        shown = entry["outputs"].get(record, {})
        if "fair_rows" not in shown:
            raise Failed("Record People has shown no rows: is Fair Attention of this version installed on the server?")
        saved = shown.get("fair_saved", [])[:keep]
        answer = Answer("".join(shown["fair_rows"]), tuple(map(self._picture, saved)))
        if self.forget:
            self.ask("/history", {"delete": [content["prompt_id"]]})
        return answer

    def _wait(self, id: str, stopped: Callable[[], bool]) -> dict:
        pause, unseen = SOONEST, 0
        while True:
            found = self.get(f"/history/{id}")
            if id in found:
                return found[id]
            if stopped():
                self.cancel(id)
                raise Stopped
            if pause >= LATEST / 4:
                queue = self.get("/queue")
                here = any(
                    id in map(str, item[:2])
                    for key in ("queue_running", "queue_pending")
                    for item in queue.get(key, ())
                )
                unseen = 0 if here else unseen + 1
                if unseen > UNSEEN:
                    raise Unreachable("the server has forgotten the prompt: was it restarted?")
            time.sleep(pause)
            pause = min(LATEST, pause * 1.3)

    def cancel(self, id: str) -> None:
        """Take a prompt out of the queue; one that runs is ended where the host can tell it from others' (0.30)."""
        self.ask("/queue", {"delete": [id]})
        running = [item for item in self.get("/queue").get("queue_running", ()) if id in map(str, item[:2])]
        if running:
            self.ask("/interrupt", {"prompt_id": id})

    def _picture(self, saved: dict) -> bytes:
        status, body = self.ask(
            "/view?" + urllib.parse.urlencode({k: saved[k] for k in ("filename", "subfolder", "type")})
        )
        if status != 200 or not body.startswith(b"\x89PNG") or len(body) > LARGEST_PICTURE:
            raise Failed(f"the picture {saved.get('filename')!r} cannot be fetched ({status})")
        return body

    def close(self) -> None:
        self.connection.close()
