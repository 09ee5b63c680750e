"""EquiSteer (ECCV 2026) for the comparison: the cross-attention's outputs moved along one attribute's direction, picture by picture.

Read off the authors' description and code (1a50487) and written anew:

    s^a_{l,t} = mean of layer l's output at step t over prompts that state attribute a, minus that over prompts that do not
    thr^a_{l,t} = half the sum of the mean largest <o, s^a/|s^a|> over tokens, of prompts that state a and that do not
    gate, once a picture, at step 0 in the fifth layer on the way down: if some <o, s^a/|s^a|> exceeds thr^a, leave it
    else, in the first two fifths of the steps (20 of 50), in every layer, of the conditional rows:
        o <- o - sum_a <o, u_a> u_a        u: the directions, made orthonormal one after the other (Gram-Schmidt)
        o <- o + thr^a s^a/|s^a|           a: the picture's attribute
        o <- o |o_before| / |o|

Two attributes are contrasted with each other, more with the prompt that states none, as published. The attribute is dealt
by the pack's quota instead of a coin, the same care as ours and Fair Diffusion get. Contrastive prompts are of words that
the emoji world knows; the published ones are of men and women in many settings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
from torch import Tensor

from ..attention.trace import cross_attention_blocks
from ..emoji_world import sampling
from ..guidance.batch_rows import transformer_options
from ..guidance.fair.dealing import Counts, deal
from ..guidance.fair.target import Attribute, TargetDistribution
from ..guidance.schedule import step_of

SUBJECTS = ("a {}person", "two {}people", "three {}people")
SETTINGS = ("", " with flowers", " next to trees", " with books")
OCCUPATIONS = ("doctor", "pilot", "teacher", "farmer")  # of the thresholds: those that settings may be tuned on
GATE, SHARE, SEED, EPS = 4, 0.4, 0, 1e-6  # the layer on the way down; of the steps; the seed of all that is collected
KEY = "fair_attention.benchmark.equisteer"

Place = tuple[int, int]  # layer in the order of the forward, step
Hook = Callable[
    [int, int, Tensor, int], Tensor | None
]  # layer, step, output of the conditional rows [B,N,C] -> another one


@dataclass
class Directions:
    """unit[a][place]: s^a/|s^a| [C]. thresholds[a][place]: thr^a."""

    unit: list[dict[Place, Tensor]] = field(default_factory=list)
    thresholds: list[dict[Place, float]] = field(default_factory=list)


def hooked(model: Any, hook: Hook) -> Any:
    """A clone whose cross-attention outputs go through `hook`, the conditional rows of each forward alone."""
    from comfy.patcher_extension import WrappersMP

    def forward(executor, *args, **kwargs):
        options = transformer_options(args, kwargs) or {}
        kinds = options.get("cond_or_uncond") or []
        rows = args[0].shape[0] // max(1, len(kinds))
        chosen = [slice(i * rows, (i + 1) * rows) for i, kind in enumerate(kinds) if kind == 0]
        if not chosen:
            return executor(*args, **kwargs)
        step = step_of(float(options["sigmas"].flatten()[0]), options.get("sample_sigmas"), 0)

        def after(layer: int):
            def change(_module, _inputs, output: Tensor) -> Tensor | None:
                found = hook(layer, step, output[chosen[0]], rows)
                if found is None:
                    return None
                output = output.clone()
                output[chosen[0]] = found.to(output)
                return output

            return change

        blocks = cross_attention_blocks(executor.class_obj)
        handles = [m.attn2.register_forward_hook(after(i)) for i, (_, m) in enumerate(blocks)]
        try:
            return executor(*args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()

    patched = model.clone()
    patched.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, KEY, forward)
    return patched


def outputs(
    emoji: sampling.Emoji, prompt: str, reduce: Callable[[int, int, Tensor], Any], steps: int
) -> dict[Place, Any]:
    """What `reduce` makes of each layer's output [1,N,C] at each step while one picture of the prompt is drawn."""
    found: dict[Place, Any] = {}

    def hook(layer: int, step: int, output: Tensor, _rows: int) -> None:
        found[layer, step] = reduce(layer, step, output)

    sampling.sample(emoji, prompt, 1, SEED, steps, model=hooked(emoji.model, hook))
    return found


