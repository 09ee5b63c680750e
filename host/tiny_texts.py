"""CLIPs of the host's transformer models, small and random: its own encoders, as wide as the texts of `random_dit.py`, and its own
tokenizers.

Tokenizers whose vocabulary comes with the weights (Gemma's and mT5's SentencePiece, Mistral's tekken) are trained here, on a
few sentences. Towers for pictures are left out. Nothing is trained, but the rows of a text context are where the real ones are.
"""

import base64
import importlib
import io
import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch

from .tiny import CONTEXT, initial

WIDTH = CONTEXT
LLAMA = {
    "hidden_size": WIDTH,
    "intermediate_size": WIDTH,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
}
CLIP = {
    "hidden_size": WIDTH,
    "intermediate_size": WIDTH,
    "num_attention_heads": 4,
    "num_hidden_layers": 4,
    "projection_dim": WIDTH,
}
T5 = {"d_model": WIDTH, "d_ff": WIDTH, "d_kv": 4, "num_heads": 4, "num_layers": 4}
BERT = {
    "hidden_size": WIDTH,
    "intermediate_size": WIDTH,
    "num_attention_heads": 4,
    "num_hidden_layers": 4,
}
UNNAMED = {key: value for key, value in LLAMA.items() if key != "num_key_value_heads"}  # Gemma 3 and Jina of NewBie
CONFIGS = {
    "clip_l": CLIP,
    "clip_g": CLIP,
    "t5xxl": T5,
    "mt5xl": T5,
    "pile_t5xl": T5,
    "hydit_clip": BERT,
    "llama": LLAMA,
    "mistral3_24b": {**LLAMA, "num_hidden_layers": 31},  # its features are of layers 10, 20 and 30
    "ministral3_3b": LLAMA,
    "gemma2_2b": LLAMA,
    "gemma3_4b": LLAMA,
    "qwen25_7b": LLAMA,
    "qwen25_3b": LLAMA,
    "qwen3_2b": LLAMA,
    "qwen3_06b": LLAMA,
    "qwen3_4b": {**LLAMA, "num_hidden_layers": 28},  # layers 9, 18, 27
    "qwen3_8b": {**LLAMA, "num_hidden_layers": 28},
    "qwen3vl_4b": {**LLAMA, "num_hidden_layers": 36},  # up to layer 35
    "qwen3vl_8b": {**LLAMA, "num_hidden_layers": 37},
}
SD3_WIDTH = {"t5xxl": {**T5, "d_model": 4096}}  # SD 3 lays T5's features behind CLIP's, which it pads to 4096

