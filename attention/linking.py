"""From the tree of a prompt to groups of words that denote the same people (Linguistic Alignment).

Which words join a person noun follows SynGen (Rassin et al., arXiv 2306.08877) as far as modifiers go, its relations
{amod, nmod, compound, npadvmod, advmod, acomp} and their conjuncts, recursively, and adds what it leaves out:

- part-of: "faces of doctors", "the doctor's face", "a doctor with a smiling face", with what is said of that face;
- the same people named twice: "my friend, a doctor", "the doctor is a woman", "a man working as a nurse";
- what a predicate or a participle says of the people themselves: "a doctor who is happy", "people standing".

A participle with an object ("holding a baby", "wearing a hat") looks at the object and stays out, as do determiners,
numbers and words of degree ("very"). A compound ("police officer") is one word of several tokens: part of the noun.
Conjoined people are groups of their own; they share what stands before the first ("smiling doctors and nurses").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from . import lexicon
from .people import children, compound_start, names_people, of, renames, said_of
from .syntax import Node
from .tokens import Span

MODIFIERS = frozenset(("amod", "nmod", "compound", "npadvmod", "advmod", "acomp"))
_OBJECTS = frozenset(("dobj", "obj", "agent", "xcomp", "ccomp"))
_POSES = frozenset("smiling laughing crying grinning frowning standing sitting kneeling waving posing dancing".split())


@dataclass(frozen=True)
class PeopleGroup:
    """The words of a prompt that denote the same people."""

    noun: Span  # the person noun with its compound: "doctors", "police officer"
    members: tuple[Span, ...]  # all linked words, text order, the noun included: faces, smiling, doctors
    face: Span | None  # the face-like word of the group
    count: int | None  # number of people the prompt asks for; None: not said
    plural: bool
    fixed: tuple[tuple[str, str], ...]  # (axis, word) that the prompt already states: ("gender", "female")
    why: tuple[str, ...]  # one sentence per link

    @property
    def label(self) -> str:
        """A name for people to read: "faces of doctors"."""
        return f"{self.face.text} of {self.noun.text}" if self.face and self.face != self.noun else self.noun.text


@dataclass
class _Draft:
    """A group while it is being linked: indices of tree nodes."""

    head: int
    first: int  # first node of the noun with its compound
    same: list[int] = field(default_factory=list)  # other nouns for the same people
    face: int | None = None
    members: dict[int, str] = field(default_factory=dict)  # node -> why
    fixed: dict[tuple[str, str], int] = field(default_factory=dict)  # (axis, word) -> node


def link_people(prompt: str, tree: Sequence[Node]) -> tuple[PeopleGroup, ...]:
    """The groups of people in the tree of `prompt`, in text order of their nouns."""
    heads = [i for i in range(len(tree)) if names_people(tree, i)]
    same_as = {i: j for i in heads if (j := renames(tree, i, heads)) is not None}
    drafts = {i: _Draft(i, compound_start(tree, i)) for i in heads if i not in same_as}
    for i, other in same_as.items():
        while other in same_as:
            other = same_as[other]
        if other in drafts:
            drafts[other].same.append(i)
            drafts[other].members[i] = f"{tree[other].text}, {tree[i].text}: the same people"
    _link_faces(tree, drafts)
    for draft in drafts.values():
        _link_modifiers(tree, draft)
    _share_modifiers(tree, drafts)
    _link_loose_poses(tree, drafts)
    return tuple(_finish(prompt, tree, drafts[i]) for i in sorted(drafts))


def _link_faces(tree: Sequence[Node], drafts: dict[int, _Draft]) -> None:
    """Give face words to the people they belong to; a face without an owner belongs to the only people named."""
    for i, node in enumerate(tree):
        if node.kind != "noun" or lexicon.singular(node.text) not in lexicon.FACES:
            continue
        owners, reason = _owners(tree, i, drafts)
        if not owners and lexicon.singular(node.text) == "face" and i in drafts and len(drafts) == 2:
            owners, reason = [j for j in drafts if j != i], "{face}: of the only people named, {noun}"
        for owner in owners:
            draft = drafts[owner]
            draft.members[i] = reason.format(face=node.text, noun=tree[owner].text)
            if draft.face is None or lexicon.singular(tree[draft.face].text) in lexicon.PICTURED:
                draft.face = i
        if owners and i in drafts:
            del drafts[i]
    for i, draft in drafts.items():
        if draft.face is None and lexicon.singular(tree[i].text) in lexicon.FACES:
            draft.face = i


def _owners(tree: Sequence[Node], face: int, drafts: dict[int, _Draft]) -> tuple[list[int], str]:
    """The heads of the groups whose face this is, and the reason as a format of {face} and {noun}."""
    inner = of(tree, face)
    while inner is not None and inner not in drafts or inner is not None and _is_face(tree, inner):
        inner = of(tree, inner)  # "faces of a group of doctors", "portrait of the face of a nurse"
    if inner is not None:
        return [inner, *_conjuncts(tree, inner, drafts)], "{face} of {noun}: part-of"
    for n, node in enumerate(tree):
        if n in drafts and node.head == face and node.relation in ("poss", "compound", "nmod"):
            return [n], "{noun}'s {face}: part-of" if node.relation == "poss" else "{noun} {face}: part-of"
    parent = tree[face].head
    if tree[face].relation == "pobj" and tree[parent].text.lower() == "with":
        holder = tree[parent].head if tree[parent].head in drafts else said_of(tree, parent)
        if holder in drafts and holder != face:
            return [holder], "{noun} with {face}: part-of"
    return [], ""


def _is_face(tree: Sequence[Node], i: int) -> bool:
    return lexicon.singular(tree[i].text) in lexicon.FACES


def _conjuncts(tree: Sequence[Node], i: int, among: dict[int, _Draft]) -> list[int]:
    """The nouns conjoined with noun i, directly or one through the other."""
    found = [n for n, node in enumerate(tree) if node.relation == "conj" and node.head == i and n in among and n != i]
    return found + [deeper for n in found for deeper in _conjuncts(tree, n, among)]


def _link_modifiers(tree: Sequence[Node], draft: _Draft) -> None:
    for i in (draft.head, *draft.same):
        draft.fixed |= dict.fromkeys(lexicon.stated_by_noun(tree[i].text), i)
    own_face = [draft.face] if draft.face is not None and _is_body(tree, draft.face) else []
    own = set(range(draft.first, draft.head + 1))
    for head in dict.fromkeys((draft.head, *draft.same, *own_face)):
        for i in _describing(tree, head):
            if i not in own:
                _add(tree, draft, i, f'"{tree[i].text}" describes {tree[head].text}')
    for i in _traits(tree, draft.head):
        _add(tree, draft, i, f'"{tree[i].text}" describes the {tree[tree[i].head].text} of {tree[draft.head].text}')


def _is_body(tree: Sequence[Node], i: int) -> bool:
    return lexicon.singular(tree[i].text) not in lexicon.PICTURED


def _add(tree: Sequence[Node], draft: _Draft, i: int, reason: str) -> None:
    axis = lexicon.attribute_axis(tree[i].text)
    following = tree[i + 1].text.lower() if i + 1 < len(tree) else ""
    if axis and following not in lexicon.OF_SOMETHING_ELSE:
        draft.fixed[axis, tree[i].text] = i
        reason += f" and states the {axis}"
    draft.members.setdefault(i, reason)


def _describing(tree: Sequence[Node], head: int) -> Iterator[int]:
    """The nodes that say what the people of noun `head` look like, recursively (see the module's docstring)."""
    for i, node in enumerate(tree):
        if node.head == head and i != head:
            adverb = node.relation in ("advmod", "npadvmod") or node.kind == "adverb"
            if node.relation in MODIFIERS and (i < head or node.kind in ("adjective", "participle")):
                inner_adverb = adverb and tree[head].kind != "noun" and i < head
                if (inner_adverb or not adverb) and _is_descriptive(tree, i):
                    yield i
                    yield from _describing(tree, i)
            elif node.relation in ("acl", "relcl"):
                yield from _predicate(tree, i)
            elif node.relation == "conj" and node.kind in ("adjective", "participle") and tree[head].kind != "noun":
                yield from _predicate(tree, i) if node.kind == "participle" else (i,)
    if tree[head].relation in ("nsubj", "nsubjpass") and tree[head].kind == "noun":
        yield from _predicate(tree, tree[head].head)


def _is_descriptive(tree: Sequence[Node], i: int) -> bool:
    node = tree[i]
    if node.text.lower() in lexicon.NOT_LOOKS or lexicon.number(node.text) is not None:
        return False
    person_compound = node.kind == "noun" and lexicon.is_person(node.text) and not lexicon.attribute_axis(node.text)
    return node.kind in ("adjective", "participle", "noun", "adverb") and not person_compound


def _predicate(tree: Sequence[Node], verb: int) -> Iterator[int]:
    """What a verb says of its subject's looks: "happy" of "is happy", "smiling", but not "wearing" of a hat."""
    if any(True for _ in children(tree, verb, _OBJECTS)):
        return
    if tree[verb].kind == "participle" and _is_descriptive(tree, verb):
        yield verb
    for i, node in enumerate(tree):
        if node.head != verb or i == verb:
            continue
        if node.relation == "acomp" and node.kind in ("adjective", "participle"):
            yield i
            yield from (n for n in _describing(tree, i) if n != verb)
        elif node.relation in ("conj", "advcl") and node.kind == "participle":
            yield from _predicate(tree, i)


def _traits(tree: Sequence[Node], head: int) -> Iterator[int]:
    """The attribute words of "a woman with dark skin", "a doctor of female gender", "a man of Asian descent"."""
    for i, node in enumerate(tree):
        holder = node.head
        while tree[holder].text.lower() in lexicon.TRAITS and tree[tree[holder].head].text.lower() in ("with", "of"):
            holder = tree[tree[holder].head].head  # also through "of female gender with dark skin"
        if holder == head != node.head and node.relation in MODIFIERS and lexicon.attribute_axis(node.text):
            yield i


def _share_modifiers(tree: Sequence[Node], drafts: dict[int, _Draft]) -> None:
    """ "smiling doctors and nurses": what stands before the first also describes those without words of their own."""
    for first in sorted(drafts):
        described = _describing(tree, first)
        before = [i for i in described if i < drafts[first].first and tree[i].relation in ("amod", "conj")]
        for other in _conjuncts(tree, first, drafts):
            bare = not any(True for _ in children(tree, other, {"det", "nummod", "poss", "amod"}))
            if bare and drafts[other].first == other:
                both = f"{tree[first].text} and {tree[other].text}"
                for i in before:
                    _add(tree, drafts[other], i, f'"{tree[i].text}" describes {both}')


def _link_loose_poses(tree: Sequence[Node], drafts: dict[int, _Draft]) -> None:
    """ "photo of a teacher, detailed face, smiling": a tag about bodies describes the only people named."""
    if len(drafts) != 1:
        return
    ((head, draft),) = drafts.items()
    for i, node in enumerate(tree):
        tagged = i > head and tree[i - 1].text == ","
        if tagged and node.text.lower() in _POSES and not any(True for _ in children(tree, i, _OBJECTS)):
            _add(tree, draft, i, f'"{node.text}" describes the only people named, {tree[head].text}')


def _finish(prompt: str, tree: Sequence[Node], draft: _Draft) -> PeopleGroup:
    def span(first: int, last: int) -> Span:
        start, end = tree[first].start, tree[last].end
        return Span(prompt[start:end], start, end)

    noun = span(draft.first, draft.head)
    order = sorted(draft.members)
    members = sorted({noun, *(span(i, i) for i in order)}, key=lambda member: member.start)
    return PeopleGroup(
        noun=noun,
        members=tuple(members),
        face=None if draft.face is None else span(draft.face, draft.face),
        count=_count(tree, draft.head),
        plural=lexicon.is_plural(tree[draft.head].text),
        fixed=tuple(sorted(draft.fixed, key=lambda stated: draft.fixed[stated])),
        why=tuple(draft.members[i] for i in order),
    )


def _count(tree: Sequence[Node], head: int) -> int | None:
    """How many people the prompt asks for: by number, by quantity ("a couple of"), or one for a singular."""
    for child in children(tree, head, {"nummod", "det", "predet"}):
        said = lexicon.number(child.text)
        if said is not None and (said != 1 or not lexicon.is_plural(tree[head].text)):
            return said
    if tree[head].relation == "pobj" and tree[tree[head].head].text.lower() == "of":
        quantity = lexicon.singular(tree[tree[tree[head].head].head].text)
        if quantity in lexicon.QUANTITIES:
            return lexicon.QUANTITIES[quantity]
    if lexicon.singular(tree[head].text) == "couple":
        return 2
    return None if lexicon.is_plural(tree[head].text) else 1
