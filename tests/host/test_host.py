"""The ground the other host tests stand on."""

import torch

from fair_attention.tests.host.graphs import node, stock_graph


def test_tiny_checkpoint_is_sampled_by_the_stock_sampler(host, tiny_checkpoint):
    model, clip, _ = tiny_checkpoint
    positive, negative = (clip.encode_from_tokens_scheduled(clip.tokenize(text)) for text in ("two pilots", ""))
    latent = {"samples": torch.zeros(1, 4, 16, 16)}
    (result,) = host.nodes.common_ksampler(model, 1, 2, 7.0, "euler", "normal", positive, negative, latent)
    assert type(model.model.model_config).__name__ == "TinySD15"
    assert result["samples"].shape == (1, 4, 16, 16)
    assert result["samples"].isfinite().all() and result["samples"].std() > 0


def test_executor_runs_a_stock_graph(run_prompt, tiny_name, host):
    run = run_prompt(stock_graph(tiny_name))
    assert run.errors == []
    ((picture,),) = run.values["6"]
    assert picture.shape == (1, 128, 128, 3)
    (saved,) = run.ui["7"]["images"]
    assert (host.base / "output" / saved["filename"]).is_file()


def test_executor_reports_a_refused_input(run_prompt, tiny_name):
    prompt = stock_graph(tiny_name)
    prompt["5"]["inputs"]["steps"] = 0
    run = run_prompt(prompt)
    assert len(run.errors) == 1 and run.errors[0].startswith("KSampler: Value 0 smaller than min")


class Failing:
    """A node that always fails."""

    RETURN_TYPES, FUNCTION, CATEGORY, OUTPUT_NODE = (), "execute", "tests", True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def execute(self):
        raise ValueError("no person in this prompt")


def test_executor_reports_a_failed_node(run_prompt, host, monkeypatch):
    monkeypatch.setitem(host.nodes.NODE_CLASS_MAPPINGS, "Failing", Failing)
    assert run_prompt({"1": node("Failing")}).errors == ["Failing: no person in this prompt"]
