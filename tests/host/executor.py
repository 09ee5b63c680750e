"""Prompts through the host's own PromptExecutor, in this process and without a server."""

import asyncio
import inspect
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any


@dataclass(frozen=True)
class Run:
    """What came out of a prompt.

    values: node id -> its outputs, each a list as the executor keeps them (one entry unless a node makes lists).
    ui: node id -> what the node shows. errors: what was refused or failed, one line each, empty on success.
    executed: ids of the nodes that ran, in order; the others were cached or not needed.
    """

    values: dict[str, list[list[Any]]]
    ui: dict[str, dict]
    errors: list[str]
    executed: tuple[str, ...] = ()


def prompt_runner(host: SimpleNamespace) -> Callable[[dict], Run]:
    """A function that validates and executes prompts with one executor, so that unchanged nodes are cached."""
    started: list[str] = []

    def send_sync(event: str, data: Any, *_) -> None:
        if event == "executing" and data["node"] is not None:
            started.append(data["node"])

    silent = SimpleNamespace(client_id=None, last_node_id=None, sockets_metadata={}, send_sync=send_sync)
    cache = {"lru": 0, "ram": 0.0, "ram_inactive": 0.0}
    executor = host.execution.PromptExecutor(silent, cache_args=cache)

    def run(prompt: dict) -> Run:
        name = uuid.uuid4().hex
        valid, error, outputs, node_errors = asyncio.run(host.execution.validate_prompt(name, prompt, None))
        if not valid:
            return Run({}, {}, refusals(error, node_errors))
        started.clear()
        executor.execute(prompt, name, {"client_id": "test"}, outputs)
        failed = [data for event, data in executor.status_messages if event == "execution_error"]
        errors = [f"{data['node_type']}: {data['exception_message'].strip()}" for data in failed]
        values = {node: entry.outputs for node in prompt if (entry := cached(executor, node)) is not None}
        return Run(values, executor.history_result["outputs"], errors, tuple(started))

    return run


def refusals(error: dict, node_errors: dict) -> list[str]:
    """One line for every input that was refused, or for the prompt as a whole."""
    lines = [f"{e['class_type']}: {x['message']}: {x['details']}" for e in node_errors.values() for x in e["errors"]]
    return lines or [f"{error['message']}: {error['details']}"]


def cached(executor: Any, node: str) -> Any:
    """A node's entry in the executor's cache; newer hosts answer asynchronously."""
    entry = executor.caches.outputs.get(node)
    return asyncio.run(entry) if inspect.isawaitable(entry) else entry
