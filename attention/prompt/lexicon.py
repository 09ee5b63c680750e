"""Which nouns name people, in which number: the lists of occupations and people, and rules for what they leave out."""

import re

from . import things
from .nouns import AGED, COLLECTIVES, GENDERED, PEOPLE, TITLES, WEAK
from .occupations import AFTER_A_NOUN, AGENT_VERBS, ENDINGS, NOT_ALONE, NOT_BY_ENDING, OCCUPATIONS
from .origins import COLOURS, NATIVES, OF_WOMEN, ORIGINS
from .roles import ROLES

_IRREGULAR = {
    "people": "person",
    "persons": "person",
    "passersby": "passerby",
    "passers-by": "passerby",
    "spies": "spy",
    "thieves": "thief",
    "wives": "wife",
    "housewives": "housewife",
    "midwives": "midwife",
    "feet": "foot",
    "teeth": "tooth",
    "personnel": "employee",
    "police": "police officer",
    "paparazzi": "paparazzo",
    "alumni": "alumnus",
    "folks": "folk",
    "women": "woman",
    "men": "man",
}
_TAG = re.compile(r"(\d+)\+?(girl|boy|man|woman|guy|lady|person|other|male|female|child|kid|people|men|women)s?")
_PREFIX = re.compile(r"(?:vice|co|ex|deputy|step|great|arch|half|non|semi)-(?=\w)")
_IN_SEVERAL = re.compile(r"^\w+-(?:in|at|of|to)-\w")
_SINGLE = {entry.rpartition(" ")[2] for entry in OCCUPATIONS} - NOT_ALONE
_ALL_NOUNS = OCCUPATIONS | _SINGLE | PEOPLE | GENDERED | WEAK | ROLES
IN_COMPOUND = {  # "civil" before "engineer", "conditioning" before "installer": neighbours in listed compounds
    pair for entry in OCCUPATIONS for pair in zip(entry.split(), entry.split()[1:], strict=False)
}
_FROM = ORIGINS - COLOURS  # "two Germans"


def singular(noun: str) -> str:
    """ "Women" -> "woman", "police officers" -> "police officer": the singular in lower case, of nouns in general."""
    first, space, word = noun.lower().rpartition(" ")
    return first + space + _singular(word)


def _singular(word: str) -> str:
    if _IN_SEVERAL.search(word):  # "ladies-in-waiting"
        first, rest = word.split("-", 1)
        return f"{_singular(first)}-{rest}"
    if word in ORIGINS or word in TITLES:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("people") and word != "people":
        return word[:-6] + "person"
    if word.endswith("children"):
        return word[:-3]
    if word in NOT_BY_ENDING:
        return word
    if word.endswith("men") and (word[:-3] + "man" in _ALL_NOUNS or _ends_as_people(word[:-3] + "man")):
        return word[:-3] + "man"
    if word in _ALL_NOUNS or not word.endswith("s"):
        return word
    if word.endswith(("ss", "us", "is")):  # "rabbis", "gurus", but "bus"
        return word[:-1] if word[:-1] in _ALL_NOUNS else word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if (
        word.endswith(("sses", "ches", "shes", "xes"))
        or word.endswith("es")
        and word[:-2] in _ALL_NOUNS
        and word[:-1] not in _ALL_NOUNS
    ):
        return word[:-2]
    return word[:-1]


def is_plural(word: str) -> bool:
    """Whether the noun denotes several people: "doctors", "people", and collectives such as "team" or "couple"."""
    lower = word.lower()
    tag = _TAG.fullmatch(lower)
    return int(tag[1]) != 1 if tag else singular(lower) != lower or lower in COLLECTIVES


def is_listed(noun: str) -> bool:
    """Whether a noun or compound is in the lists as it is: "police officers" is, "car mechanics" is not."""
    return singular(noun) in _ALL_NOUNS


