"""What exists in the emoji world: occupations, genders, skin tones, things, and the planted bias."""

import json
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
CHECKPOINTS = HERE / "checkpoints"
CHECKPOINT = CHECKPOINTS / "emoji-world.safetensors"
DIT_CHECKPOINT = CHECKPOINTS / "emoji-world-dit.safetensors"  # of dit/, the second world
READERS = HERE / "readers"  # folders in the format of transformers, listed by Load Attribute Reader
SECOND_READER = READERS / "emoji-world-vit"
LORAS = HERE / "loras"
BALANCED_LORA = LORAS / "emoji-world-balanced.safetensors"  # of fine_tune.py
ALIGNED_LORA = LORAS / "emoji-world-aligned.safetensors"  # of fine_tune_alignment.py: gender
PATCH_ENCODER = HERE / "patch_encoder.safetensors"  # the latent space; only training needs it
SPRITE = 128  # side of one sprite, pixels
SIZE = 128  # side of a picture, pixels
CELL = 8  # pixels per latent cell

PERSON = {"male": "\U0001f468", "female": "\U0001f469"}
TONE = {"light": "\U0001f3fb", "tan": "\U0001f3fd", "brown": "\U0001f3fe", "dark": "\U0001f3ff"}
SIGN = {
    "doctor": "⚕️",
    "pilot": "✈️",
    "judge": "⚖️",
    "scientist": "\U0001f52c",
    "mechanic": "\U0001f527",
    "builder": None,  # drawn as its own base character, U+1F477
    "farmer": "\U0001f33e",
    "cook": "\U0001f373",
    "teacher": "\U0001f3eb",
    "student": "\U0001f393",
    "artist": "\U0001f3a8",
    "singer": "\U0001f3a4",
}
THING = {
    "flowers": "\U0001f490",
    "trees": "\U0001f333",
    "cats": "\U0001f408",
    "books": "\U0001f4da",
    "balloons": "\U0001f388",
    "cactuses": "\U0001f335",
}

OCCUPATIONS = tuple(SIGN)
# Settings are chosen and models fine-tuned on these; the other six are kept for reports.
TUNING = ("doctor", "pilot", "mechanic", "teacher", "artist", "farmer")
GENDERS = tuple(PERSON)
TONES = tuple(TONE)
THINGS = tuple(THING)
ZWJ = "‍"


def person_emoji(occupation: str, gender: str, tone: str) -> str:
    """The zero-width-joiner sequence person + skin tone + occupation (Unicode RGI)."""
    if occupation == "builder":
        return "\U0001f477" + TONE[tone] + ZWJ + {"male": "♂️", "female": "♀️"}[gender]
    return PERSON[gender] + TONE[tone] + ZWJ + SIGN[occupation]


@cache
def balanced() -> dict:
    """A table in which every gender and tone is as likely as any other, for each person anew."""
    even = {"male": 0.5, "tones": [1 / len(TONES)] * len(TONES)}
    return {"shared_within_picture": 0.0, "occupations": dict.fromkeys(OCCUPATIONS, even)}


def bias() -> dict:
    """The planted bias: occupation -> {"male": share, "tones": share per tone}; see bias.json."""
    return json.loads((HERE / "bias.json").read_text(encoding="utf-8"))


def plural(noun: str) -> str:
    return {"person": "people", "man": "men", "woman": "women"}.get(noun, noun + "s")
