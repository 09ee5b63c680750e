"""Part-of: whose face a face word names, and which group it joins; which faces are nobody's."""

from collections.abc import Sequence

from . import lexicon, nouns, things
from .attributes import attribute_axis
from .draft import Draft, conjuncts
from .rules_parser import Node
from .tree import children, object_of, reaches_people, subject_of


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


def is_of_things(tree: Sequence[Node], i: int) -> bool:
    """Whether a face is a clock's or a cat's: "a clock face", "the face of a cat", "a giraffe with a funny face"."""
    for child in children(tree, i, {"compound", "nmod", "poss", "amod"}):
        person = lexicon.is_person(child.text) or attribute_axis(child.text) or child.text.lower() == "human"
        if child.kind == "noun" and not person and (child.relation != "amod" or _has_a_face(child.text)):
            return True
    if any(child.text.lower() in things.MADE for child in children(tree, i, {"acl", "relcl"})):
        return True  # "a face carved in a mountain"
    owner = object_of(tree, i)
    if owner is not None:
        return not reaches_people(tree, owner)
    holder = tree[tree[i].head].head
    if tree[i].relation == "pobj" and tree[tree[i].head].text.lower() in ("with", "has", "having"):
        pictured = lexicon.singular(tree[holder].text) in nouns.PICTURES
        return tree[holder].kind == "noun" and holder != i and not pictured and not reaches_people(tree, holder)
    for n in range(i - 1, 0, -1):  # wherever a parser hung it: "icons with happy, angry and sobbing faces"
        if tree[n].text.lower() == "with" and tree[n - 1].kind == "noun":
            pictured = lexicon.singular(tree[n - 1].text) in nouns.PICTURES
            return not pictured and not reaches_people(tree, n - 1)
        if tree[n].kind not in ("adjective", "participle", "adverb") and tree[n].text not in (",", "and", "a", "the"):
            break
    if tree[i].relation == "dobj" and tree[tree[i].head].text.lower() in ("has", "having", "have"):
        above = tree[tree[i].head].head
        return tree[above].kind == "noun" and not reaches_people(tree, above)
    return False


def _has_a_face(word: str) -> bool:
    return lexicon.singular(word) in things.WITH_FACES
