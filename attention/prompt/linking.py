"""From the tree of a prompt to groups of words that denote the same people (Linguistic Alignment).

Which words join a person noun: its modifiers (modifiers.py), and

- part-of: "faces of doctors", "the doctor's face", "a doctor with a smiling face", with what is said of that face;
- the same people named again (coreference.py): "my friend, a doctor", "a doctor. The doctor is a woman".

A compound ("police officer") is one word of several tokens: part of the noun. Conjoined people are groups of their own;
they share what stands before the first ("smiling doctors and nurses").
"""

from collections.abc import Sequence
from dataclasses import dataclass

from . import lexicon, nouns
from .coreference import is_of_a_likeness, same_people
from .counting import count_of
from .draft import Draft, conjuncts
from .faces import link_faces
from .modifiers import OBJECTS, axis_at, describing, is_bare_attribute, origins_from, said_by_pronoun, tags, traits
from .names import name_after
from .origins import OF_WOMEN
from .person_nouns import names_people
from .rules_parser import Node
from .tokens import Span
from .tree import children, compound_start

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


def link_people(prompt: str, tree: Sequence[Node], named: Sequence[Span] = ()) -> tuple[PeopleGroup, ...]:
    """The groups of people in the tree of `prompt`, in text order of their nouns.

    named: words that the user says denote people, whatever they are ("Anna"); the groups are then of these alone.
    """
    inside = [[i for i, node in enumerate(tree) if node.start < s.end and node.end > s.start] for s in named]
    given = sorted({nodes[-1] for nodes in inside if nodes})
    heads = given or [i for i in range(len(tree)) if names_people(tree, i)]
    if any(not is_bare_attribute(tree, i) for i in heads) and not given:
        heads = [i for i in heads if not is_bare_attribute(tree, i)]
    heads = heads if given else [i for i in heads if not is_of_a_likeness(tree, i, heads)]
    same_as = {} if given else same_people(tree, heads)
    drafts = {i: Draft(i, i if i in given else compound_start(tree, i)) for i in heads if i not in same_as}
    for i, other in sorted(same_as.items()):
        while other in same_as:
            other = same_as[other]
        if other in drafts:
            drafts[other].same.append(i)
            for n in range(compound_start(tree, i), i + 1):
                drafts[other].members[n] = f"{tree[other].text}, {tree[i].text}: the same people"
    link_faces(tree, drafts)
    for draft in drafts.values():
        _link_modifiers(tree, draft)
    _link_attributes(tree, drafts, same_as)
    _share_modifiers(tree, drafts)
    _link_loose_poses(tree, drafts)
    return tuple(_finish(prompt, tree, drafts[i]) for i in sorted(drafts))


def _link_modifiers(tree: Sequence[Node], draft: Draft) -> None:
    for i in (draft.head, *draft.same):
        for axis, word in lexicon.stated_by_noun(tree[i].text):
            draft.state(axis, word, i)
        name = name_after(tree, i)
        for n in range(i + 1, (name or i) + 1):
            if tree[n].text[0].isalnum():
                draft.members.setdefault(n, f"{tree[n].text}: the name of {tree[i].text}")
    own_face = [draft.face] if draft.face is not None and _is_body(tree, draft.face) else []
    own = set(range(draft.first, draft.head + 1))
    named = [name] if (name := name_after(tree, draft.head)) is not None else []  # "the young queen Victoria"
    for head in dict.fromkeys((draft.head, *draft.same, *own_face, *named)):
        if head != draft.face and axis_at(tree, head) and not lexicon.is_person(tree[head].text):
            draft.state(axis_at(tree, head) or "", tree[head].text, head)  # "an American"
        for i in describing(tree, head):
            if i not in own:
                _add(tree, draft, i, f'"{tree[i].text}" describes {tree[head].text}')


def _is_body(tree: Sequence[Node], i: int) -> bool:
    return lexicon.singular(tree[i].text) not in nouns.PICTURED


def _add(tree: Sequence[Node], draft: Draft, i: int, reason: str, axis: str | None = None) -> None:
    axis = axis or axis_at(tree, i)
    if axis:
        draft.state(axis, tree[i].text, i)
        if axis == "race" and tree[i].text.lower() in OF_WOMEN:
            draft.state("gender", tree[i].text, i)
        reason += f" and states the {axis}"
    draft.members.setdefault(i, reason)


def _link_attributes(tree: Sequence[Node], drafts: dict[int, Draft], same_as: dict[int, int]) -> None:
    """Attributes said of a trait ("dark skin"), or between commas ("a nurse, female")."""

    def of(head: int) -> Draft | None:
        while head in same_as:
            head = same_as[head]
        return drafts.get(head)

    heads = sorted({*drafts, *same_as})
    for i, head, axis in traits(tree, heads):
        if draft := of(head):
            _add(tree, draft, i, f'"{tree[i].text}" describes the {tree[tree[i].head].text} of {tree[head].text}', axis)
    for i, head, axis in said_by_pronoun(tree, heads):
        if draft := of(head):
            _add(tree, draft, i, f'"{tree[i].text}" describes {tree[head].text}', axis)
    for i, head in origins_from(tree, heads):  # stated, not linked: the name of a place is not looked for among people
        if draft := of(head):
            draft.state("race", tree[i].text, i)
    for i, owners, axis in tags(tree, heads):
        for head in owners:
            if draft := of(head):
                _add(tree, draft, i, f'"{tree[i].text}" describes {tree[head].text}', axis)


def _share_modifiers(tree: Sequence[Node], drafts: dict[int, Draft]) -> None:
    """ "smiling doctors and nurses": what stands before the first also describes those without words of their own."""
    for first in sorted(drafts):
        described = describing(tree, first)
        before = [i for i in described if i < drafts[first].first and tree[i].relation in ("amod", "conj")]
        for other in conjuncts(tree, first, drafts):
            bare = not any(True for _ in children(tree, other, {"det", "nummod", "poss", "amod"}))
            if bare and drafts[other].first == other:
                both = f"{tree[first].text} and {tree[other].text}"
                for i in before:
                    _add(tree, drafts[other], i, f'"{tree[i].text}" describes {both}')


def _link_loose_poses(tree: Sequence[Node], drafts: dict[int, Draft]) -> None:
    """ "photo of a teacher, detailed face, smiling": a tag about bodies describes the only people named."""
    if len(drafts) != 1:
        return
    ((head, draft),) = drafts.items()
    for i, node in enumerate(tree):
        tagged = i > head and tree[i - 1].text == ","
        if tagged and node.text.lower() in _POSES and not any(True for _ in children(tree, i, OBJECTS)):
            _add(tree, draft, i, f'"{node.text}" describes the only people named, {tree[head].text}')


def _finish(prompt: str, tree: Sequence[Node], draft: Draft) -> PeopleGroup:
    def span(first: int, last: int) -> Span:
        start, end = tree[first].start, tree[last].end
        return Span(prompt[start:end], start, end)

    noun = span(draft.first, draft.head)
    order = sorted(draft.members)
    inside = range(draft.first, draft.head + 1)
    members = sorted({noun, *(span(i, i) for i in order if i not in inside)}, key=lambda member: member.start)
    return PeopleGroup(
        noun=noun,
        members=tuple(members),
        face=None if draft.face is None else span(draft.face, draft.face),
        count=count_of(tree, draft.head),
        plural=lexicon.is_plural(tree[draft.head].text),
        fixed=tuple(sorted(draft.fixed, key=lambda stated: draft.fixed[stated])),
        why=tuple(dict.fromkeys(draft.members[i] for i in order if draft.members[i])),
    )
