"""Number words of a prompt, to a hundred and a little beyond: "fifteen", "twenty-one", "half a dozen", "2"."""

import re

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {word: n for n, word in enumerate((*_UNITS, *_TEENS))}
_WORDS |= {word: 10 * n for n, word in enumerate(_TENS, start=2)}
_WORDS |= {
    f"{tens}{dash}{unit}": 10 * t + u
    for t, tens in enumerate(_TENS, start=2)
    for u, unit in enumerate(_UNITS[1:10], start=1)
    for dash in "- "
}
_ONE = {"a": 1, "an": 1, "one": 1, "single": 1, "lone": 1}
_ROUND = {"dozen": 12, "hundred": 100, "thousand": 1000}

# A number written in several words, as the parsers are to see it: one word.
PHRASE = re.compile(
    rf"\b(?:half[ -](?:a[ -])?dozen|(?:a )?couple dozen|(?:a|one|two|three|four|five|2|3|4|5) (?:dozen|hundred|thousand)"
    rf"|(?:{'|'.join(_TENS)}) (?:{'|'.join(_UNITS[1:10])}))\b",
    re.IGNORECASE,
)


def number(text: str) -> int | None:
    """ "two" -> 2, "2" -> 2, "a" -> 1, "twenty-one" -> 21, "half a dozen" -> 6; None for what is no number."""
    words = " ".join(text.lower().split())
    if words.isdecimal():
        return int(words)
    if words in _WORDS or words in _ONE:
        return _WORDS.get(words, _ONE.get(words))
    if words == "both":
        return 2
    if words in _ROUND:
        return _ROUND[words]
    first, _, last = words.replace("-", " ").rpartition(" ")
    if last == "dozen" and first in ("half", "half a"):
        return 6
    if last == "dozen" and first in ("couple", "a couple"):
        return 24
    times = number(first) if first else None
    return times * _ROUND[last] if times is not None and last in _ROUND else None


QUANTITIES: dict[str, int | None] = {  # "a ... of doctors": how many; None: not said
    "couple": 2,
    "pair": 2,
    "duo": 2,
    "trio": 3,
    "quartet": 4,
    "foursome": 4,
    "quintet": 5,
    "dozen": 12,
    "hundred": None,
    **dict.fromkeys(
        """group bunch lot number line row queue party pack swarm gang circle ring bevy gathering handful crush score
        cluster series set selection collection mix mixture variety class parade procession throng mob horde host army
        thousand million ton pile pool panel squad troupe
        flock sea wall stream busload roomful""".split()
    ),
}
