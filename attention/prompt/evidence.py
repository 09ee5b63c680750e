"""What is said of a noun for people and for others ("fan", "figure", "band") that is said of people only."""

from collections.abc import Sequence

from . import lexicon
from .rules_parser import Node
from .tree import children, compound_start, phrase

# What only people do, so that a "figure" or a "fan" that does it is one; and how only people are described.
_ACTS = frozenset(
    """standing sitting walking running kneeling wearing holding carrying watching cheering screaming waving singing shouting
    clapping waiting dancing playing reading looking facing talking exchanging embracing hugging kissing smiling laughing
    crouching bowing praying pointing leaning lurking emerging climbing riding gathered dressed clad seated meditating
    serving bringing taking celebrating chanting crying fighting""".split()
)
_HUMAN = frozenset(
    """hooded cloaked robed shadowy lone lonely human mysterious silhouetted male female ghostly masked solitary distant caped dark
    cheering screaming excited devoted young happy armored armoured faceless humanoid feminine masculine""".split()
)
_GAMES = frozenset(
    """football soccer baseball hockey sports sport music rock movie anime basketball cricket rugby tennis opera jazz pop metal
    comic racing wrestling""".split()
)


def evidence(tree: Sequence[Node], i: int) -> bool:
    """Whether something is said of node i that is said of people only."""
    if lexicon.is_listed(phrase(tree, i)) and compound_start(tree, i) < i:  # "a brass band"
        return True
    several = tree[tree[tree[i].head].head].text if tree[i].relation == "pobj" else ""
    if lexicon.singular(several) in ("crowd", "thousand", "hundred", "audience", "dozen", "mob", "horde"):
        return lexicon.is_plural(tree[i].text)  # "a crowd of fans"
    before = [node.text.lower() for node in tree[max(0, i - 3) : i]]
    if len(before) == 3 and lexicon.is_person(before[0]) and before[1] in ("and", "with"):  # "a singer and her band"
        return before[2] in ("her", "his", "their")
    if any(node.text.lower() in _GAMES for node in tree[compound_start(tree, i) : i]):
        return True
    described = any(child.text.lower() in _HUMAN for child in children(tree, i, {"amod", "compound", "nmod"}))
    acts = any(
        node.text.lower() in _ACTS and node.kind in ("participle", "verb", "noun") for node in tree[i + 1 : i + 3]
    )
    acts = acts or any(child.text.lower() in _ACTS for child in children(tree, i, {"acl", "relcl"}))
    who = i + 1 < len(tree) and tree[i + 1].text.lower() == "who"
    dressed = any(
        node.relation == "pobj" and tree[node.head].head == i and lexicon.singular(node.text) in _CLOTHES
        for node in tree
        if tree[node.head].text.lower() in ("in", "with")
    )
    return described or acts or who or dressed


_CLOTHES = frozenset("cloak robe coat hood suit dress hat mask armor armour uniform umbrella cape kimono".split())
