"""The kind of each word of a prompt (noun, adjective, verb, ...), from lists, endings and the words around it."""

from collections.abc import Sequence

from . import lexicon, nouns
from .attributes import attribute_axis
from .numbers import number
from .origins import COLOURS, is_origin
from .verbs import begins_object, disagrees, is_finite, is_of_several, is_title_of_one, is_verb_by_place, verb_of
from .vocabulary import ADJECTIVE_ENDS, FINITE, KIND, NOUN_ENDS, PHRASE_ENDS

_ARTICLES = ("a", "an", "the", "his", "her", "its", "their")
_CLOSED = ("prep", "be", "stop", "pronoun", "adverb", "det")


def kinds_of(words: Sequence[str]) -> list[str]:
    """One of noun, adjective, participle, verb, be, adverb, num, det, prep, cc, pronoun, possessive, comma, stop each."""
    kinds: list[str] = []
    for i in range(len(words)):
        kinds.append(_kind(words, i, kinds))
    return kinds


def _kind(words: Sequence[str], i: int, kinds: Sequence[str]) -> str:
    """The kind of word i, those before it being known; a noun when nothing else is known."""
    word, lower = words[i], words[i].lower()
    before, previous = (kinds[-1], words[i - 1]) if i else ("", "")
    following = words[i + 1].lower() if i + 1 < len(words) else ""
    if not word[0].isalnum():
        return "possessive" if word[0] in "'’" else "comma" if word == "," else "stop"
    if (lower, lexicon.singular(following)) in lexicon.IN_COMPOUND:
        return "noun"
    if before == "noun" and (previous.lower(), lexicon.singular(lower)) in lexicon.IN_COMPOUND:
        return "noun"
    if lower not in ("a", "an") and number(lower) is not None:
        return "num"
    if lower == "that" or lower == "her":
        return "pronoun" if lower == "that" and before == "noun" else "det"
    if _stands_alone(words, i, before):
        return "noun"
    after_person_noun = before == "noun" and _is_person_so_far(words, i, kinds)
    after_people = after_person_noun or before == "pronoun"
    if lower.endswith("ing") and after_person_noun:
        if KIND.get(following) in ("det", "prep") or verb_of(lower) in FINITE:
            return "participle"
    if lower.endswith("ing") and before == "noun" and following in _ARTICLES and len(lower) > 5:
        return "participle"  # "hands setting a diamond"
    if lower == "light" and before == "noun":  # "pilot light"
        return "noun"
    if lower in ("deputy", "assistant", "trainee", "apprentice") and lexicon.is_person(following):
        return "noun"  # "a deputy mayor"
    if word[0] > "\u2e7f" and following.isascii():  # "a 花魁 courtesan"
        return "adjective"
    if lower.startswith("mid-"):  # "a surfer mid-jump", "a mid-century house"
        return "adverb" if before == "noun" else "adjective"
    if before == "noun" and is_title_of_one(words, i, kinds):
        return "noun"
    if lower in FINITE or lower in nouns.ALSO_VERBS or lexicon.singular(lower) in nouns.ALSO_VERBS:
        return (
            "verb"
            if is_finite(words, i, before, after_people) or after_people and begins_object(words, i, kinds)
            else KIND.get(lower, "noun")
            if lower in _LOOKS
            else "noun"
        )
    if after_person_noun and is_of_several(words, i):
        return "verb"
    if lower in KIND:
        bare = KIND[lower] == "adjective" and before == "det"  # "a square with corners"
        return "noun" if bare and (KIND.get(following) in ("prep", "be") or following in ("", ".")) else KIND[lower]
    if after_person_noun and (disagrees(words, i, kinds) or begins_object(words, i, kinds)):
        return "verb"
    if lexicon.is_person(lower) and attribute_axis(lower) is None:
        return "noun"
    if lower.count("-") > 1 and attribute_axis(lower) is None:  # "stay-at-home"
        return "adjective"
    if attribute_axis(lower, lexicon.singular(following)) or is_origin(lower):
        return "noun" if lexicon.is_person(lower) and lexicon.stated_by_noun(lower) else "adjective"
    if after_person_noun and is_verb_by_place(words, i):
        return "verb"
    if lower.endswith("ing") and len(lower) > 4 or lower.endswith("ed") and len(lower) > 4 and before == "noun":
        return "participle"
    if lower.endswith("ly") and len(lower) > 4 and not lower.endswith("fly"):
        return "adverb"
    trade = lower.endswith(("ntry", "stry", "etry", "alry", "elry", "llery", "ttery", "kery", "cery", "gery"))
    if lower.endswith(NOUN_ENDS) and len(lower) > 6:  # "quantity surveyor"
        return "noun"
    if trade and len(lower) > 5:  # "light infantry soldier"
        return "noun"
    if "-" in lower and KIND.get(lower.rpartition("-")[2]) == "participle":  # "black-clad"
        return "adjective"
    if (
        before == "adverb" and previous.lower().endswith("ly") and lower.endswith("en") and following
    ):  # "freshly shaven"
        return "adjective"
    adjective = lower.endswith(ADJECTIVE_ENDS) and not lower.endswith(("ay", "ey", "oy", "fly")) and len(lower) > 4
    if adjective and before in ("det", "possessive", "adjective") and not _goes_on(following):  # "a soldier's sandal"
        return "noun"
    return "adjective" if adjective else "noun"


def _goes_on(following: str) -> bool:
    """Whether a noun phrase may go on with this word: not with a mark, a preposition or a verb form."""
    return (
        bool(following)
        and following not in PHRASE_ENDS
        and KIND.get(following) not in ("prep", "be", "stop", "pronoun")
    )


_LOOKS = frozenset(word for word in FINITE if KIND.get(word) in ("adjective", "participle"))


def _is_person_so_far(words: Sequence[str], i: int, kinds: Sequence[str]) -> bool:
    """Whether the noun that ends before word i is a person noun: "sheet metal worker", not "record player"."""
    first = i
    while first > 0 and kinds[first - 1] == "noun":
        first -= 1
    return lexicon.is_person(" ".join(words[first:i]))


def _stands_alone(words: Sequence[str], i: int, before: str) -> bool:
    """Whether a word that mostly describes names people here: "an adult", "two Americans", "a male and a female doctor".

    It follows an article or a number, and nothing follows that it could describe.
    """
    lower = words[i].lower()
    introduced = before == "det" or before == "num" and words[i - 1].lower() not in ("both", "all")
    nominal = lexicon.is_person(lower) or is_origin(lower) and lower not in COLOURS
    elliptical = attribute_axis(lower) is not None
    if before == "cc" and i > 1 and lexicon.is_person(words[i - 2]) and lexicon.is_person(lower):
        before = "adjective"  # "doctor and patient"
    if not introduced:
        nominal, elliptical = before in ("adjective", "participle") and lexicon.is_person(lower), False
    if KIND.get(lower) not in ("adjective", None) or not (nominal or elliptical):
        return False
    following, then = [*(word.lower() for word in words[i + 1 : i + 3]), "", ""][:2]
    if following in ("and", "or", "&"):
        again = KIND.get(then) == "det" or number(then) is not None
        return again or nominal and lexicon.is_person(then) and attribute_axis(then) is None
    acts = following.endswith("s") and KIND.get(following) is None and KIND.get(then) == "det"
    ends = acts or following in PHRASE_ENDS or following[:1] in "'’" or KIND.get(following) in _CLOSED
    if not introduced:
        return ends
    return nominal and (
        ends
        or following.endswith("ing")
        and KIND.get(following) is None
        or following in FINITE
        and not lexicon.is_person(following)
    )
