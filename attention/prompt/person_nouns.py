"""Which nouns of a prompt's tree are people to be seen."""

from collections.abc import Sequence

from . import lexicon, nouns, things
from .attributes import attribute_axis
from .evidence import evidence
from .faces import is_of_things
from .names import is_of_a_name, is_of_a_title, is_of_an_animal, is_surname, name_after
from .numbers import QUANTITIES, number
from .origins import COLOURS, is_origin
from .rules_parser import Node
from .tree import children, compound_start, is_clause, object_of, phrase, reaches_people, subject_of
from .vocabulary import POSSESSIVES

_SUITS = frozenset("hearts heart spades spade clubs club diamonds diamond".split())
_CARDS = frozenset("king queen jack knave ace page knight".split())
_PIECES = frozenset("king queen knight bishop pawn rook".split())
_CHESS = frozenset("chess chessboard chessmen chesspieces rook rooks pawn pawns checkmate".split())
_MAKERS = frozenset(
    "artist painter photographer illustrator sculptor architect designer author animator child kid".split()
)


def names_people(tree: Sequence[Node], i: int) -> bool:
    """Whether node i is a noun for people to be seen: "doctor", but not that of "doctor's office" or "pilot light"."""
    node, parent = tree[i], tree[tree[i].head]
    lower, word = node.text.lower(), lexicon.singular(node.text)
    if node.kind != "noun" or not _may_name_people(tree, i):
        return False
    if (name := name_after(tree, i)) is not None:
        return not _names_a_thing(tree, name) and all(_depicted(tree, n) for n in (i, name) if _is_object(tree, n))
    if (
        lower in nouns.ABBREVIATED
        or is_of_a_name(tree, i)
        or is_surname(tree, i)
        or is_of_a_title(tree, i)
        or is_of_an_animal(tree, i)
        or _is_named_otherwise(tree, i)
        or _is_thing(tree, i)
    ):
        return False
    governor = lexicon.singular(parent.text)
    described = node.relation == "amod" and not is_elliptical(tree, i)  # "octogenarian sisters"
    if (described or node.relation in ("compound", "nmod")) and node.head > i:
        return governor in nouns.PICTURES
    if node.relation == "poss":
        return governor in nouns.BODY
    if _is_spoken_of_as_a_thing(tree, i):
        return False
    if any(child.text.lower() == "no" for child in children(tree, i, {"det", "neg"})):
        return False
    if word in nouns.FACES and is_of_things(tree, i):
        return False
    if lexicon.singular(node.text) in QUANTITIES and object_of(tree, i) is not None:
        return False  # "a couple of nurses": the nurses are the people
    return not _is_object(tree, i) or _depicted(tree, i)


def _is_object(tree: Sequence[Node], i: int) -> bool:
    return tree[i].relation in ("pobj", "agent")


def _is_spoken_of_as_a_thing(tree: Sequence[Node], i: int) -> bool:
    """Whether what follows says so: "a dishwasher with its door open", "a coach parked", "a maid of honour's bouquet"."""
    following = [node.text.lower() for node in tree[i + 1 : i + 4]]
    if following[:2] in (["with", "its"], ["and", "its"]) or following[:1] and following[0] in _OF_VEHICLES:
        return lexicon.singular(tree[i].text) not in nouns.COLLECTIVES
    possessive = following[:1] == ["of"] and following[2:] and following[2][:1] in "'’" and following[1].islower()
    return bool(possessive) and not lexicon.is_person(following[1])


_OF_VEHICLES = frozenset("parked moored docked towed".split())


def _names_a_thing(tree: Sequence[Node], name: int) -> bool:
    """Whether a thing is called by a name that ends at node `name`: "a Queen Anne house"."""
    after = tree[name + 1] if name + 1 < len(tree) else None
    return after is not None and after.kind == "noun" and after.text.islower() and not lexicon.is_person(after.text)


def _may_name_people(tree: Sequence[Node], i: int) -> bool:
    abbreviated = tree[i].text.lower() in nouns.ABBREVIATED
    return abbreviated or lexicon.is_person(phrase(tree, i)) or _stands_for_people(tree, i)


def _stands_for_people(tree: Sequence[Node], i: int) -> bool:
    """Whether an adjective stands for people: "an American", "an old and a young man"; it was tagged a noun for that."""
    before = tree[i - 1].text.lower() if i else ""
    introduced = before in ("a", "an", "the", "one") or number(before) is not None
    lower = tree[i].text.lower()
    native = (
        is_origin(lower)
        and lower not in COLOURS | {"white russian", "black russian"}
        and tree[i].relation not in ("compound", "nmod")
    )
    return introduced and (native or is_elliptical(tree, i))


