"""Typed records of what the attention is asked: a prompt aligned with its people, words to watch, regions to find."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from torch import Tensor

from .capture import WordQuery
from .prompt.linking import PeopleGroup
from .regions import GroupColumns, VotingRule
from .trace import Block

CONDITIONAL, UNCONDITIONAL = "conditional", "unconditional"  # branches of classifier-free guidance


SAME_AXIS = {"race": "skin tone", "skin tone": "race"}  # a prompt that states one leaves no room for the other


@dataclass(frozen=True)
class AlignedPrompt:
    """FAIR_TOKENS: a prompt, its context as the wired CLIP encodes it, and the people it names.

    words[g] are the members of groups[g], in order, with their token positions. edit_fixed: also change people whose
    attribute the prompt already states.
    """

    prompt: str
    context: Tensor  # [1, L, d]
    groups: tuple[PeopleGroup, ...]
    words: tuple[tuple[WordQuery, ...], ...]
    edit_fixed: bool = False

    def columns(self, group: int) -> GroupColumns:
        """The columns of a group's words in a store that has recorded every word of the prompt's groups, in order."""
        own, before = self.groups[group], sum(map(len, self.words[:group]))
        face = before + own.members.index(own.face) if own.face in own.members else None
        words = tuple(range(before, before + len(self.words[group])))
        return GroupColumns(words, before + own.members.index(own.noun), face, own.count)

    def stated(self, group: int, axes: Collection[str]) -> tuple[str, ...]:
        """The words by which the prompt already fixes one of these axes for a group; () if it is free to change."""
        return () if self.edit_fixed else self.says(group, axes)

    def says(self, group: int, axes: Collection[str]) -> tuple[str, ...]:
        """The words by which the prompt states one of these axes for a group, whether or not it is free to change."""
        return tuple(word for axis, word in self.groups[group].fixed if axis in related(axes))


def related(axes: Collection[str]) -> set[str]:
    """These axes, and those that leave them no room."""
    return {*axes, *(SAME_AXIS[axis] for axis in axes if axis in SAME_AXIS)}


@dataclass(frozen=True)
class Watch:
    """What to observe while sampling.

    context [1,L,d]: of the prompt that holds the words; None: of every text. attribution [1,L',d]: of a text that is not
    sampled and whose words are watched instead (open vocabulary, OVAM). blocks: None, all. start_percent, end_percent:
    the window (`schedule.Window`).
    """

    words: tuple[WordQuery, ...]
    context: Tensor | None = None
    attribution: Tensor | None = None
    blocks: frozenset[Block] | None = None
    start_percent: float = 0.0
    end_percent: float = 1.0
    branch: str = CONDITIONAL  # whose queries; the other one only with an attribution prompt
    heads: tuple[int, ...] | None = None  # None: all
    notes: tuple[str, ...] = ()  # what every run that is watched by it has to say
    keep_queries: int = 0  # bytes of queries to keep, to ask for other words afterwards
    text_only: bool = False  # of a transformer: the softmax over the text's keys alone, as a U-Net's is

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(w.label for w in self.words)


@dataclass(frozen=True)
class RegionFinder:
    """FAIR_REGIONS: whose regions to find, and by which rule."""

    aligned: AlignedPrompt
    rule: VotingRule


def named_blocks(rule: VotingRule) -> frozenset[Block] | None:
    """The blocks this rule gives a weight by name; None if it names none and takes what there is."""
    return frozenset(b for b, w in rule.weights.items() if w > 0) if isinstance(rule.weights, Mapping) else None


def warm_up_watch(finder: RegionFinder | None, end: float, recorded: bool = True) -> Watch:
    """What to record of a sampling up to the share `end` of it, to find the finder's people. recorded: whether anything can be;
    where not, and without a finder, nothing is."""
    if finder is None or not recorded:
        return Watch((), None if finder is None else finder.aligned.context, blocks=frozenset())
    words = tuple(word for group in finder.aligned.words for word in group)
    return Watch(words, finder.aligned.context, blocks=named_blocks(finder.rule), end_percent=end)


def check_blocks(finder: RegionFinder, there: Collection[Block], node: str, where: str) -> None:
    """ValueError if Block Voting gives weight to a block that is not `there`."""
    missing = sorted(map(str, (named_blocks(finder.rule) or frozenset()) - set(there)))
    if missing:
        raise ValueError(
            f"{node}, regions: Block Voting gives a weight to {', '.join(missing)}, which {where} does not have; it has "
            f"{', '.join(map(str, there)) or 'none'}. Name blocks of these in Block Voting's custom_weights, or choose other weights"
        )


def parse_blocks(text: str, present: list[Block], node: str) -> frozenset[Block] | None:
    """ "input.7, output.3" -> blocks; empty: None, all. ValueError names what is not there."""
    if not text.strip():
        return None
    blocks = set()
    for name in (n for n in text.replace("\n", ",").split(",") if n.strip()):
        try:
            block = Block.parse(name)
        except ValueError as error:
            raise ValueError(f"{node}, blocks: {error}") from None
        if block not in present:
            raise ValueError(f"{node}, blocks: this model has no {block}; it has {', '.join(map(str, present))}")
        blocks.add(block)
    return frozenset(blocks)
