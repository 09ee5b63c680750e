"""A server that speaks the host's HTTP and draws nothing: rows at once, made up from prompt and seed, the same every time.

For what is about many cells and not about pictures: `python -m fair_attention.host.fake` prints its address.
"""

import argparse
import asyncio
import hashlib
import io
import json
import random
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable

from aiohttp import web
from PIL import Image

SLOTS = {"Words": ("prompt", "STRING"), "Noise": ("seed", "INT"), "Size": ("batch_size", "INT")}
AXES = {"gender": ["male", "female"], "skin tone": ["light", "tan", "brown", "dark"]}
KEPT = 10_000  # entries of the history, as the host
# A workflow as the front end exports it, for which this server has the nodes.
WORKFLOW = {
    "1": {"class_type": "Words", "inputs": {"prompt": ""}, "_meta": {"title": "Words"}},
    "2": {"class_type": "Noise", "inputs": {"seed": 0, "words": ["1", 0]}, "_meta": {"title": "Noise"}},
    "3": {"class_type": "Size", "inputs": {"batch_size": 1, "noise": ["2", 0]}, "_meta": {"title": "Size"}},
    "4": {
        "class_type": "FairRecordPeople",
        "inputs": {"image": ["3", 0], "study": "x", "method": ""},
        "_meta": {"title": "Record People"},
    },
}


def object_info() -> dict:
    own = {
        kind: {"input": {"required": {name: [type, {}]}}, "display_name": kind} for kind, (name, type) in SLOTS.items()
    }
    names = ("study", "method", "prompt", "seed", "filename_prefix")
    return {
        **own,
        "FairRecordPeople": {
            "input": {"optional": {n: ["STRING", {}] for n in names}},
            "display_name": "Record People",
        },
    }


def rows(method: str, prompt: str, seed: int, pictures: int) -> str:
    """What Record People would show: two or three people a picture, most of them men where the method is plain."""
    draw = random.Random(hashlib.sha256(f"{method}\0{prompt}\0{seed}".encode()).digest())
    men = 0.5 if method == "fair" else 0.8
    found = []
    for index in range(pictures):
        people = []
        for j in range(2 if index % 2 else 3):
            gender = "male" if draw.random() < men else "female"
            tone = None if draw.random() < 0.02 else draw.choice(AXES["skin tone"])
            people.append({"box": [8.0 + 40 * j, 40.0, 40.0 + 40 * j, 90.0], "read": {"gender": gender, "skin tone": tone},
                           "certainty": {}, "confidence": round(draw.uniform(0.6, 1), 3), "given": "", "status": ""})  # fmt: skip
        found.append({"batch_index": index, "width": 128, "height": 128, "unread": [], "people": people})
    return json.dumps({"layout": 1, "reader": "fake reader", "axes": AXES, "certificate": None, "pictures": found})


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (128, 128), "grey").save(out, "PNG")
    return out.getvalue()


class FakeHost:
    """In a thread of its own, from `with` on. delay: seconds a prompt takes. wrong: prompt -> an error, or None."""

    def __init__(self, delay: float = 0.0, wrong: Callable[[dict], str | None] = lambda inputs: None, port: int = 0):
        self.delay, self.wrong, self.port = delay, wrong, port
        self.executed: list[tuple] = []  # (method, prompt, seed) in order
        self.history: OrderedDict[str, tuple[float, dict]] = OrderedDict()
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.free = 0.0

    async def post_prompt(self, request: web.Request) -> web.Response:
        prompt = (await request.json())["prompt"]
        record = next(name for name, node in prompt.items() if node["class_type"] == "FairRecordPeople")
        inputs = prompt[record]["inputs"]
        size = next(node["inputs"]["batch_size"] for node in prompt.values() if node["class_type"] == "Size")
        id = uuid.uuid4().hex
        self.executed.append((inputs["method"], inputs["prompt"], inputs["seed"]))
        if error := self.wrong(inputs):
            said = ["execution_error", {"node_type": "Noise", "node_id": "2", "exception_message": error}]
            entry = {"status": {"status_str": "error", "messages": [said]}, "outputs": {}}
        else:
            text = rows(inputs["method"], inputs["prompt"], inputs["seed"], size)
            saved = [{"filename": f"{i}.png", "subfolder": "", "type": "output"} for i in range(size)]
            entry = {
                "status": {"status_str": "success", "messages": []},
                "outputs": {record: {"fair_rows": [text], "fair_saved": saved}},
            }
        self.free = max(self.free, self.loop.time()) + self.delay  # one after the other, as the host
        self.history[id] = (self.free, entry)
        while len(self.history) > KEPT:
            self.history.popitem(last=False)
        return web.json_response({"prompt_id": id})

    async def get_history(self, request: web.Request) -> web.Response:
        id = request.match_info["id"]
        when, entry = self.history.get(id, (float("inf"), {}))
        return web.json_response({id: entry} if when <= self.loop.time() else {})

    async def post_history(self, request: web.Request) -> web.Response:
        for id in (await request.json())["delete"]:
            self.history.pop(id, None)
        return web.Response()

    async def get_queue(self, request: web.Request) -> web.Response:
        waiting = [[0, id] for id, (when, _) in self.history.items() if when > self.loop.time()]
        return web.json_response({"queue_running": waiting[:1], "queue_pending": waiting[1:]})

    async def post_queue(self, request: web.Request) -> web.Response:
        for id in (await request.json()).get("delete", ()):
            self.history.pop(id, None)
        return web.Response()

    async def fixed(self, request: web.Request) -> web.Response:
        if request.path == "/view":
            return web.Response(body=picture(), content_type="image/png")
        answers = {
            "/object_info": object_info(),
            "/system_stats": {"system": {"comfyui_version": "fake"}, "devices": []},
        }
        return web.json_response(answers[request.path])

    async def serve(self) -> None:
        app = web.Application()
        app.add_routes([web.get("/history/{id}", self.get_history), web.post("/prompt", self.post_prompt),
                        web.get("/queue", self.get_queue), web.post("/queue", self.post_queue), web.post("/history", self.post_history),
                        *(web.get(path, self.fixed) for path in ("/object_info", "/system_stats", "/view"))])  # fmt: skip
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        self.ready.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.serve())
        self.loop.run_forever()
        self.loop.run_until_complete(self.runner.cleanup())
        self.loop.close()

    def __enter__(self) -> "FakeHost":
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        self.ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    with FakeHost(asked.delay, port=asked.port) as host:
        print(host.url, flush=True)
        host.thread.join()


if __name__ == "__main__":
    main()
