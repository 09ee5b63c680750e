"""Capture on the real host: which words are recorded: prompts of all kinds, special tokens, words outside the prompt."""

import pytest
import safetensors.torch
import torch

from fair_attention.host import tiny
from fair_attention.tests.host.capture_bench import PROMPT, CaptureBench
from fair_attention.tests.host.oracle import Expectation


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return CaptureBench(host, tiny_checkpoint)


LONG = "a very long text of nothing but words, " * 12


PROMPTS = {
    "weights": "three (doctors:1.3) next to ((flowers)) and doctors",
    "break": "three doctors BREAK next to flowers and doctors",
    "long": LONG + PROMPT,
    "embedding": "embedding:tinyword three doctors embedding:tinyword next to flowers and doctors",
}


@pytest.fixture(scope="module")
def embedding(host):
    """A textual inversion of two vectors, as a file the host finds."""
    path = host.base / "models" / "embeddings" / "tinyword.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({"emb_params": torch.randn(2, tiny.CONTEXT, generator=torch.manual_seed(2))}, path)


@pytest.mark.parametrize("negative", ["", LONG])
@pytest.mark.parametrize("kind", PROMPTS)
def test_prompts(bench, embedding, kind, negative):
    """Also against a negative prompt of another length: the shorter context is repeated, and folded back."""
    prompt = PROMPTS[kind]
    run = bench.check(lambda m: bench.negated(negative, m, bench.encode(prompt)), prompt=prompt)
    first = {"weights": 2, "break": 2, "long": 110, "embedding": 4}[kind]
    watch = bench.record(prompt=prompt)[1].watch
    doctors, _, second = (w.positions for w in watch.words)
    assert doctors[0] >= first and doctors[1] == second[0] and run.steps == {0, 1}


def test_a_short_prompt_against_a_long_negative(bench):
    bench.check(lambda m: bench.negated(LONG * 2, m, bench.encode(PROMPT)))


def test_special_tokens_occurrences_and_some_heads(bench):
    words = "<start>, <end>, doctors#1, doctors#2"
    model, attention = bench.record(words=words)
    positions = [w.positions for w in attention.watch.words]
    assert positions[0] == (0,) and positions[1] == (positions[3][0] + 1,) and positions[2] != positions[3]
    want = Expectation(text=attention.watch.context, heads=(0, 3))
    bench.check(lambda m: bench.sample(m, bench.encode(PROMPT), steps=2), want=want, words=words, heads="3, 0")


@pytest.mark.parametrize("own", [True, False])
def test_open_vocabulary(bench, host, own, monkeypatch):
    """Both softmax conventions; the keys of the attribution prompt are projected once a run and block."""
    capture = host.pack.nodes.capture
    convention = capture.OWN if own else capture.PADDED
    text = "a nurse with a (hat:1.2)"
    context = bench.encode(text)[0][0]
    context = context[:, :7] if own else context  # start, five words, end
    projected = []
    for module in bench.model.model.diffusion_model.modules():
        if type(module).__name__ == "BasicTransformerBlock":
            to_k = module.attn2.to_k
            real = to_k.forward

            def counted(x, real=real):
                projected.append(x.shape == context.shape and torch.equal(x.float(), context.float()))
                return real(x)

            monkeypatch.setattr(to_k, "forward", counted)
    model, attention = bench.record(
        prompt="", words="nurse, hat", attribution_prompt=text, attribution_softmax=convention
    )
    bench.sample(model, bench.encode(PROMPT), steps=3)
    assert sum(projected) == 16
    monkeypatch.undo()
    assert attention.watch.attribution.shape == context.shape
    want = Expectation(attribution=context)
    settings = {"prompt": "", "words": "nurse, hat", "attribution_prompt": text, "attribution_softmax": convention}
    bench.check(lambda m: bench.sample(m, bench.encode(PROMPT), steps=2, batch=2), want=want, **settings)


def test_words_empty_records_what_can_be_located(bench, caplog):
    """Words of any script are recorded; one that is no word to the tokenizer is named in the log and in every run."""
    prompt = "a 医生 and a nurse, 의사"
    model, attention = bench.record(prompt=prompt, words="")
    assert [w.label for w in attention.watch.words] == ["a", "医生", "and", "a", "nurse", "의사"]
    assert attention.watch.notes == () and all(w.positions for w in attention.watch.words)
    assert [w.label for w in bench.record(prompt="a nurse \u0130", words="")[1].watch.words] == ["a", "nurse", "\u0130"]
    model, attention = bench.record(prompt="a nurse <|endoftext|>", words="")
    assert [w.label for w in attention.watch.words] == ["a", "nurse"]
    bench.sample(model, bench.encode("a nurse <|endoftext|>"), steps=1)
    note = "not recorded, no token of their own: endoftext"
    assert attention.runs[-1].notes == [note] and note in caplog.text
    with pytest.raises(ValueError, match="no word of the prompt"):
        bench.record(prompt="<|endoftext|>", words="")


def test_another_prompt_than_the_sampled_one_is_refused(bench):
    model, attention = bench.record()
    with pytest.raises(ValueError, match="none of the sampler's positive conditionings was encoded from this prompt"):
        bench.sample(model, bench.encode("two cooks"), steps=1)
    assert attention.runs == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"words": "nurses"}, "words: 'nurses' is not in the prompt. Its words are: three, doctors"),
        ({"words": "doctors#3"}, r"words: 'doctors#3': 'doctors' occurs 2 time\(s\)"),
        ({"blocks": "output.2"}, "blocks: this model has no output.2; it has input.1"),
        ({"blocks": "down.1"}, "blocks: 'down.1' is no cross-attention block"),
        ({"heads": "8"}, "heads: input.1 has heads 0 to 7, no 8"),
        ({"heads": "first"}, "heads: 'first' is no list of heads"),
        ({"start_percent": 0.5, "end_percent": 0.5}, "end_percent 0.5 must lie after start_percent 0.5"),
        ({"prompt": ""}, "connect tokens"),
    ],
)
def test_refusals(bench, settings, message):
    with pytest.raises(ValueError, match=f"Capture Cross-Attention.*{message}"):
        bench.record(**settings)
