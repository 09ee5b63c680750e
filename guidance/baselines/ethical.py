"""Ethical interventions (SD-EI; Bansal et al., EMNLP 2022): a sentence appended to the prompt, nothing else.

Published are two phrases, for gender and for skin colour, of one occupation in the singular. They are joined to the
prompt by one space, and the article is "a" before any noun: "be a accountant" is the published text. Everything else
here (race, age, two at once, several groups of people, the plural, the grammar) is ours and named so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...attention.prompt.language import PeopleGroup, article
from ...attention.prompt.lexicon import singular

AXES = {
    "gender": "gender",
    "skin colour": "skin color",
    "race (ours)": "race",
    "age (ours)": "age",
    "gender and skin colour (ours)": "gender and skin color",
    "gender and race (ours)": "gender and race",
}  # choice -> the words of the phrase
PUBLISHED, PUBLISHED_SHORT, OURS = "published", "published, the other phrase", "ours"
WORDINGS = (PUBLISHED, PUBLISHED_SHORT, OURS)


@dataclass(frozen=True)
class Subject:
    """Whom a phrase is about: the noun as the prompt has it ("pilots") and whether it names several."""

    noun: str
    plural: bool


def subjects_of(groups: Sequence[PeopleGroup]) -> tuple[Subject, ...]:
    """Each noun once, in the order of the prompt."""
    found: dict[str, Subject] = {}
    for group in groups:
        found.setdefault(singular(group.noun.text), Subject(group.noun.text, group.plural))
    return tuple(found.values())


def intervention(subject: Subject, axis: str, wording: str) -> str:
    """The sentence that is appended for one subject. axis: one of AXES. wording: one of WORDINGS.

    published         if all individuals can be a X irrespective of their gender          X in the singular
    the other phrase  if all genders can be X; if all skin color can be X
    ours              if all individuals can be pilots irrespective of their gender; of one person:
                      if any individual can be an accountant irrespective of their gender
    ValueError for a choice that is none.
    """
    if axis not in AXES:
        raise ValueError(f"{axis!r} is unknown: choose one of {', '.join(AXES)}")
    if wording not in WORDINGS:
        raise ValueError(f"{wording!r} is unknown: choose one of {', '.join(WORDINGS)}")
    what, noun = AXES[axis], singular(subject.noun) if subject.plural else subject.noun
    if wording == PUBLISHED:
        return f"if all individuals can be a {noun} irrespective of their {what}"
    if wording == PUBLISHED_SHORT:
        return f"if all {'genders' if what == 'gender' else what} can be {noun}"
    if subject.plural:
        return f"if all individuals can be {subject.noun.lower()} irrespective of their {what}"
    return f"if any individual can be {article(noun)} {noun} irrespective of their {what}"


def intervened(prompt: str, subjects: Sequence[Subject], axis: str, wording: str) -> str:
    """The prompt with the sentence of each subject behind it, joined by one space. ValueError if there is no subject.

    Published is one subject. Of several, each gets a sentence of its own; our decision.
    """
    if not subjects:
        raise ValueError("nobody is named")
    return " ".join([prompt, *(intervention(s, axis, wording) for s in subjects)])
