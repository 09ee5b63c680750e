"""Workflows as the front end saves them, and the prompts it would make of them."""

import json

import pytest

from fair_attention.host.workflow import read_prompt, to_prompt

INFO = {
    "Loader": {
        "display_name": "Load It",
        "input": {"required": {"name": [["a.safetensors", "b.safetensors"], {}]}},
    },
    "Sampler": {
        "input": {
            "required": {
                "model": ["MODEL"],
                "seed": ["INT", {"default": 0, "control_after_generate": True}],
                "steps": ["INT", {"default": 20}],
            },
            "optional": {
                "mask": ["MASK"],
                "note": ["STRING", {"default": "-"}],
                "wired": ["INT", {"forceInput": True}],
            },
        }
    },
    "Patch": {"input": {"required": {"clip": ["CLIP"], "model": ["MODEL"], "strength": ["FLOAT", {}]}}},
    "Picture": {"input": {"required": {"image": [["x.png"], {"image_upload": True}], "size": ["COMBO", {}]}}},
}


def node(number, kind, values=(), inputs=(), outputs=(), **more):
    """A saved node; inputs as (name, type, link)."""
    return {
        "id": number,
        "type": kind,
        "mode": 0,
        "widgets_values": list(values),
        "inputs": [{"name": n, "type": t, "link": link} for n, t, link in inputs],
        "outputs": [{"type": t} for t in outputs],
        **more,
    }


def workflow(*nodes, links=()):
    return {"version": 0.4, "nodes": list(nodes), "links": [list(link) for link in links]}


def sampled(*between, links):
    """The Sampler's inputs (link 9 is its model, link 8 its steps), fed by a Loader through `between`."""
    sampler = node(2, "Sampler", [5, "fixed", 8, "hello"], [("model", "MODEL", 9), ("steps", "INT", 8)])
    saved = workflow(node(1, "Loader", ["b.safetensors"], outputs=["MODEL", "CLIP"]), sampler, *between, links=links)
    return to_prompt(saved, INFO)["2"]["inputs"]


def test_widgets_are_named_by_position_and_links_by_origin():
    inputs = sampled(links=[(9, 1, 0, 2, 0, "MODEL")])
    assert inputs == {"model": ["1", 0], "seed": 5, "steps": 8, "note": "hello"}


def test_title_is_kept():
    prompt = to_prompt(workflow(node(1, "Loader", ["x"]), node(2, "Loader", ["y"], title="Mine")), INFO)
    assert [n["_meta"]["title"] for n in prompt.values()] == ["Load It", "Mine"]


def test_widgets_added_since_take_their_default():
    prompt = to_prompt(workflow(node(2, "Sampler", [5, "randomize"])), INFO)
    assert prompt["2"]["inputs"] == {"seed": 5, "steps": 20, "note": "-"}


def test_widget_with_a_link_takes_the_primitives_value():
    primitive = node(3, "PrimitiveNode", [12, "fixed"], outputs=["INT"])
    inputs = sampled(primitive, links=[(9, 1, 0, 2, 0, "MODEL"), (8, 3, 0, 2, 1, "INT")])
    assert inputs["steps"] == 12


def test_notes_are_dropped_and_reroutes_passed():
    reroute = node(3, "Reroute", inputs=[("", "*", 7)], outputs=["MODEL"])
    inputs = sampled(reroute, node(4, "Note"), links=[(7, 1, 0, 3, 0, "MODEL"), (9, 3, 0, 2, 0, "MODEL")])
    assert inputs["model"] == ["1", 0]


def test_bypassed_node_hands_on_the_input_of_the_same_type():
    patch = node(3, "Patch", [1.0], [("clip", "CLIP", 6), ("model", "MODEL", 7)], ["MODEL"], mode=4)
    links = [(6, 1, 1, 3, 0, "CLIP"), (7, 1, 0, 3, 1, "MODEL"), (9, 3, 0, 2, 0, "MODEL")]
    assert sampled(patch, links=links)["model"] == ["1", 0]


def test_muted_node_leaves_no_link_and_the_widgets_own_value():
    patch = node(3, "Patch", [1.0], [], ["MODEL", "INT"], mode=2)
    inputs = sampled(patch, links=[(9, 3, 0, 2, 0, "MODEL"), (8, 3, 1, 2, 1, "INT")])
    assert "model" not in inputs and inputs["steps"] == 8


def test_upload_button_is_not_a_surplus_value():
    prompt = to_prompt(workflow(node(1, "Picture", ["x.png", "large", "image"])), INFO)
    assert prompt["1"]["inputs"] == {"image": "x.png", "size": "large"}


def test_surplus_values_are_refused():
    with pytest.raises(ValueError, match=r"node 1 \(Loader\) has 1 more widget values than widgets: \['b'\]"):
        to_prompt(workflow(node(1, "Loader", ["a", "b"])), INFO)


def test_unknown_node_is_refused_with_the_file(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(workflow(node(4, "Nowhere"))))
    with pytest.raises(ValueError, match=r"mine\.json: node 4 is a Nowhere, which this host does not have"):
        read_prompt(file, INFO)


def test_subgraphs_are_refused():
    with pytest.raises(ValueError, match="subgraphs are not supported"):
        to_prompt({**workflow(), "definitions": {"subgraphs": [{}]}}, INFO)
