"""A method's workflow becomes the prompt of one cell: slots found by node title, values put in, and only what Record People needs."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..host.workflow import to_prompt
from ..metrics.study import StudyError
from ..metrics.study.provenance import upstream
from .study import Method, Study

RECORD = "FairRecordPeople"
PREFIX = "fair_audit"  # folder of the pictures on the server
# Slot -> the inputs it goes to where only a node's title is given, the first that the node has.
SLOTS = {
    "prompt": ("prompt", "text", "value"), "seed": ("seed", "noise_seed", "value"), "pictures": ("batch_size", "amount", "value"),
    "width": ("width", "value"), "height": ("height", "value"),
}  # fmt: skip
Prompt = dict[str, dict[str, Any]]


class Template:
    """A method on one kind of server: its prompt, and where the values of a cell go. StudyError names what does not fit."""

    def __init__(self, method: Method, study: Study, object_info: Mapping[str, Any]):
        self.method, self.info = method, object_info
        self.prompt = self._prompt()
        self.record = self._only(RECORD)
        self.prompt = self._needed()
        for address, value in method.set.items():
            node, name = self._place(address, ())
            self.prompt[node]["inputs"][name] = value
        self.places = {
            slot: [self._place(a, SLOTS[slot]) for a in addresses] for slot, addresses in self._slots(study).items()
        }
        self._independent()
        self.info = {}  # megabytes, of each server of a large fleet

    def cell(self, values: Mapping[str, Any], prefix: str) -> Prompt:
        """The prompt for these values of the slots. prefix: of the pictures' names on the server."""
        prompt = {name: {**node, "inputs": dict(node["inputs"])} for name, node in self.prompt.items()}
        for slot, places in self.places.items():
            for node, name in places:
                prompt[node]["inputs"][name] = values[slot]
        prompt[self.record]["inputs"].update(
            study="", method=self.method.name, prompt=values["prompt"], seed=values["seed"], filename_prefix=prefix
        )
        return prompt

    def _prompt(self) -> Prompt:
        """Of either format; an export (API) as it is."""
        if "nodes" in self.method.workflow:
            try:
                return to_prompt(dict(self.method.workflow), dict(self.info))
            except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
                raise StudyError(
                    f"{self._name()}: {error}. Install what it needs on the server, or take another workflow"
                ) from error
        prompt = json.loads(json.dumps(self.method.workflow))
        for name, node in prompt.items():
            if not isinstance(node, dict) or not isinstance(node.get("inputs"), dict) or "class_type" not in node:
                raise StudyError(
                    f"{self._name()}: {name!r} is no node; save the workflow from ComfyUI, or export it (API)"
                )
            if node["class_type"] not in self.info:
                raise StudyError(
                    f"{self._name()}: it needs the node {node['class_type']}, which the server lacks; install it there, or take it out"
                )
        return prompt

    def _only(self, kind: str) -> str:
        found = [name for name, node in self.prompt.items() if node["class_type"] == kind]
        if kind not in self.info:
            raise StudyError(
                "the server has no node Record People: install Fair Attention of this version there, and restart it"
            )
        if missing := {"prompt", "seed", "study"} - {n for group in self.info[kind]["input"].values() for n in group}:
            raise StudyError(
                f"the server's Record People lacks {', '.join(sorted(missing))}: install this version of Fair Attention there"
            )
        if len(found) != 1:
            raise StudyError(
                f"{self._name()} has {len(found)} nodes Record People, and needs one: add it behind Read Attributes"
            )
        return found[0]

    def _needed(self) -> Prompt:
        """Record People and what feeds it: previews and other branches cost time."""
        needed = {self.record} | {
            name
            for entry in self.prompt[self.record]["inputs"]
            for name, _ in upstream(self.prompt, self.record, entry)
        }
        return {name: node for name, node in self.prompt.items() if name in needed}

    def _slots(self, study: Study) -> dict[str, tuple[str, ...]]:
        slots = dict(self.method.slots)
        if unknown := sorted(slots.keys() - SLOTS):
            raise StudyError(f"{self._name()}: unknown slot {', '.join(unknown)}; slots are {', '.join(SLOTS)}")
        needed = ["prompt", "seed", *(("width", "height") if study.size else ())]
        if missing := [slot for slot in needed if slot not in slots]:
            raise StudyError(f"{self._name()}: say which node the slot {missing[0]} is, by its title: {self._titles()}")
        return slots

    def _place(self, address: str, names: tuple[str, ...]) -> tuple[str, str]:
        """(node id, input) of "title" or "title.input"."""
        title, names = (
            (address, names)
            if self._titled(address) and names
            else (address.rpartition(".")[0], (address.rpartition(".")[2],))
        )
        nodes = self._titled(title)
        if len(nodes) != 1:
            many = f"{len(nodes)} nodes are" if nodes else "no node that Record People needs is"
            raise StudyError(
                f"{self._name()}: {many} titled {title or address!r}; title one so in ComfyUI. There are: {self._titles()}"
            )
        inputs = self.info[self.prompt[nodes[0]]["class_type"]]["input"]
        known = [name for group in ("required", "optional") for name in inputs.get(group, {})]
        name = next((n for n in names if n in known), None)
        if name is None:
            raise StudyError(f"{self._name()}: {title!r} has no input {' or '.join(names)}; it has {', '.join(known)}")
        if isinstance(self.prompt[nodes[0]]["inputs"].get(name), list):
            raise StudyError(
                f"{self._name()}: {title}.{name} is fed by a link; name the node that it comes from, or take off the link"
            )
        return nodes[0], name

    def _titled(self, title: str) -> list[str]:
        return [name for name, node in self.prompt.items() if self._title(node) == title]

    def _title(self, node: Mapping[str, Any]) -> str:
        kind = node["class_type"]
        return node.get("_meta", {}).get("title") or self.info[kind].get("display_name") or kind

    def _titles(self) -> str:
        return ", ".join(sorted({repr(self._title(node)) for node in self.prompt.values()}))

    def _name(self) -> str:
        return f"method {self.method.name} ({self.method.file})"

    def _independent(self) -> None:
        """A quota over all runs would make a cell's pictures depend on which cells came before it."""
        for node in self.prompt.values():
            if str(node["inputs"].get("running_quota_over", "")).startswith("all runs"):
                raise StudyError(
                    f"{self._name()}: {self._title(node)} counts over all runs, so that no cell could be drawn again; set it to this run"
                )


def fingerprint(method: Method, study: Study) -> str:
    """Of everything that decides what a method draws of a prompt and a seed."""
    content = json.dumps(
        [method.workflow, method.slots, method.set, study.size, study.pictures], sort_keys=True, default=str
    )
    return hashlib.sha256(content.encode()).hexdigest()


def checkpoints(method: Method) -> list[str]:
    """File names of models that a workflow names."""
    return sorted(
        {text for text in _texts(method.workflow) if text.endswith((".safetensors", ".ckpt", ".gguf", ".pt"))}
    )


def _texts(content: Any) -> Iterator[str]:
    """Every text in JSON."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            if key != "properties":  # of a saved node: where its makers say a model may be had
                yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)
