"""The letters that the pieces of a tokenizer spell, and which piece has which of them.

Tokenizers spell in three ways, which their vocabularies tell apart: bytes under printable names (GPT-2, CLIP, Qwen, LLaMA 3,
Mistral: "Ġdoctor", "doctor</w>"), SentencePiece (T5, Gemma: "▁doctor", bytes as "<0xE5>"), WordPiece (BERT: "doc", "##tor").
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import Enum

TOGETHER = 8  # pieces that are tried for whole letters (one letter has at most four bytes)
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class Spelling(Enum):
    """How a vocabulary's pieces are written."""

    BYTES = "byte-level"
    SENTENCES = "SentencePiece"
    WORDS = "WordPiece"


def spelling_of(vocabulary: Iterable[str]) -> Spelling:
    """How these pieces are written. The space tells: no byte-level vocabulary has "▁", and only such a one must have "Ġ"."""
    pieces = set(vocabulary)
    if "▁" in pieces:
        return Spelling.SENTENCES
    if "Ġ" not in pieces and any(piece.startswith("##") and piece[2:].isalpha() for piece in pieces):
        return Spelling.WORDS
    return Spelling.BYTES


def fold(character: str) -> str:
    return character.lower() if len(character.lower()) == 1 else character


def folded(character: str) -> str:
    """The letters by which a character is compared: its parts, small ("É" is e and an accent, "…" three dots).

    None for spaces and for what is never seen (joiners, marks of direction): tokenizers clean those up.
    """
    parts = unicodedata.normalize("NFKD", character)
    return "".join(fold(part) for part in parts if not part.isspace() and not unseen(part))


def unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf")


def letters_of(
    pieces: list[tuple[int, str]], spelling: Spelling = Spelling.BYTES
) -> tuple[list[str], list[tuple[int, range]]]:
    """The letters all pieces spell together, and (position, its letters among them) of each piece."""
    letters: list[str] = []
    owned: list[tuple[int, range]] = []
    i = 0
    while i < len(pieces):
        text, sizes = _whole_letters([piece for _, piece in pieces[i : i + TOGETHER]], spelling)
        start = len(letters)
        of_byte: list[range] = []  # byte -> the letters of its character
        for character in text:
            parts = folded(character)
            of_byte += [range(len(letters), len(letters) + len(parts))] * len(character.encode())
            letters += parts
        begin = 0
        for (position, _), size in zip(pieces[i : i + len(sizes)], sizes, strict=True):
            touched = [own for own in of_byte[begin : begin + size] if own]
            owned.append((position, range(touched[0].start, touched[-1].stop) if touched else range(start, start)))
            begin += size
        i += len(sizes)
    return letters, owned


def byte_letters() -> dict[str, int]:
    """The printable stand-in of each byte in byte-level BPE vocabularies (GPT-2, CLIP) -> that byte."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


BYTES = byte_letters()


def _whole_letters(pieces: list[str], spelling: Spelling) -> tuple[str, list[int]]:
    """The text of the first piece, with as many of the next as its last letter needs; and the bytes of each of them.

    "cafÃ©</w>" -> "café". A piece whose bytes never become whole letters spells nothing; one that is not written in bytes
    (a special token) is read as it is. Both alone.
    """
    sizes: list[int] = []
    joined = b""
    for piece in pieces:
        spelled = _bytes(piece, spelling)
        if spelled is None:
            break
        joined += spelled
        sizes.append(len(spelled))
        try:
            return joined.decode("utf-8"), sizes
        except UnicodeDecodeError:
            continue
    if sizes:
        return "", [0]
    text = pieces[0].replace("▁", " ") if spelling is Spelling.SENTENCES else pieces[0]
    text = text.removeprefix("##") if spelling is Spelling.WORDS else text
    return text, [len(text.encode())]


def _bytes(piece: str, spelling: Spelling) -> bytes | None:
    """The bytes a piece stands for; None if it is written in letters."""
    if spelling is Spelling.SENTENCES:
        byte = _BYTE.fullmatch(piece)
        return bytes([int(byte[1], 16)]) if byte else None
    text = piece.removesuffix("</w>")
    if spelling is Spelling.WORDS or not all(character in BYTES for character in text):
        return None
    return bytes(BYTES[character] for character in text)
