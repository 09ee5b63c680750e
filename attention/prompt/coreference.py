"""Which person nouns of a prompt name the same people again.

A noun that renames another by the tree ("my friend, a doctor", "the doctor is a woman"), a repeat ("a doctor. The doctor
smiles", "a pilot, (pilot:1.3)"), the parts of a number ("two doctors, a man and a woman"), and a picture board's tags
("1girl, solo, nurse"). A group keeps its first noun; later ones join it.
"""

from collections.abc import Sequence

from . import lexicon, nouns
from .contradiction import contradict, described
from .counting import count_of
from .names import name_after
from .numbers import number
from .rules_parser import Node
from .tree import children, is_clause, is_det, object_of, phrase_start, subject_of
from .vocabulary import POSSESSIVES

_DEFINITE = frozenset("the this that these those same said".split())
_OTHERS = frozenset("other another second third next different more".split())
_ENDS = frozenset(".!?;")
_ANYONE = frozenset("man woman boy girl person lady guy male female".split())
_EVERYONE = frozenset("couple pair duo trio group people person friend adult child human sibling".split())


def same_people(tree: Sequence[Node], heads: Sequence[int]) -> dict[int, int]:
    """Person noun -> the noun that named its people before (or, of a tag, the word that says more)."""
    same = {i: j for i in heads if (j := coreferent(tree, i, heads)) is not None}
    same |= _parts_of_a_number(tree, [i for i in heads if i not in same])
    same |= _tags(tree, [i for i in heads if i not in same])
    for i in heads:
        if i not in same and (j := _repeats(tree, i, [h for h in heads if h < i and h not in same])) is not None:
            same[i] = j
    return same


def is_of_a_likeness(tree: Sequence[Node], i: int, heads: Sequence[int]) -> bool:
    """Whether noun i names again what a likeness is of: "the man" of "a statue of a man. The man looks angry"."""
    if not any(tree[n].text.lower() in _DEFINITE for n in range(phrase_start(tree, i), i)):
        return False
    word = lexicon.singular(tree[i].text)
    before = [j for j in range(i) if tree[j].kind == "noun" and lexicon.singular(tree[j].text) == word]
    if not before or {*before} & {*heads} or tree[before[-1]].relation != "pobj":
        return False
    return lexicon.singular(tree[tree[tree[before[-1]].head].head].text) in nouns.LIKENESSES


def coreferent(tree: Sequence[Node], i: int, heads: Sequence[int]) -> int | None:
    """The person noun that noun i only names again, or None: "doctor" in "my friend, a doctor" is coreferent with "friend"."""
    node = tree[i]
    if (aside := _aside_of(tree, i)) in heads:
        return aside
    name = name_after(tree, i)
    if name is not None and tree[name].relation == "appos":
        node = tree[name]
    if node.relation == "appos" and node.head in heads and node.head < i:
        return node.head if _is_apposition(tree, node.head, i) else None
    if node.relation == "attr":
        subject = subject_of(tree, i)
        return subject if subject in heads and subject != i else None
    if node.relation == "pobj" and tree[node.head].text.lower() in ("as", "like") and not is_clause(tree, i):
        return subject_of(tree, node.head)
    if lexicon.singular(node.text) in nouns.COLLECTIVES:
        owner = object_of(tree, i)
        return owner if owner in heads else None
    return None


def _aside_of(tree: Sequence[Node], i: int) -> int | None:
    """The noun before a parenthesis that begins with noun i's phrase: "a fisherman (the old man from the harbour)"."""
    first = phrase_start(tree, i)
    before = first - 2
    if before < 0 or tree[first - 1].text != "(":
        return None
    agree = lexicon.is_plural(tree[before].text) == lexicon.is_plural(tree[i].text)
    return before if agree and not contradict(tree, before, i, strict=False) else None


def _is_apposition(tree: Sequence[Node], first: int, second: int) -> bool:
    """Whether "A, B" names the same people twice: a known or unspecific A ("my friend", "a man"), then "a doctor"."""
    agree = lexicon.is_plural(tree[first].text) == lexicon.is_plural(tree[second].text)
    listed = any(node.relation == "conj" and node.head in (first, second) for node in tree)
    known = any(child.text.lower() not in ("a", "an") for child in children(tree, first, {"det", "poss"}))
    general = lexicon.singular(tree[first].text) in nouns.GENERIC
    unspecific = general or tree[first].text.lower() not in _OF_OCCUPATIONS
    articles = [child.text.lower() for child in children(tree, second, {"det"})]
    owned = any(
        child.relation == "poss" or child.text.lower() in POSSESSIVES
        for child in children(tree, first, {"det", "poss"})
    )
    ends = second + 1 == len(tree) or tree[second + 1].text in (",", ".", ";")
    of = second + 1 < len(tree) and tree[second + 1].text.lower() == "of"
    if general and not known and "the" not in articles:
        # "a man, a beekeeper"; "a man, a boy", "a man, a nurse, a clown" not
        further = any(lexicon.is_person(child.text) for child in children(tree, second, {"appos"}))
        listed = listed or further or _is_general(tree, second)
    told = "the" in articles and (of or owned and ends)  # "a man, the father of four", "my sister, the pilot"
    if known and name_after(tree, second) is not None:  # "our teacher, Mr. Jones"
        return agree and not listed
    introduced = told or bool({"a", "an", "another"} & {*articles})
    kin = of and lexicon.singular(tree[second].text) in nouns.GENDERED  # "a singer, the daughter of a miner"
    return agree and not listed and introduced and (known or unspecific or told and kin)


_OF_OCCUPATIONS = frozenset(word for entry in lexicon.OCCUPATIONS for word in entry.split())


