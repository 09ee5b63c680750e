"""What energy guidance did in a run: a text and a curve."""

import math
from collections import Counter

from PIL import Image
from torch import Tensor

from ..guidance.energy.outcomes import GUIDED, MEASURED
from ..guidance.run_record import EnergyStep, SampledRun
from .plot import line_plot
from .theme import Theme

GROWS = (
    "the overlap grows in a plain run as well, while the picture takes shape: hold the end beside a plain run of the same "
    "seed, not beside the beginning (plain_attention, or Concept Entanglement)"
)
PLAIN = "strength 0, same seed"


def describe_energy(run: SampledRun, plain: SampledRun | None = None) -> str:
    """Pair by pair the overlap at the first and the last prediction; how many were guided, and why others were not.

    plain: a run of the same seed that was measured only, to be said beside.
    """
    first, last = run.energy[0], run.energy[-1]
    lines = [f"Energy guidance at {len(run.energy)} predictions, steps {first.step + 1} to {last.step + 1}"]
    lines += [run.settings] if run.settings else []
    for pair, name in enumerate(run.pairs):
        lines.append(f"{name}: SoftIoU (chance level)")
        for image in range(first.overlap.shape[1]):
            lines.append(f"  image {image + 1}: {_value(first, pair, image)} -> {_value(last, pair, image)}")
    outcomes = Counter(outcome for step in run.energy for outcome in step.outcome)
    lines.append(
        f"guided: {outcomes.pop(GUIDED, 0)} of {sum(len(s.outcome) for s in run.energy)} predictions of images"
    )
    lines += [f"not guided, {why}: {count}" for why, count in sorted(outcomes.items())]
    lines += ["SoftIoU by prediction, mean over images:", *map(_row, run.energy)]
    return "\n".join([*lines, *(beside_plain(run, plain) if plain else [GROWS])])


def beside_plain(run: SampledRun, plain: SampledRun) -> list[str]:
    """Pair by pair, at the last step that both have measured, the mean SoftIoU over the images of both."""
    at = {step.step: step for step in plain.energy}
    last = next((step for step in reversed(run.energy) if step.step in at), None)
    if last is None:
        return [f"the plain run ({PLAIN}) was measured at none of these steps"]
    pairs = zip(run.pairs, _means(last.overlap), _means(at[last.step].overlap), strict=True)
    lines = [f"  {name}: {guided:.3f}, plain {unguided:.3f}" for name, guided, unguided in pairs]
    return [f"beside the plain run ({PLAIN}) at step {last.step + 1}:", *lines]


def why_not_beside(run: SampledRun, plain: SampledRun) -> str:
    """Why a run cannot be drawn beside this one; "" if it can."""
    if not plain.energy:
        return "nothing was measured in it; set strength to 0 and measure to true"
    if any(outcome != MEASURED for step in plain.energy for outcome in step.outcome):
        return "it was guided itself; set its strength to 0 and measure to true"
    if plain.pairs != run.pairs:
        return f"it measured {', '.join(plain.pairs)}, the other run {', '.join(run.pairs)}; give both nodes the same concept_pairs"
    if plain.seed != run.seed or plain.numbers != run.numbers:
        return f"its seed is {plain.seed}, the other run's {run.seed}, or it has other images; sample both with one seed and batch"
    return ""


def _value(step: EnergyStep, pair: int, image: int) -> str:
    return f"{step.overlap[pair, image]:.3f} ({step.chance[pair, image]:.3f})"


def _row(step: EnergyStep) -> str:
    values = "  ".join(f"{value:.3f}" for value in _means(step.overlap))
    reasons = sorted(set(step.outcome) - {GUIDED})
    return f"  step {step.step + 1}: {values}" + (f"  ({'; '.join(reasons)})" if reasons else "")


def _means(values: Tensor) -> list[float]:
    return values.mean(1).tolist()


def energy_curve(run: SampledRun, theme: Theme, plain: SampledRun | None = None) -> Image.Image:
    """The mean SoftIoU over the images at each prediction, a curve a pair; beside it the plain run's at the same steps, and the
    mean chance level."""
    columns = list(zip(*(_means(step.overlap) for step in run.energy), strict=True))
    chance = sum(float(step.chance.mean()) for step in run.energy) / len(run.energy)
    places = [str(step.step + 1) for step in run.energy]
    curves = list(zip(run.pairs, columns, strict=True))
    beside = ("without energy guidance", plain_curves(run, plain)) if plain else None
    return line_plot("SoftIoU by step", curves, places, ("chance", chance), theme, beside)


def plain_curves(run: SampledRun, plain: SampledRun) -> list[list[float]]:
    """For each pair the plain run's mean SoftIoU at the steps of `run`; nan where it was not measured."""
    at = {step.step: _means(step.overlap) for step in plain.energy}
    return [[at[s.step][pair] if s.step in at else math.nan for s in run.energy] for pair in range(len(run.pairs))]
