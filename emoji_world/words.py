"""Caption words as token ids."""

from collections.abc import Sequence

from .captions import KNOWN_WORDS
from .model import END, START


class Words:
    """Caption words -> token ids by the host's CLIP tokenizer, word by word (its merges never cross a space).

    While training, ids are numbered within the captions' own vocabulary: `tokens[n]` is CLIP's id of our number n.
    """

    def __init__(self, known: Sequence[str] = KNOWN_WORDS) -> None:
        import comfy.sd1_clip

        tokenizer = comfy.sd1_clip.SD1Tokenizer().clip_l.tokenizer
        ids = {word: tokenizer(word)["input_ids"][1:-1] for word in known}
        self.tokens = sorted({START, END}.union(*ids.values()))
        number = {token: n for n, token in enumerate(self.tokens)}
        self.pieces = {word: [number[i] for i in pieces] for word, pieces in ids.items()}
        self.start, self.end = number[START], number[END]
