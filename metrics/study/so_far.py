"""How a study stands, in words: how many pictures of which method, and how unequal they are so far."""

from ..axes import measure_axis, named_axes
from ..comparison_report import compared, signed_interval, verdict
from ..pooling import pairs
from ..readers import ReadAttributes
from ..statistics import Measurement
from ..statistics_report import interval
from .reading import counted, read_back
from .store import StudyStore

MOST = 20_000  # pictures of a method that are measured while one waits; the report has no limit


def so_far(store: StudyStore, method: str, axis: str, node: str) -> tuple[str, ReadAttributes, Measurement | None]:
    """(in words, everybody recorded under the method, their measurement)."""
    counts, read, found = counted(store), read_back(store, method), None
    lines = [f"study {store.path.parent.name}: " + "; ".join(f"{name or '(no name)'} {c.pictures} pictures, {c.people} people" for name, c in counts.items())]  # fmt: skip
    if counts[method].pictures > MOST:
        lines.append(f"more than {MOST} pictures are measured by the report: python -m fair_attention.audit report")
        return "\n".join(lines), read, None
    found = measure_axis(read, axis, node)
    lines.append(in_words(method, found))
    others = [name for name, c in counts.items() if name != method and c.pictures <= MOST]
    for other in others[:4]:
        lines.append(beside(other, method, read_back(store, other), read, axis, node))
    return "\n".join(lines), read, found


def in_words(method: str, found: Measurement) -> str:
    if not found.result.faces:
        return f"{method}, {found.result.axis}: nobody readable so far"
    prompts = f" (mean over {len(found.rows)} prompts)" if found.rows else ""
    return (
        f"{method}, {found.result.axis} (perceived): Bias-W{prompts} {interval(found.bias_w)}, chance {found.chance_w[0]:.3f}, floor "
        f"{found.floor_w:.3f}; Bias-P {interval(found.bias_p)}, floor {found.floor_p:.3f}; {found.result.faces} readable people, "
        f"{found.result.unreadable} unreadable"
    )


def beside(other: str, method: str, before: ReadAttributes, after: ReadAttributes, axis: str, node: str) -> str:
    """The difference to another method of the study, over the pictures that both have drawn."""
    try:
        found = compared(before, after, named_axes(after, axis, node), *pairs(before, after))
    except ValueError:
        return f"against {other}: no picture of the same prompt and seed yet"
    d = found.difference
    return f"against {other}: {signed_interval(d)} over {d.pairs} pairs of pictures; {verdict(d)}"
