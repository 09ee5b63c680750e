"""What energy guidance did in a run: a text and a curve."""

from collections import Counter

from PIL import Image
from torch import Tensor

from ..guidance.energy.outcomes import GUIDED
from ..guidance.run_record import EnergyStep, SampledRun
from .plot import line_plot
from .theme import Theme

GROWS = (
    "the overlap grows in a plain run as well, while the picture takes shape: hold the end beside Concept Entanglement of a "
    "plain run of the same seed, not beside the beginning"
)


def describe_energy(run: SampledRun) -> str:
    """Pair by pair the overlap at the first and the last prediction; how many were guided, and why others were not."""
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
    return "\n".join([*lines, "SoftIoU by prediction, mean over images:", *map(_row, run.energy), GROWS])


def _value(step: EnergyStep, pair: int, image: int) -> str:
    return f"{step.overlap[pair, image]:.3f} ({step.chance[pair, image]:.3f})"


def _row(step: EnergyStep) -> str:
    values = "  ".join(f"{value:.3f}" for value in _means(step.overlap))
    reasons = sorted(set(step.outcome) - {GUIDED})
    return f"  step {step.step + 1}: {values}" + (f"  ({'; '.join(reasons)})" if reasons else "")


def _means(values: Tensor) -> list[float]:
    return values.mean(1).tolist()


def energy_curve(run: SampledRun, theme: Theme) -> Image.Image:
    """The mean SoftIoU over the images at each prediction, a curve a pair; the mean chance level beside."""
    columns = list(zip(*(_means(step.overlap) for step in run.energy), strict=True))
    chance = sum(float(step.chance.mean()) for step in run.energy) / len(run.energy)
    places = [str(step.step + 1) for step in run.energy]
    return line_plot("SoftIoU by step", list(zip(run.pairs, columns, strict=True)), places, ("chance", chance), theme)