def _is_general(tree: Sequence[Node], i: int) -> bool:
    return lexicon.singular(tree[i].text) in nouns.GENERIC or bool(lexicon.stated_by_noun(tree[i].text))


def _parts_of_a_number(tree: Sequence[Node], heads: Sequence[int]) -> dict[int, int]:
    """ "two doctors, a man and a woman", "a family of four: a father, a mother and two kids": the parts of the first."""
    same: dict[int, int] = {}
    for at, whole in enumerate(heads):
        asked = count_of(tree, whole)
        parts: list[int] = []
        total = 0
        if whole in same or asked is None or asked < 2:
            continue
        specific = lexicon.singular(tree[whole].text) not in nouns.PEOPLE | nouns.GENDERED
        for part in heads[at + 1 :]:
            gap = [node.text.lower() for node in tree[(parts or [whole])[-1] + 1 : phrase_start(tree, part)]]
            opens = not parts and gap[-1:] and gap[-1] in (",", ":", "(", "-", "–", "—") and not _ENDS & set(gap)
            if gap[:1] == ["of"] and number(" ".join(gap[1:2])) is not None:
                gap = gap[2:]  # "a family of four: ..."
            general = lexicon.singular(tree[part].text) in nouns.GENERIC | nouns.GENDERED | nouns.AGED
            said_so = gap[-1:] in ([":"], ["("])
            near = opens and (general or said_so or len(gap) == 1 and not specific)
            listed = parts and {*gap} <= {",", "and", "&", "plus"} and gap
            count = count_of(tree, part)
            if not (near or listed) or count is None:
                break
            parts.append(part)
            total += count
            if total >= asked:
                break
        if len(parts) > 1 and total == asked:
            same |= dict.fromkeys(parts, whole)
    return same


def _tags(tree: Sequence[Node], heads: Sequence[int]) -> dict[int, int]:
    """ "1girl, solo, nurse": the bare noun says who the tag's person is; a second one is no further person."""
    tags = [i for i in heads if lexicon.is_tag(tree[i].text)]
    single = [i for i in tags if not lexicon.is_plural(tree[i].text)]
    bare = [i for i in heads if i not in tags and is_bare(tree, i) and not lexicon.is_plural(tree[i].text)]
    several = [i for i in heads if is_bare(tree, i) and lexicon.singular(tree[i].text) in _EVERYONE]
    solo = any(node.text.lower() == "solo" for node in tree)
    if not tags and len(bare) == 2 and bare == [*heads]:  # "woman, nurse, hospital"
        general = [i for i in bare if lexicon.singular(tree[i].text) in _ANYONE]
        if len(general) == 1 and not contradict(tree, bare[0], bare[1], strict=False):
            return {general[0]: bare[1 - bare.index(general[0])]}
    if tags and single and bare and len(tags) == 1:
        return dict.fromkeys((*single, *bare[1:]), bare[0])
    if solo and not tags and len(bare) > 1:
        return dict.fromkeys(bare[1:], bare[0])
    if len(tags) == 1 and not single:  # "2girls, nurses"
        alike = [i for i in heads if lexicon.is_plural(tree[i].text) and is_bare(tree, i) and i not in tags]
        if len(alike) == 1 and not contradict(tree, tags[0], alike[0], strict=False):
            return {alike[0]: tags[0]}
    if tags and several:
        bare = [*bare, *several]
    return dict.fromkeys(bare, (single or tags)[-1]) if len(tags) > 1 or several and tags else {}


def is_bare(tree: Sequence[Node], i: int) -> bool:
    """Whether noun i is a tag: it stands between commas, with adjectives at most."""
    first = phrase_start(tree, i)
    before = tree[first - 1].text if first else ","
    after = tree[i + 1].text if i + 1 < len(tree) else ","
    introduced = any(is_det(tree, n) or tree[n].kind == "number" for n in range(first, i))
    return before in (",", ".", ";", "|") and after in (",", ".", ";", "|") and not introduced


def _repeats(tree: Sequence[Node], i: int, earlier: Sequence[int]) -> int | None:
    """The earlier noun whose people noun i names again, or None."""
    words = [node.text.lower() for node in tree[phrase_start(tree, i) : i]]
    definite = any(word in _DEFINITE for word in words)
    counted = any(number(word) is not None for word in words)
    bare = not definite and not counted and not any(is_det(tree, n) for n in range(phrase_start(tree, i), i))
    possessed = any(True for _ in children(tree, i, {"poss"}))
    if not (definite or bare) or possessed or _OTHERS & {*words}:
        return None
    word, plural = lexicon.singular(tree[i].text), lexicon.is_plural(tree[i].text)
    fits = [
        j
        for j in earlier
        if lexicon.singular(tree[j].text) == word
        and lexicon.is_plural(tree[j].text) == plural
        and not (tree[i].relation == "conj" and tree[i].head == j and {"and", "or", "&"} & {n.text for n in tree[j:i]})
        and not contradict(tree, j, i, strict=bare)
    ]
    if fits:
        alike = [j for j in fits if {*described(tree, j)} & {*described(tree, i)}]
        return (alike or fits)[-1]
    later = [j for j in earlier if any(node.text in _ENDS for node in tree[j:i])]
    if not definite or not later:
        return None
    if plural or word in ("couple", "pair"):
        several = len(later) > 1 or lexicon.is_plural(tree[later[-1]].text)
        return later[-1] if several and word in _EVERYONE else None
    single = [j for j in later if not lexicon.is_plural(tree[j].text) and not contradict(tree, j, i, strict=False)]
    return single[0] if len(single) == 1 and len(later) == 1 and word in nouns.GENERIC else None