def is_person(noun: str) -> bool:
    """Whether a noun, or the noun a compound ends in ("car mechanics"), names people; "face" counts, as somebody's."""
    words = singular(noun).split()
    if not words:
        return False
    for first in range(len(words) - 1):
        ending = " ".join(words[first:])
        if ending in OCCUPATIONS:
            return True
        if ending in things.COMPOUNDS:
            return False
    last = words[-1]
    if last == "diner" and noun.lower().endswith("diners"):  # one is the restaurant
        return True
    if last in AFTER_A_NOUN and len(words) > 1:
        return True
    if any(word in things.TOYS or word in things.MATERIALS and not _is_trade(last) for word in words[:-1]):
        return False
    if _IN_SEVERAL.search(last):
        return is_person(last.partition("-")[0])
    if "-" in last and last not in _ALL_NOUNS:
        return _ends_as_people(last) or is_listed(last.rpartition("-")[2])  # "singer-songwriter"
    return last in _ALL_NOUNS or is_tag(last) or _ends_as_people(last) or _is_native(noun.split()[-1])


def _is_trade(noun: str) -> bool:
    """Whether a noun may name who works with what is named before it: "glass artist", but "glass soldier"."""
    return noun.endswith(("er", "or", "ist")) and noun not in ("soldier", "dancer", "warrior")


def is_tag(word: str) -> bool:
    """Whether a word is a picture board's tag for people: "1girl", "2boys"."""
    return _TAG.fullmatch(word.lower()) is not None


def tag(word: str) -> tuple[int, str] | None:
    """(number, person noun) of such a tag: "2boys" -> (2, "boy"), "6+boys" as well; None for another word."""
    match = _TAG.fullmatch(word.lower())
    return (int(match[1]), singular(match[2])) if match else None


def _is_native(word: str) -> bool:
    """Whether a word names people by their origin: "Germans", "Frenchman" (by its ending), not "German"."""
    lower = word.lower()
    return lower in NATIVES or lower.endswith("s") and lower[:-1] in _FROM | NATIVES


def _ends_as_people(word: str) -> bool:
    """The suffix rules: "beekeeper", "oboist" (by -ist), "yachtswoman", "ex-soldier", "weaver" (of a verb)."""
    if word in NOT_BY_ENDING or word in things.WITH_FACES:
        return False
    prefix = _PREFIX.match(word)
    if prefix:
        return is_person(word[prefix.end() :])
    if word.endswith(ENDINGS) and not word.endswith("human") and word not in ENDINGS:
        return len(word) > 5
    if word.endswith("ist") and len(word) > 5 or word.endswith("eer") and len(word) > 6:
        return True
    stems = {word[:-2], word[:-1], word[:-3] + "y"} | ({word[:-3]} if len(word) > 4 and word[-3] == word[-4] else set())
    return word.endswith(("er", "or", "ier")) and bool(stems & AGENT_VERBS)


def stated_by_noun(noun: str) -> tuple[tuple[str, str], ...]:
    """(axis, word) that a person noun states by itself: "businesswoman" a gender, "boy" a gender and an age."""
    tagged = tag(noun)
    if tagged:
        return (("gender", noun),) if tagged[1] in GENDERED else ()
    word = singular(noun)
    gendered = word in GENDERED or word.endswith(("boy", "girl")) and word in _ALL_NOUNS
    gendered = gendered or word.endswith("man") and _ends_as_people(word) or word in OF_WOMEN or word[:-1] in OF_WOMEN
    native = _is_native(noun) or _man_of(word)
    stated = (("gender", gendered), ("age", word in AGED), ("race", native))
    return tuple((axis, noun) for axis, is_stated in stated if is_stated)


def is_of_women(noun: str) -> bool:
    """Whether a noun that states a gender states that of women: "fisherwoman", "aunts", "2girls"."""
    tagged = tag(noun)
    return (tagged[1] if tagged else singular(noun)).endswith(_OF_WOMEN)


_OF_WOMEN = (
    "woman", "girl", "female", "lady", "gal", "mother", "mom", "mommy", "mum", "mama", "grandma", "granny", "daughter",
    "sister", "aunt", "auntie", "niece", "wife", "bride", "queen", "dame", "nun", "ballerina", "bridesmaid", "ess",
    "heroine", "witch", "widow", "mermaid", "maid", "matriarch", "maiden", "damsel", "lass", *OF_WOMEN,
)  # fmt: skip


def _man_of(word: str) -> bool:
    stem = word.removesuffix("woman").removesuffix("man") if word.endswith("man") else ""
    return stem in _FROM or stem in ("scots", "ulster", "manx")
