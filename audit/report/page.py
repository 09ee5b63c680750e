"""One HTML file that needs nothing else: no network, no script; light or dark as the reader's system is. All text is escaped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...metrics.comparison_report import verdict as changed
from ...metrics.intervals import Interval
from ...metrics.study import StudyError
from .words import number, short


def render(content: Mapping[str, Any]) -> str:
    """StudyError where Jinja2 is missing."""
    try:
        import jinja2
    except ImportError as error:
        raise StudyError("the report needs Jinja2: pip install jinja2 altair vl-convert-python") from error
    text = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    world = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    world.filters.update(interval=interval, number=number, signed=signed, p=p, short=short, changed=changed)
    return world.from_string(text).render(content)


def interval(found: Interval) -> str:
    if found.low != found.low:
        return number(found.value)
    return f"{number(found.value)} ({number(found.low)} to {number(found.high)})"


def signed(value: float) -> str:
    return "–" if value != value else f"{value:+.2f}"


def p(value: float) -> str:
    return "–" if value != value else "< 0.001" if value < 0.001 else f"{value:.3f}"