# name -> module of comfy.text_encoders, tokenizer, text encoder (a class, or what makes one), sizes of their own
FAMILIES: dict[str, tuple[str, str, str, dict]] = {
    "SD 3": ("sd3_clip", "SD3Tokenizer", "sd3_clip()", SD3_WIDTH),
    "SD 3 without T5": ("sd3_clip", "SD3Tokenizer", "sd3_clip(t5=False)", {}),
    "SD 3 T5 alone": ("sd3_clip", "SD3Tokenizer", "sd3_clip(clip_l=False,clip_g=False)", {}),
    "Flux": ("flux", "FluxTokenizer", "flux_clip()", {}),
    "PixArt, Chroma": ("pixart_t5", "PixArtTokenizer", "pixart_te()", {}),
    "AuraFlow": ("aura_t5", "AuraT5Tokenizer", "AuraT5Model", {}),
    "HunyuanDiT": ("hydit", "HyditTokenizer", "HyditModel", {}),
    "HiDream": ("hidream", "HiDreamTokenizer", "hidream_clip()", {}),
    "Lumina 2": ("lumina2", "LuminaTokenizer", "te()", {}),
    "OmniGen 2": ("omnigen2", "Omnigen2Tokenizer", "te()", {}),
    "Qwen-Image": ("qwen_image", "QwenImageTokenizer", "te()", {}),
    "HunyuanImage": ("hunyuan_image", "HunyuanImageTokenizer", "te()", {"": T5}),
    "Z-Image": ("z_image", "ZImageTokenizer", "te()", {}),
    "Flux 2": ("flux", "Flux2Tokenizer", "flux2_te()", {}),
    "Flux 2 klein": ("flux", "KleinTokenizer", "klein_te()", {}),
    "Flux 2 klein 9B": ("flux", "KleinTokenizer8B", "klein_te(model_type='qwen3_8b')", {}),
    "Ovis": ("ovis", "OvisTokenizer", "te()", {}),
    "Kandinsky 5": ("kandinsky5", "Kandinsky5TokenizerImage", "te()", {}),
    "NewBie": ("newbie", "NewBieTokenizer", "te()", {"": UNNAMED}),
    "LongCat": ("longcat_image", "LongCatImageTokenizer", "te()", {}),
    "Ernie": ("ernie", "ErnieTokenizer", "ErnieTEModel", {}),
    "PixelDiT": ("pixeldit", "PixelDiTGemma2Tokenizer", "pixeldit_te()", {}),
    "Ideogram 4": ("ideogram4", "Ideogram4Qwen3VLTokenizer", "te_qwen3vl()", {}),
    "Boogu": ("boogu", "BooguTokenizer", "te()", {}),
    "Krea 2": ("krea2", "Krea2Tokenizer", "te()", {}),
    "JoyImage": ("joyimage", "JoyImageTokenizer", "te()", {}),
    "Mage-Flow": ("mage_flow", "MageFlowTokenizer", "te()", {}),
    "Anima": ("anima", "AnimaTokenizer", "te()", {}),
    "HiDream O1": ("hidream_o1", "HiDreamO1Tokenizer", "HiDreamO1TE", {}),
}


class NoTower(torch.nn.Module):
    """In the place of a tower for pictures, which a text does not pass."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__()


def text_encoder(family: str, sentences: Iterable[str], embedding_directory: str | None = None) -> Any:
    """The host's CLIP of this family. ModuleNotFoundError or AttributeError if this host does not know it."""
    import comfy.sd

    name, tokenizer, encoder, sizes = FAMILIES[family]
    module = importlib.import_module(f"comfy.text_encoders.{name}")
    if not hasattr(module, tokenizer):
        raise AttributeError(f"this host has no {tokenizer}")
    configs = {f"{key}_model_config": value for key, value in {**CONFIGS, **sizes}.items()}
    half = sizes is SD3_WIDTH  # a table of 32,128 tokens
    options = {**configs, "dtype": torch.float16 if half else torch.float32, "initial_device": torch.device("cpu")}
    target = SimpleNamespace(params={}, clip=made(module, encoder), tokenizer=getattr(module, tokenizer))
    with ExitStack() as stack:
        for where, tower in (("qwen_vl", "Qwen2VLVisionTransformer"), ("qwen3vl", "Qwen3VLVisionModel")):
            stack.enter_context(without(where, tower))
        stack.enter_context(mock.patch("transformers.integrations.mistral.MistralConverter", Converter))
        data = vocabularies(sentences)
        clip = comfy.sd.CLIP(target, embedding_directory, tokenizer_data=data, model_options=options)
    fill(clip.cond_stage_model)
    return clip


def made(module: Any, encoder: str) -> Callable:
    """ "te(model_type='qwen3_8b')" of a module -> the class it makes; "HyditModel" -> that class."""
    name, _, rest = encoder.partition("(")
    arguments = dict(a.split("=") for a in rest.rstrip(")").split(",") if a)
    values = {key: value.strip("'") if "'" in value else value == "True" for key, value in arguments.items()}
    return getattr(module, name)(**values) if "(" in encoder else getattr(module, name)


def without(where: str, tower: str) -> Any:
    try:
        return mock.patch.object(importlib.import_module(f"comfy.text_encoders.{where}"), tower, NoTower)
    except (ModuleNotFoundError, AttributeError):  # 0.3.75 has no Qwen3-VL
        return ExitStack()


