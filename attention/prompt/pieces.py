"""The letters that the pieces of a byte-level tokenizer (GPT-2, CLIP) spell, and which piece has which of them."""

TOGETHER = 8  # pieces that are tried for whole letters (one letter has at most four bytes)


def fold(character: str) -> str:
    return character.lower() if len(character.lower()) == 1 else character


def letters_of(pieces: list[tuple[int, str]]) -> tuple[list[str], list[tuple[int, range]]]:
    """The letters all pieces spell together, and (position, its letters among them) of each piece."""
    letters: list[str] = []
    owned: list[tuple[int, range]] = []
    i = 0
    while i < len(pieces):
        text, sizes = _whole_letters([piece for _, piece in pieces[i : i + TOGETHER]])
        start = len(letters)
        letters += [fold(character) for character in text]
        of_byte = [start + n for n, character in enumerate(text) for _ in character.encode()]  # byte -> its letter
        begin = 0
        for (position, _), size in zip(pieces[i : i + len(sizes)], sizes, strict=True):
            touched = of_byte[begin : begin + size]
            owned.append((position, range(touched[0], touched[-1] + 1) if touched else range(start, start)))
            begin += size
        i += len(sizes)
    return letters, owned


def byte_letters() -> dict[str, int]:
    """The printable stand-in of each byte in byte-level BPE vocabularies (GPT-2, CLIP) -> that byte."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


BYTES = byte_letters()


def _whole_letters(pieces: list[str]) -> tuple[str, list[int]]:
    """The text of the first piece, with as many of the next as its last letter needs; and the bytes of each of them.

    "cafÃ©</w>" -> "café". A piece that is not byte-level, or never becomes whole letters, is read as it is, alone.
    """
    sizes: list[int] = []
    joined = b""
    texts = ["".join(piece.removesuffix("</w>").split()) for piece in pieces]
    for text in texts:
        if not all(character in BYTES for character in text):
            break
        joined += bytes(BYTES[character] for character in text)
        sizes.append(len(text))
        try:
            return joined.decode("utf-8"), sizes
        except UnicodeDecodeError:
            continue
    return texts[0], [len(texts[0].encode())]
