"""Ask for Words on the real host: any word afterwards is what a recording made for it holds; nothing else changes."""

from pathlib import Path

import pytest
import torch

from fair_attention.tests.host.capture_bench import PROMPT, CaptureBench

TEXT = "a nurse with a red hat"


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return CaptureBench(host, tiny_checkpoint)


def ask(bench, attention, latent, text=TEXT, words="nurse, red hat", **more):
    return bench.node["FairAskWords"].execute(attention, {"samples": latent}, bench.clip, text, words, **more).result[0]


def test_a_word_asked_for_afterwards_is_as_recorded(bench):
    model, attention = bench.record(keep_queries=100)
    both, wanted = bench.record(model, prompt="", words="nurse, red hat", attribution_prompt=TEXT)
    latent = bench.sample(both, bench.encode(PROMPT), steps=3, batch=2)
    assert torch.equal(latent, bench.sample(bench.model, bench.encode(PROMPT), steps=3, batch=2))
    found, recorded = ask(bench, attention, latent).runs[-1], wanted.runs[-1]
    assert found.store.labels == recorded.store.labels and found.steps == recorded.steps == {0, 1, 2}
    assert set(found.store.blocks) == set(recorded.store.blocks) and len(found.store.blocks) == 16
    for block in found.store.blocks:
        assert float((found.store.mean(block) - recorded.store.mean(block)).abs().max()) <= 1e-5
    pictures, maps = bench.overlays(ask(bench, attention, latent, blocks="output.3, output.4"), latent)
    assert len(pictures) == 4 and maps.shape[0] == 4  # two words of two pictures


def test_saved_with_its_queries_any_word_is_found_after_loading(bench, host):
    model, attention = bench.record(keep_queries=100)
    latent = bench.sample(model, bench.encode(PROMPT), steps=2, batch=2)
    wanted = ask(bench, attention, latent).runs[-1].store
    folder = Path(host.folder_paths.get_output_directory(), "asked")
    for with_queries in (True, False):
        save = bench.node["FairAttentionSave"].execute
        save(attention, {"samples": latent}, f"asked/{with_queries}", with_queries=with_queries)
        (file,) = folder.glob(f"{with_queries}*")
        loaded, again = bench.node["FairAttentionLoad"].execute(f"asked/{file.name} [output]").result
        if with_queries:
            found = ask(bench, loaded, again["samples"]).runs[-1].store
            assert found.blocks == wanted.blocks and all(
                torch.equal(found.mean(b), wanted.mean(b)) for b in wanted.blocks
            )
        else:
            with pytest.raises(ValueError, match="Ask for Words, attention: no queries were kept"):
                ask(bench, loaded, again["samples"])


def test_queries_that_were_not_kept_cannot_be_saved(bench):
    model, attention = bench.record()
    latent = bench.sample(model, bench.encode(PROMPT), steps=1)
    with pytest.raises(ValueError, match="Save Attention Maps, with_queries: no queries were kept. Set keep_queries"):
        bench.node["FairAttentionSave"].execute(attention, {"samples": latent}, "asked/none", with_queries=True)


def test_memory_stays_below_what_was_allowed(bench):
    model, attention = bench.record(keep_queries=1)
    for steps, batch in ((6, 2), (4, 1)):
        latent = bench.sample(model, bench.encode(PROMPT), steps=steps, batch=batch)
    earlier, latest = attention.runs[-2:]
    assert earlier.queries is None and 0 < latest.queries.bytes() <= 2**20
    assert ask(bench, attention, latent).runs[-1].steps <= {0, 1, 2, 3}


def test_off_keeps_nothing_and_says_what_to_do(bench):
    model, attention = bench.record()
    latent = bench.sample(model, bench.encode(PROMPT), steps=1)
    assert attention.runs[-1].queries is None
    with pytest.raises(ValueError, match="Ask for Words, attention: no queries were kept. Set keep_queries"):
        ask(bench, attention, latent)


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"text": " "}, "Ask for Words, attribution_prompt: it is empty"),
        ({"words": "cook"}, "Ask for Words, words: 'cook' is not in the prompt"),
        ({"blocks": "output.99"}, "Ask for Words, blocks: this model has no output.99"),
    ],
)
def test_refusals(bench, inputs, says):
    model, attention = bench.record(keep_queries=10)
    latent = bench.sample(model, bench.encode(PROMPT), steps=1)
    with pytest.raises(ValueError, match=says):
        ask(bench, attention, latent, **inputs)


def test_a_patch_of_the_texts_keeps_nothing(bench):
    model, attention = bench.record(keep_queries=10)
    model = model.clone()
    model.set_model_attn2_patch(lambda n, context, value, options: (n, context * 0.5, value))
    latent = bench.sample(model, bench.encode(PROMPT), steps=1)
    with pytest.raises(ValueError, match="another patch changes what the texts are"):
        ask(bench, attention, latent)
