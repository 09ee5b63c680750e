"""The host as a server: started by host/server.py, asked over HTTP."""

import pytest

from fair_attention.host import server, tiny
from fair_attention.host.workflow import to_prompt
from fair_attention.tests.host.graphs import stock_graph

# A custom node of its own, since the server is another process and knows nothing of this one's registrations.
REGISTRATION = "from fair_attention.host import tiny\n\ntiny.register()\nNODE_CLASS_MAPPINGS = {}\n"


@pytest.fixture(scope="module")
def running_server(tmp_path_factory, host):
    base = server.furnish(tmp_path_factory.mktemp("server"))
    (base / "custom_nodes" / "tiny.py").write_text(REGISTRATION)
    tiny.save(base / "models" / "checkpoints" / "tiny.safetensors")
    with server.running(base) as started:
        yield started


def test_stock_graph_gives_a_picture(running_server):
    seen = []
    entry = running_server.queue(stock_graph("tiny.safetensors"), report=seen.append)
    (picture,) = running_server.images(entry, "7")
    assert picture.size == (128, 128)
    assert "KSampler 2/2" in seen and seen[-1] == "SaveImage"


def test_refused_prompt_names_node_and_input(running_server):
    with pytest.raises(server.HostError, match=r"CheckpointLoaderSimple \(1\): Value not in list: ckpt_name"):
        running_server.queue(stock_graph("missing.safetensors"))


def test_saved_workflow_becomes_a_prompt_the_host_executes(running_server):
    prompt = to_prompt(ui_workflow("tiny.safetensors"), running_server.object_info())
    assert prompt["5"]["inputs"] == stock_graph("tiny.safetensors")["5"]["inputs"]
    assert running_server.images(running_server.queue(prompt))


def test_host_that_cannot_start_shows_its_log(tmp_path):
    with pytest.raises(server.HostError, match="unrecognized arguments: --no-such-option"):
        with server.running(tmp_path, arguments=("--no-such-option",)):
            pass


def test_host_ends_with_an_exception(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(server, "wait_until_it_answers", lambda _, process, *rest: started.append(process))
    with pytest.raises(ZeroDivisionError), server.running(tmp_path):
        raise ZeroDivisionError
    assert started[0].poll() is not None


def ui_workflow(checkpoint: str) -> dict:
    """The stock graph as the front end saves it: links in a table, widgets by position."""
    values = {
        "1": [checkpoint],
        "2": ["three doctors next to flowers"],
        "3": [""],
        "4": [128, 128, 1],
        "5": [7, "fixed", 2, 7.0, "euler", "normal", 1.0],
        "6": [],
        "7": ["test"],
    }
    nodes, links = [], []
    for name, node in stock_graph(checkpoint).items():
        inputs = []
        for key, source in node["inputs"].items():
            if isinstance(source, list):
                links.append([len(links) + 1, int(source[0]), source[1], int(name), len(inputs), "*"])
                inputs.append({"name": key, "type": "*", "link": len(links)})
        saved = {"id": int(name), "type": node["class_type"], "mode": 0, "inputs": inputs}
        nodes.append({**saved, "widgets_values": values[name]})
    return {"version": 0.4, "nodes": nodes, "links": links}
