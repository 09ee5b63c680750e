"""Words as rows of the text context: several encoders, embeddings, special tokens, features that packs change."""

import pytest
import safetensors.torch
import torch

from fair_attention.host import tiny_texts
from fair_attention.tests.host.text_bench import NODE, text_clip


@pytest.fixture(scope="module")
def text(host):
    return host.pack.nodes.sampling


@pytest.fixture(scope="module")
def clip(host, family):
    return text_clip(host, family)


@pytest.mark.parametrize("family", ["SD 3"], scope="module")
def test_a_word_of_sd3_has_a_row_of_clip_and_one_of_t5(host, text, clip):
    """CLIP-L and CLIP-G share rows 0 to 76, T5 has the 77 behind them: ▁ a ▁photo ▁of ▁two ▁doctors."""
    (doctors,) = text.clip_text.named_words(clip, "a photo of two doctors", "doctors", NODE)
    assert doctors.positions == (5, 77 + 5)
    (ends,) = text.clip_text.named_words(clip, "a photo of two doctors", "<end>", NODE)
    assert ends.positions == (6, 77 + 6)
    (start,) = text.clip_text.named_words(clip, "a photo of two doctors", "<start>", NODE)
    assert start.positions == (0,)


@pytest.mark.parametrize("family", ["Z-Image"], scope="module")
def test_a_template_has_no_special_tokens_for_the_prompt(host, text, clip):
    with pytest.raises(ValueError, match="a node, words: the texts of this CLIP have no <end>"):
        text.clip_text.named_words(clip, "two doctors", "<end>", NODE)


@pytest.mark.parametrize("width", [tiny_texts.WIDTH, tiny_texts.WIDTH // 2])
@pytest.mark.parametrize("family", ["Z-Image", "PixArt, Chroma", "Flux 2 klein"], scope="module")
def test_embeddings_have_rows_of_their_own_or_none(host, text, clip, width):
    """A textual inversion of another width is left out by the host, and what follows moves up. The oracle: what the
    transformer really reads at the word's row is the word's entry of the table of tokens."""
    vectors = torch.randn(2, width, generator=torch.manual_seed(2))
    safetensors.torch.save_file(
        {"emb_params": vectors}, host.base / "models" / "embeddings" / f"wide{width}.safetensors"
    )
    prompt = f"three doctors embedding:wide{width} and nurses"
    (encoder,) = text.text_rows.encoders(clip)
    read = []
    hook = encoder.transformer.register_forward_pre_hook(
        lambda m, args, kw: read.append(kw["embeds"].clone()), with_kwargs=True
    )
    try:
        (nurses,) = text.clip_text.named_words(clip, prompt, "nurses", NODE)
        text.clip_text.encode(clip, prompt)
    finally:
        hook.remove()
    tokens = [token[0] for chunk in next(iter(clip.tokenize(prompt).values())) for token in chunk]
    if not any(map(torch.is_tensor, tokens)):
        pytest.skip("this host gives this text encoder no embeddings")
    (name,) = clip.tokenize(prompt)
    pieces = text.clip_words.tokenizer_of(clip, name).inv_vocab
    at = [i for i, token in enumerate(tokens) if not torch.is_tensor(token) and pieces[token].strip("Ġ▁") == "nurses"]
    assert sum(map(torch.is_tensor, tokens)) == 2 and len(at) == len(nurses.positions) == 1
    assert nurses.positions[0] == at[0] - (0 if width == tiny_texts.WIDTH else 2)
    table = encoder.transformer.get_input_embeddings().weight
    assert torch.equal(read[-1][0, nurses.positions[0]], table[tokens[at[0]]])


def changed(clip, change):
    """A clone of the CLIP whose encoder's features a pack changes."""
    clip = clip.clone()
    (encoder,) = [m for m in clip.cond_stage_model.children() if hasattr(m, "encode_token_weights")]
    encode = encoder.encode_token_weights

    def other(pairs):
        context, *rest = encode(pairs)
        return (change(context), *rest)

    encoder.encode_token_weights = other
    return clip, encoder


@pytest.mark.parametrize("family", ["Z-Image"], scope="module")
def test_features_that_a_pack_changes_are_told_by_their_number(host, text, clip):
    """Every token has a row still; where rows are added that cannot be followed, nothing is guessed."""
    (plain,) = text.clip_text.named_words(clip, "a photo of two doctors", "doctors", NODE)
    for change, told in ((lambda z: z - z.mean(), True), (lambda z: torch.cat([z.mean(1, True), z], 1) + 0.5, False)):
        patched, encoder = changed(clip, change)
        try:
            if told:
                (found,) = text.clip_text.named_words(patched, "a photo of two doctors", "doctors", NODE)
                assert found.positions == plain.positions
            else:
                with pytest.raises(ValueError, match="cannot be told: ZImageTEModel_ mixes the features of its tokens"):
                    text.clip_text.named_words(patched, "a photo of two doctors", "doctors", NODE)
        finally:
            del encoder.encode_token_weights


@pytest.mark.parametrize("family", ["Flux"], scope="module")
def test_nothing_is_left_behind(host, text, clip):
    """The encoders are the host's own again, also when the encoding fails, and what they give is what it was."""
    prompt = "a photo of two doctors"
    before = clip.encode_from_tokens(clip.tokenize(prompt))
    text.clip_text.word_rows(clip, prompt, NODE)
    with pytest.raises(ValueError, match="cannot be followed"):
        text.text_rows.token_rows(clip, {"l": [[(1, 1.0)]]})  # no T5
    for encoder in text.text_rows.encoders(clip):
        assert "forward" not in vars(encoder) and not encoder._forward_hooks
    assert torch.equal(clip.encode_from_tokens(clip.tokenize(prompt)), before)


def test_features_that_are_mixed_are_refused_though_the_first_is_a_token_s_number(text):
    """A row of one token's number, one beside another's, and one in which an encoder has mixed the two."""
    by_token, places = text.text_rows.by_token, [("l", 0), ("l", 1)]
    rows = torch.tensor([[[1.0, 1.0, 1.0], [1.0, 2.0, 2.0], [0.0, 0.0, 0.0]]])
    assert by_token(rows, places, "CLIP") == {("l", 0): (0, 1), ("l", 1): (1,)}
    mixed = torch.tensor([[[1.0, 1.5, 0.5], [2.0, 2.0, 2.0]]])
    with pytest.raises(text.text_rows.Untold, match="CLIP mixes the features of its tokens"):
        by_token(mixed, places, "CLIP")
