"""The methods of the bias benchmark: targets, options and ablations of Fair Inference, and how each patches the model."""

from dataclasses import dataclass, field
from typing import Any

from ..emoji_world import sampling
from .emoji import IN_FULL, fair_inference

PLAIN = "unedited"
SEEDS = 8  # of each prompt


@dataclass(frozen=True)
class Method:
    """target: presets or an own list, crossed. rule, inference: inputs of Block Voting and of Fair Inference."""

    target: tuple[str, ...] = ()
    rule: dict[str, Any] = field(default_factory=dict)
    inference: dict[str, Any] = field(default_factory=dict)
    whole: bool = False  # the mask is the whole picture
    faces: bool = False  # on prompts that name each group by two linked words: "the faces of two doctors"


GENDER, TONES = ("gender",), "light 1\ntan 2\nbrown 3\ndark 4"
METHODS = {
    PLAIN: Method(),
    "fair inference: gender": Method(GENDER),
    "fair inference: skin tone": Method(("skin tone",)),
    "fair inference: gender x skin tone": Method(("gender", "skin tone")),
    "blended: gender": Method(GENDER, inference={"preservation": "blended"}),
    "in full: gender": Method(GENDER, inference=IN_FULL),
    "in full: skin tone": Method(("skin tone",), inference=IN_FULL),
    "gender, to the end": Method(GENDER, inference={"end_percent": 1.0}),
    "target female 30, male 70": Method(("female 3\nmale 7",)),
    "target light 10, tan 20, brown 30, dark 40": Method((TONES,)),
    "without Block Voting (DAAM's mean)": Method(GENDER, {"method": "mean (DAAM)"}),
    "without Linguistic Alignment": Method(GENDER, {"align": False}),
    "without individuals": Method(GENDER, {"individuals": "one region"}),
    "whole image": Method(GENDER, whole=True),
    "the attribute alone": Method(GENDER, inference={"steer_by": "the attribute alone"}),
    "every step": Method(GENDER, inference={"every": 1}),
    "without preservation": Method(GENDER, inference={"preservation": "none"}),
    "faces: unedited": Method(faces=True),
    "faces: fair inference": Method(GENDER, faces=True),
    "faces: without Linguistic Alignment": Method(GENDER, {"align": False}, faces=True),
}


def patched(emoji: sampling.Emoji, method: Method, prompt: str) -> tuple[Any, list | None, Any]:
    """(model, positive, capture) for one prompt; None each: the model as it is."""
    if not method.target:
        return None, None, None
    return fair_inference(emoji, prompt, method.target, rule=method.rule, whole=method.whole, **method.inference)