def is_elliptical(tree: Sequence[Node], i: int) -> bool:
    """Whether node i is the first adjective of "a male and a female doctor", and so a person of its own."""
    following = [node.text.lower() for node in tree[i + 1 : i + 3]]
    again = len(following) == 2 and following[0] in ("and", "or", "&") and following[1] in ("a", "an", "one")
    before = tree[i - 1].text.lower() if i else ""
    if not again or before not in ("a", "an", "one") or attribute_axis(tree[i].text) is None:
        return False
    return any(lexicon.is_person(node.text) for node in tree[i + 3 : i + 6])


def _is_named_otherwise(tree: Sequence[Node], i: int) -> bool:
    """Whether the word is another thing's name: a "German shepherd", the "viewer" who is looked at, a "queen of hearts"."""
    lower = lexicon.singular(tree[i].text)
    before = " ".join(node.text.lower() for node in tree[max(0, i - 1) : i])
    if f"{before} {lower}" in things.COMPOUNDS or before in things.MATERIALS and tree[i - 1].head == i:
        return not lexicon.is_person(f"{before} {lower}")
    if lower == "viewer" and tree[i].text.lower() == "viewer":
        return before not in ("a", "one")
    if _is_animal(tree, i) or lower in _PIECES and any(node.text.lower() in _CHESS for node in tree):
        return True
    inner = object_of(tree, i)
    return inner is not None and tree[inner].text.lower() in _SUITS and lower in _CARDS


def _is_animal(tree: Sequence[Node], i: int) -> bool:
    """Whether an animal stands before the noun and its adjectives: "raccoon king", but "dog trainer", "cat lady"."""
    word = lexicon.singular(tree[i].text)
    if (
        word in things.ANIMAL_TRADES | nouns.GENERIC
        or lexicon.is_listed(phrase(tree, i))
        and compound_start(tree, i) < i
    ):
        return False
    first = i
    while (
        first > 0
        and (tree[first - 1].kind == "adjective" or lexicon.is_person(tree[first - 1].text))
        and tree[first - 1].text.lower() not in things.ANIMALS
    ):
        first -= 1
    return first > 0 and tree[first - 1].text.lower() in things.ANIMALS and tree[first - 1].kind == "noun"


def _is_thing(tree: Sequence[Node], i: int) -> bool:
    """Whether a noun for people and for others names others: "a family of bears", "a model of a chair", "a fan"."""
    word, inner = lexicon.singular(tree[i].text), object_of(tree, i)
    if inner is not None and not reaches_people(tree, inner):
        several = lexicon.singular(tree[inner].text) != tree[inner].text.lower()
        if word in ("model", "host") or several and word in nouns.COLLECTIVES | {"army", "couple", "ruler"}:
            return True
    start = compound_start(tree, i)
    if word == "staff" and start == i and inner is None and _has_article(tree, i):  # "a wizard with a staff"
        return True
    return word in nouns.WEAK and not evidence(tree, i)


def _has_article(tree: Sequence[Node], i: int) -> bool:
    return any(child.text.lower() in ("a", "an") for child in children(tree, i, {"det"}))


def _depicted(tree: Sequence[Node], i: int) -> bool:
    """Whether the object of a preposition is to be seen: not in "statue of a soldier", "without people", "made by"."""
    preposition = tree[tree[i].head]
    word, governor = preposition.text.lower(), tree[preposition.head]
    if word == "without" or word == "of" and governor.text.lower() == "empty":
        return False
    if word == "of" and lexicon.singular(governor.text) in nouns.NOT_THE_PEOPLE:
        return lexicon.singular(governor.text) in nouns.WEAK and evidence(tree, preposition.head)
    if word == "of" and _is_owner(tree, i, governor):
        return False
    several = lexicon.singular(tree[i].text)
    if word in ("in", "of", "from") and several in nouns.BODIES and several == tree[i].text.lower():
        return not lexicon.is_person(governor.text)  # "an oboist in an orchestra"
    if word == "by":
        by_whom = governor.kind == "noun" and lexicon.singular(tree[i].text) in _MAKERS
        return not by_whom and governor.text.lower() not in things.MADE
    return word not in ("as", "like") or is_clause(tree, i) or subject_of(tree, tree[i].head) is not None


def _is_owner(tree: Sequence[Node], i: int, thing: Node) -> bool:
    """Whether noun i owns what it is the "of" of: "the chair of the director"; "a bus of tourists" holds them."""
    owned = lexicon.singular(thing.text)
    if owned not in _OWNABLE or owned in QUANTITIES:
        return False
    return any(child.text.lower() in _OWNED_BY for child in children(tree, i, {"det", "poss"}))


_SHOWS = frozenset(
    """silhouette shadow party union card show series sticker icon logo emoji pattern comic magazine story x-ray skeleton skull
    model character sheet avatar simulator job work career life day night week month hour tattoo theme shape symbol""".split()
)
_OWNABLE = things.THINGS - things.MADE - _SHOWS - nouns.PICTURES - nouns.BODY
_OWNED_BY = POSSESSIVES | {"a", "an", "the"}
