"""Part-of: whose face a face word names, and which group it joins."""

from collections.abc import Sequence

from . import lexicon, nouns
from .draft import Draft, conjuncts
from .rules_parser import Node
from .tree import object_of, subject_of


def link_faces(tree: Sequence[Node], drafts: dict[int, Draft]) -> None:
    """Give face words to the people they belong to; a face without an owner belongs to the only people named."""
    for i, node in enumerate(tree):
        if node.kind != "noun" or lexicon.singular(node.text) not in nouns.FACES:
            continue
        owners, reason = _owners(tree, i, drafts)
        if not owners and lexicon.singular(node.text) == "face" and i in drafts and len(drafts) == 2:
            owners, reason = [j for j in drafts if j != i], "{face}: of the only people named, {noun}"
        for owner in owners:
            draft = drafts[owner]
            draft.members[i] = reason.format(face=node.text, noun=tree[owner].text)
            if draft.face is None or lexicon.singular(tree[draft.face].text) in nouns.PICTURED:
                draft.face = i
        if owners and i in drafts:
            del drafts[i]
    for i, draft in drafts.items():
        if draft.face is None and lexicon.singular(tree[i].text) in nouns.FACES:
            draft.face = i


def _owners(tree: Sequence[Node], face: int, drafts: dict[int, Draft]) -> tuple[list[int], str]:
    """The heads of the groups whose face this is, and the reason as a format of {face} and {noun}."""
    inner = object_of(tree, face)
    while inner is not None and inner not in drafts or inner is not None and _is_face(tree, inner):
        inner = object_of(tree, inner)  # "faces of a group of doctors", "portrait of the face of a nurse"
    if inner is not None:
        return [inner, *conjuncts(tree, inner, drafts)], "{face} of {noun}: part-of"
    for n, node in enumerate(tree):
        if n in drafts and node.head == face and node.relation in ("poss", "compound", "nmod"):
            return [n], "{noun}'s {face}: part-of" if node.relation == "poss" else "{noun} {face}: part-of"
    parent = tree[face].head
    if tree[face].relation == "pobj" and tree[parent].text.lower() == "with":
        holder = tree[parent].head if tree[parent].head in drafts else subject_of(tree, parent)
        if holder in drafts and holder != face:
            return [holder], "{noun} with {face}: part-of"
    return [], ""


def _is_face(tree: Sequence[Node], i: int) -> bool:
    return lexicon.singular(tree[i].text) in nouns.FACES