def mean_output(emoji: sampling.Emoji, prompts: Sequence[str], steps: int) -> dict[Place, Tensor]:
    each = [outputs(emoji, p, lambda _l, _s, o: o.float().mean((0, 1)), steps) for p in prompts]
    return {place: torch.stack([one[place] for one in each]).mean(0) for place in each[0]}


def texts(word: str) -> list[str]:
    return [f"a photo of {s.format(f'{word} ' if word else '')}{c}" for s, c in product(SUBJECTS, SETTINGS)]


def learn(emoji: sampling.Emoji, attributes: Sequence[Attribute], steps: int = sampling.STEPS) -> Directions:
    """Directions and thresholds of a set of attributes; some dozens of pictures of each are drawn."""
    stated = [mean_output(emoji, texts(a.word), steps) for a in attributes]
    plain = mean_output(emoji, texts(""), steps) if len(stated) != 2 else {}
    found = Directions()
    for k, attribute in enumerate(attributes):
        other = stated[1 - k] if len(stated) == 2 else plain
        vectors = {place: own - other[place] for place, own in stated[k].items()}
        unit = {place: v / v.norm().clamp_min(EPS) for place, v in vectors.items()}
        largest: list[dict[Place, float]] = [
            outputs(emoji, f"a photo of a {word}{o}", lambda layer, s, out, u=unit: float((out.float() @ u[layer, s]).max()), steps)
            for o in OCCUPATIONS
            for word in ("", f"{attribute.word} ")
        ]  # fmt: skip
        found.unit.append(unit)
        found.thresholds.append({p: sum(one[p] for one in largest) / len(largest) for p in unit})
    return found


def steer(
    output: Tensor, units: Sequence[Tensor], thresholds: Sequence[float], given: Sequence[int], scale: float = 1.0
) -> Tensor:
    """One layer's output [B,N,C] of pictures that are to show attribute given[b]; norms of tokens stay.

    scale: times what is added; 1 as published.
    """
    before = output.float()
    steered, basis = before.clone(), []
    for unit in units:
        u = unit
        for earlier in basis:
            u = u - (u @ earlier) * earlier
        u = u / u.norm().clamp_min(EPS)
        basis.append(u)
        steered = steered - (steered @ u)[..., None] * u
    added = torch.stack([scale * thresholds[k] * units[k] for k in given])
    steered = steered + added[:, None]
    return steered / steered.norm(dim=-1, keepdim=True).clamp_min(EPS) * before.norm(dim=-1, keepdim=True)


def equisteered(
    emoji: sampling.Emoji,
    target: TargetDistribution,
    found: Directions,
    steps: int = sampling.STEPS,
    share: float = SHARE,
    scale: float = 1.0,
) -> Any:
    """A patched model: each picture of a batch is gated, and given an attribute, by itself.

    share: of the steps in which it is steered; scale: as in `steer`. Both are as published unless given.
    """
    state: dict[str, Any] = {"given": [], "open": [], "counts": {}}
    ways_down = [
        i for i, (b, _) in enumerate(cross_attention_blocks(emoji.model.model.diffusion_model)) if b.part == "input"
    ]
    gate = ways_down[min(GATE, len(ways_down) - 1)]

    def hook(layer: int, step: int, output: Tensor, rows: int) -> Tensor | None:
        units = [unit[layer, step].to(output.device) for unit in found.unit if (layer, step) in unit]
        if not units:
            return None
        limits = [limit[layer, step] for limit in found.thresholds]
        if step == 0 and layer == 0:
            counts: Counts = {}
            state["given"] = [deal(target, [0], target.seed, image, counts)[0] for image in range(rows)]
            state["open"] = []
        if step == 0 and layer == gate:
            scores = torch.stack([(output.float() @ u).amax(1) - t for u, t in zip(units, limits, strict=True)])
            state["open"] = (scores <= 0).all(0).tolist()
        if not any(state["open"]) or step >= share * steps:
            return None
        steered = steer(output, units, limits, state["given"], scale)
        is_open = torch.tensor(state["open"], device=output.device)[:, None, None]
        return torch.where(is_open, steered.to(output), output)

    return hooked(emoji.model, hook)
