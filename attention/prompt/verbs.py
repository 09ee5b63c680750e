"""Which words after people are their verbs: "a man cooks dinner", "a farmer harvests wheat"; not "a cook", "a farmer's boots"."""

from collections.abc import Sequence

from . import lexicon, nouns, things
from .vocabulary import FINITE, KIND, PAST, PHRASE_ENDS


def is_finite(words: Sequence[str], i: int, before: str, after_people: bool) -> bool:
    """Whether a word that may be a verb is one here: "a man cooks dinner", but not "a cook", "a firefighter drill"."""
    lower = words[i].lower()
    following = words[i + 1].lower() if i + 1 < len(words) else ""
    if after_people and before == "noun" and (words[i - 1].lower(), lexicon.singular(lower)) in lexicon.IN_COMPOUND:
        return False
    if after_people:
        thing = _is_thing(lower) and before == "noun"
        if thing and not lexicon.is_plural(words[i - 1]):
            return KIND.get(following) == "det" or lower in FINITE and following in _AFTER_VERBS
        return lower in FINITE or following not in ("", ",", "and", ".")
    acts = lower in PAST or lower.endswith("s") and lower in FINITE
    return before == "noun" and acts and (KIND.get(following) == "det" or lexicon.is_person(following))


_AFTER_VERBS = frozenset(
    "through from at over into onto toward towards across as while along up down out off away".split()
)


def is_verb_by_place(words: Sequence[str], i: int) -> bool:
    """Whether an unknown word right after a person noun is its verb: "a farmer harvests wheat", "a man sips a latte".

    After "a farmer" a word in -s is no noun that goes with it, unless it is a thing that people's nouns describe
    ("the cowboy boots"); a plural is hardly ever followed by a noun of its own; an article begins the object.
    """
    lower, previous = words[i].lower(), words[i - 1]
    following = words[i + 1].lower() if i + 1 < len(words) else ""
    thing = _is_thing(lower) or lexicon.singular(lower) in nouns.BODY
    named = words[i][:1].isupper() and previous.lower() in nouns.TITLES
    if named or (previous.lower(), lexicon.singular(lower)) in lexicon.IN_COMPOUND:
        return False
    if KIND.get(following) == "det":
        return True
    if thing or lower.endswith(("ing", "ed", "ly")):
        return False
    if lexicon.singular(previous) != previous.lower():
        return True
    first = i - 1
    while (
        first > 0
        and words[first - 1][:1].isalnum()
        and KIND.get(words[first - 1].lower()) in (None, "noun", "adjective")
    ):
        first -= 1
    bare = first == 0 or not words[first - 1][:1].isalnum()
    if bare and (following in PHRASE_ENDS or KIND.get(following) == "prep"):  # "baby carrots in a bowl"
        return False
    return lower.endswith("s") and not lower.endswith(("ss", "us", "is")) and len(lower) > 3


def is_of_several(words: Sequence[str], i: int) -> bool:
    """Whether a noun is what several people do to an object: "firefighters battle a blaze", "commuters crowd the platform"."""
    lower, following = words[i].lower(), words[i + 1].lower() if i + 1 < len(words) else ""
    people = lower not in KIND and lexicon.is_person(lower) and lexicon.singular(lower) == lower
    noun = KIND.get(lower) == "noun" or people
    return noun and lexicon.is_plural(words[i - 1]) and KIND.get(following) == "det"


def disagrees(words: Sequence[str], i: int, kinds: Sequence[str]) -> bool:
    """Whether a word in -s cannot go on a phrase with "a": "an engineer tinkers with a robot"."""
    return _is_of_one(words, i, kinds) and not _is_thing(words[i].lower())


def begins_object(words: Sequence[str], i: int, kinds: Sequence[str]) -> bool:
    """Whether a thing's plural is the verb of one person, as its object follows: "a potter shapes wet clay"."""
    following = words[i + 1].lower() if i + 1 < len(words) else ""
    goes_on = KIND.get(following) in ("adjective", "det")
    mirrored = following.endswith(("self", "selves"))
    return _is_of_one(words, i, kinds) and words[i].lower() not in things.THINGS and (goes_on or mirrored)


def _is_of_one(words: Sequence[str], i: int, kinds: Sequence[str]) -> bool:
    """Whether a word in -s stands behind a phrase with "a" or "an"."""
    first = _phrase_before(i, kinds)
    article = first > 0 and words[first - 1].lower() in ("a", "an")
    return article and words[i].endswith("s") and lexicon.singular(words[i]) == words[i].lower()[:-1]


def is_title_of_one(words: Sequence[str], i: int, kinds: Sequence[str]) -> bool:
    """Whether a person noun that is a verb as often goes on the phrase: one person's verb would end in -s.

    "a pirate captain", "a woman pilot"; not "a man and a woman cook", "two nurses guard a door".
    """
    lower, previous = words[i].lower(), words[i - 1]
    if (
        lower not in FINITE
        and lower not in nouns.ALSO_VERBS
        or not lexicon.is_person(lower)
        or lexicon.is_plural(lower)
    ):
        return False
    first = _phrase_before(i, kinds)
    one = first > 0 and words[first - 1].lower() in ("a", "an", "one")
    joined = first > 1 and kinds[first - 2] == "cc"
    return one and not joined and lexicon.is_person(previous) and not lexicon.is_plural(previous)


def _phrase_before(i: int, kinds: Sequence[str]) -> int:
    """Where the nouns and what describes them begin that end before word i."""
    while i > 0 and kinds[i - 1] in ("noun", "adjective", "participle"):
        i -= 1
    return i


def _is_thing(word: str) -> bool:
    return word in things.THINGS or lexicon.singular(word) in things.THINGS


def verb_of(participle: str) -> str:
    """ "cooking" -> "cook", "dancing" -> "dance", "running" -> "run": a verb of the lists, else the word without -ing."""
    stem = participle.removesuffix("ing")
    doubled = stem[:-1] if stem[-2:-1] == stem[-1:] else stem
    return next((verb for verb in (stem, stem + "e", doubled) if verb in FINITE), stem)
