"""Concept entanglement measured on the maps that a run has recorded."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..attention.capture import MapStore
from ..attention.maps import iou, resize, sum_size
from ..attention.trace import Block
from .entanglement import block_iou, chance_level, concept_iou, mean_iou, percentile_mask

NODE = "Concept Entanglement (IoU)"


@dataclass(frozen=True)
class Entanglement:
    """masks: bool [2,images,h,w] of the two concepts. control: IoU of a third word with the second, [images] or None."""

    names: tuple[str, str]
    percentile: float
    masks: Tensor
    by_block: dict[Block, Tensor]  # of every block recorded, [images]
    control: tuple[str, Tensor] | None

    @property
    def ious(self) -> Tensor:
        return iou(*self.masks).float()


def block_maps(store: MapStore) -> dict[Block, Tensor]:
    """block -> [images,words,h,w] at the common size: mean over heads and steps of what was recorded."""
    size = sum_size(store.latent_size)
    return {block: resize(store.mean(block).cpu(), size) for block in store.blocks}


def measure(store: MapStore, names: list[str], percentile: float, blocks: frozenset[Block] | None) -> Entanglement:
    """M_c = sum over blocks of the maps at one size (OVAM, BiasMap), by default of all but the middle, as published.

    BiasMap sums over the heads, this takes their mean: the same but for a factor where all blocks have as many heads
    (SD 1.x). names: demographic, semantic and, where wanted, control.
    """
    maps = block_maps(store)
    chosen = [b for b in maps if (b in blocks if blocks is not None else b.part != "middle")]
    if not chosen:
        raise ValueError(f"{NODE}: only the middle block was recorded; name it in blocks: middle.0")
    columns = [_column(store, name) for name in names]
    total = torch.stack([maps[b] for b in chosen]).sum(0)
    concepts = total[:, columns].transpose(0, 1)  # [2 or 3,images,h,w]
    one, other = ({block: m[:, column] for block, m in maps.items()} for column in columns[:2])
    return Entanglement(
        (names[0], names[1]),
        percentile,
        percentile_mask(concepts[:2], percentile),
        block_iou(one, other, percentile),
        (names[2], concept_iou(concepts[2], concepts[1], percentile)) if len(names) > 2 else None,
    )


def _column(store: MapStore, name: str) -> int:
    recorded = [text.lower() for text in store.labels]
    if name.lower() not in recorded:
        raise ValueError(
            f"{NODE}: {name!r} was not recorded; the attention holds {', '.join(store.labels) or 'no words'}. "
            "Name one of these, or add the word to Capture Cross-Attention (its attribution_prompt takes any word)."
        )
    return recorded.index(name.lower())


def describe(found: Entanglement) -> str:
    one, other = found.names
    share, mean = 1 - found.percentile / 100, mean_iou(found.ious)
    lines = [f'IoU of the strongest {share:.0%} of the maps of "{one}" and "{other}"']
    lines += [f"image {i}: {value:.3f}" for i, value in enumerate(found.ious.tolist(), 1)]
    lines.append(f"mean (mIoU): {mean:.3f}")
    chance = chance_level(found.percentile)
    meaning = (
        "above it: they are entangled" if mean > chance else "not above it: they are independent or avoid each other"
    )
    lines.append(f"chance level of independent masks: {chance:.3f}; {meaning}")
    if found.control is not None:
        name, values = found.control
        lines.append(f'control, "{name}" and "{other}": {mean_iou(values):.3f}')
    lines.append(
        "by block (BIoU, mean over images): " + ", ".join(f"{b} {mean_iou(v):.3f}" for b, v in found.by_block.items())
    )
    return "\n".join(lines)
