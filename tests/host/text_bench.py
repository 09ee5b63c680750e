"""CLIPs of the transformer models for the tests, 60 prompts of all kinds, and what a tokenizer itself decodes tokens to."""

import csv
import re
import unicodedata
from pathlib import Path

import pytest
import torch

from fair_attention.host import tiny_texts

NODE = "a node"
UNIT = Path(__file__).parent.parent / "unit" / "prompt"
KINDS = [  # beside plain ones
    "Zwei Ärztinnen und ein Pfleger, façade, naïve café",
    "一个医生和两个护士在医院",
    "病院の看護師、笑顔で立つ",
    "병원의 의사가 웃는다",
    "трое врачей в больнице",
    "a 😀 nurse and a 👩‍⚕️ doctor",
    'a teacher who writes "hello world" on a board',
    "describe the image: two doctors, the color of their coats and the background",
    "users and assistants in an office, a user at a desk",
    "half-smiling, dark-skinned pilots; it's the pilots' lounge…",
    "a photo of  two   doctors\nand a nurse\n\nin a ﬁeld",
    "PORTRAIT OF A FIREFIGHTER, 8K, f/1.4",
]


def plain_prompts() -> list[str]:
    """48 of the prompts on which the parser was never tuned, and those of other kinds."""
    with (UNIT / "prompts_held_out_3.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row["prompt"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    plain = [prompt for prompt in rows if not re.search(r"[()\\]|BREAK|embedding", prompt)]
    return plain[:48] + KINDS


PROMPTS = plain_prompts()


def text_clip(host, family: str):
    """The family's CLIP; skips where this host does not know it."""
    folder = host.base / "models" / "embeddings"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with torch.inference_mode():
            return tiny_texts.text_encoder(family, PROMPTS, str(folder))
    except (ModuleNotFoundError, AttributeError) as absent:
        pytest.skip(f"this host does not know it: {absent}")
    except IndexError:
        pytest.skip("0.3.75 reads Mistral's tokenizer with transformers 4 only")


def letters(text: str) -> str:
    """Without spaces, joiners and accents, which BERT's tokenizer cleans up."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(c.lower() for c in parts if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc", "Mn"))


def spelled(tokenizer, ids: list[int]) -> str:
    """The letters that the tokenizer itself decodes these tokens to."""
    inner = tokenizer.tokenizer
    return letters((inner if hasattr(inner, "decode") else inner.tokenizer).decode(ids))


def flat(tokens: dict, encoder: str) -> list:
    return [token[0] for chunk in tokens[encoder] for token in chunk]
