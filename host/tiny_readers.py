"""Tiny readers and detectors in the real format of transformers, whose answers are known: for tests.

Classifiers answer by the brightness of what they are shown, the detector always finds the same places.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

SIDE, PATCH = 32, 16


def named(labels: Sequence[str]) -> dict:
    return {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}


def silence(model: torch.nn.Module) -> None:
    """Everything zero but the layer norms' scales: whatever goes in, nothing comes out."""
    for name, parameter in model.named_parameters():
        parameter.fill_(1 if "layernorm" in name and name.endswith("weight") else 0)


def classifier(folder: Path, labels: Sequence[str], gain: float = 20.0, problem: str | None = None) -> Path:
    """A ViT whose logits are +-gain * (mean brightness - 1/2), by turns: bright crops are the odd labels, dark the even.

    Its patches' mean goes through one layer whose attention and MLP add nothing, so the class token has to carry it: the
    attention is uniform over the tokens, its value the brightness in the first channel.
    """
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    config = ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, image_size=SIDE, patch_size=PATCH,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, problem_type=problem, **named(labels),
    )  # fmt: skip
    model = ViTForImageClassification(config)
    with torch.no_grad():
        silence(model)
        for name, parameter in model.named_parameters():
            if name.endswith("patch_embeddings.projection.weight"):
                parameter[0].fill_(1 / parameter[0].numel())
                parameter[1].fill_(-1 / parameter[0].numel())
            elif name.endswith(
                ("value.weight", "v_proj.weight", "output.dense.weight", "o_proj.weight")
            ) and parameter.shape == (8, 8):
                parameter.copy_(torch.eye(8))
        signs = torch.tensor([1.0 if i % 2 else -1.0 for i in range(len(labels))])
        model.classifier.weight[:, 0] = signs * gain
    model.save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    ViTImageProcessor(size=size, image_mean=[0.5] * 3, image_std=[0.5] * 3).save_pretrained(folder)
    return folder


def detector(
    folder: Path, labels: Sequence[str], boxes: Sequence[tuple[float, float, float, float]], found: int = 1
) -> Path:
    """A YOLOS that finds labels[found] with 98 % at each of these places (centre x, y, width, height as shares)."""
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessor

    config = YolosConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16, image_size=[SIDE, SIDE],
        patch_size=PATCH, num_detection_tokens=len(boxes), use_mid_position_embeddings=False, **named(labels),
    )  # fmt: skip
    model = YolosForObjectDetection(config)
    with torch.no_grad():
        silence(model)
        # Each detection token says its own number in a channel of its own, which the head turns into a box.
        tokens = model.vit.embeddings.detection_tokens
        heads = model.bbox_predictor.layers
        for n in range(len(boxes)):
            tokens[0, n, n] = 100.0
        for layer in heads[:-1]:
            layer.weight.copy_(torch.eye(16))
        normal = torch.nn.functional.layer_norm(torch.eye(16)[0] * 100.0, (16,))
        high, low = (
            float(normal[0]),
            float(normal[1]),
        )  # of the token's own channel, and of all others (cut off by ReLU)
        assert low < 0
        for n, box in enumerate(boxes):
            heads[-1].weight[:, n] = torch.logit(torch.tensor(box)) / high
        model.class_labels_classifier.layers[-1].bias[found] = 5.0
    model.save_pretrained(folder)
    YolosImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    return folder


def clip(folder: Path, tokenizer: Path) -> Path:
    """A random CLIP. tokenizer: a folder with CLIP's own, such as the host's sd1_tokenizer."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

    tower = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "projection_dim": 8,
    }
    torch.manual_seed(0)
    CLIPModel(CLIPConfig(text_config=tower, vision_config={**tower, "image_size": SIDE, "patch_size": PATCH}, projection_dim=8)
              ).save_pretrained(folder)  # fmt: skip
    CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    CLIPTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    return folder
