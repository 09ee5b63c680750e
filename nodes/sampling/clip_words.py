"""Words of a prompt as tokens of each encoder of the wired CLIP, by that encoder's own vocabulary."""

from numbers import Integral

from comfy.sd import CLIP

from ...attention.prompt.matching import frame_of, token_spans
from ...attention.prompt.pieces import spelling_of
from ...attention.prompt.tokens import special_positions

INSIDE = "qxzvjk"  # a prompt whose letters no template has, to see what a tokenizer puts around every prompt


def encoder_spans(clip: CLIP, prompt: str, encoder: str, chunks: list) -> list[tuple[int, int, int]]:
    """(how manieth token of this encoder, start, end in the prompt) of each token that is text of the prompt."""
    tokenizer = tokenizer_of(clip, encoder)
    spelling = spelling_of(tokenizer.inv_vocab.values())
    inside = clip.tokenize(INSIDE, return_word_ids=True)[encoder]
    frame = frame_of(INSIDE, pieces_of(tokenizer, inside), spelling)
    return token_spans(prompt, pieces_of(tokenizer, chunks), spelling, frame)


def tokenizer_of(clip: CLIP, encoder: str):
    """The host's tokenizer of one encoder: the attribute of that name, or the only one."""
    own = {name: value for name, value in vars(clip.tokenizer).items() if hasattr(value, "inv_vocab")}
    named = [own[name] for name in (encoder, f"clip_{encoder}") if name in own]
    return (named or list(own.values()))[0]


def pieces_of(tokenizer, chunks: list) -> list[tuple[int, str]]:
    """(how manieth token, its piece) of what is text: no embedding, no start, end or padding token, none of unknown letters."""
    special = {tokenizer.start_token, tokenizer.end_token, tokenizer.pad_token}
    unknown = getattr(tokenizer.tokenizer, "unk_token", None) or "<unk>"
    pieces = []
    for index, (token, _, *word) in enumerate(token for chunk in chunks for token in chunk):
        is_text = word[0] > 0 if word else token not in special  # word 0: start, end, padding
        piece = tokenizer.inv_vocab.get(token) if isinstance(token, Integral) and is_text else None
        if piece is not None:
            pieces.append((index, "" if piece == unknown else piece))
    return pieces


def special_places(clip: CLIP, name: str, encoder: str, chunks: list) -> tuple[int, ...]:
    """How manieth of an encoder's tokens "<start>" or "<end>" is, in each chunk; () if it has none."""
    tokenizer = tokenizer_of(clip, encoder)
    marked = [[(token, bool(word and word[0])) for token, _, *word in chunk] for chunk in chunks]
    return special_positions(name, marked, tokenizer.start_token, tokenizer.end_token)