def fill(model: torch.nn.Module) -> None:
    """Random values for all parameters."""
    generator = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            name = name.replace("shared.weight", "embedding.weight").replace("embed_tokens", "embedding")
            few = parameter.shape if parameter.numel() < 10**6 else (len(parameter), 16)  # large tables: repeated
            value = initial(name, torch.Size(few), generator)
            parameter.copy_(value if few == parameter.shape else value.repeat(1, parameter.shape[1] // 16))


def vocabularies(sentences: Iterable[str]) -> dict[str, Any]:
    """What loaders take from weights: SentencePiece models and a tekken one, trained on these sentences."""
    texts = list(sentences)
    piece = spiece(texts)
    names = "spiece_model", "mt5xl.spiece_model", "gemma_spiece_model", "jina_spiece_model"
    return {**dict.fromkeys(names, piece), "tekken_model": tekken(texts)}


def spiece(sentences: list[str], size: int = 700) -> torch.Tensor:
    """A SentencePiece model as bytes: unigrams, other letters as bytes, the special tokens of Gemma 2 and 3."""
    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences * 3), model_writer=written, vocab_size=size, byte_fallback=True, hard_vocab_limit=False,
        pad_id=0, eos_id=1, bos_id=2, unk_id=3, character_coverage=0.99, normalization_rule_name="identity",
        user_defined_symbols=[f"<unused{n}>" for n in range(110)], minloglevel=2,
    )  # fmt: skip
    return torch.frombuffer(bytearray(written.getvalue()), dtype=torch.uint8)


def tekken(sentences: list[str], merges: int = 600) -> torch.Tensor:
    """A vocabulary in the format of Mistral's tekken.json: all bytes, and pairs of pieces as byte-level BPE merges them."""
    import tokenizers
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    trained = tokenizers.Tokenizer(tokenizers.models.BPE())
    trained.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=256 + merges, initial_alphabet=alphabet, show_progress=False)
    trained.train_from_iterator(sentences, trainer)
    letters = {letter: byte for byte, letter in bytes_to_unicode().items()}
    pieces = sorted(trained.get_vocab().items(), key=lambda one: one[1])
    spelled = [bytes(letters[c] for c in piece) for piece, _ in pieces]
    spelled = [bytes([n]) for n in range(256)] + [s for s in spelled if len(s) > 1]
    special = [f"<SPECIAL_{n}>" for n in range(20)]
    named = {0: "<unk>", 1: "<s>", 2: "</s>", 3: "[INST]", 4: "[/INST]", 11: "<pad>", 17: "[SYSTEM_PROMPT]"}
    special = [{**named, 18: "[/SYSTEM_PROMPT]"}.get(n, name) for n, name in enumerate(special)]
    data = {
        "config": {"default_vocab_size": len(spelled) + len(special)},
        "special_tokens": [{"rank": n, "token_str": token} for n, token in enumerate(special)],
        "vocab": [{"rank": n, "token_bytes": base64.b64encode(s).decode()} for n, s in enumerate(spelled)],
    }
    return torch.frombuffer(bytearray(json.dumps(data).encode()), dtype=torch.uint8)


class Converter:
    """transformers' MistralConverter as the host asks for it; that of transformers 5 wants a file instead."""

    def __init__(self, vocab: dict, additional_special_tokens: list[str]):
        self.vocab, self.special = vocab, additional_special_tokens

    def converted(self) -> Any:
        from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
        from transformers.convert_slow_tokenizer import bytes_to_unicode

        letters = bytes_to_unicode()
        written = [t if isinstance(t, str) else "".join(letters[byte] for byte in t) for t in self.vocab]
        numbers = {piece: n for n, piece in enumerate(written)}
        parts = [(p[:i], p[i:]) for p in written[len(self.special) :] for i in range(1, len(p))]
        merges = [pair for pair in parts if pair[0] in numbers and pair[1] in numbers]
        made = Tokenizer(models.BPE(numbers, merges, fuse_unk=False, ignore_merges=True))
        words = pre_tokenizers.Split(Regex(WORDS), behavior="isolated")
        level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        made.pre_tokenizer = pre_tokenizers.Sequence([words, level])
        made.decoder = decoders.ByteLevel()
        made.add_special_tokens([AddedToken(token, special=True) for token in self.special])
        return made


WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
