"""RESULTS.md: one section a benchmark, each written by its own command and leaving the others as they are."""

import re
from collections.abc import Iterable
from pathlib import Path

PAGE = Path(__file__).parent / "RESULTS.md"
TITLE = "# Results\n\nEvery table is written by the command named above it; the numbers behind it are in `results/`.\n"


def write_section(heading: str, text: str, page: Path = PAGE) -> None:
    """Replace the section "## heading", or put it at the end."""
    old = page.read_text(encoding="utf-8") if page.exists() else TITLE
    section = f"## {heading}\n\n{text.strip()}\n"
    pattern = re.compile(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if pattern.search(old):
        new = pattern.sub(lambda _: section + "\n", old)
    else:
        new = f"{old.rstrip()}\n\n{section}"
    page.write_text(new.rstrip() + "\n", encoding="utf-8")


Bar = tuple[str, str, str, bool]  # what, measured, wanted, met


def add_bar(found: list[Bar], what: str, value: float, limit: float, at_most: bool = True, digits: int = 3) -> None:
    """Put a bar and what was measured to the others; that many digits are shown."""
    met = value <= limit + 1e-9 if at_most else value >= limit - 1e-9
    found.append((what, f"{value:.{digits}g}", f"{'≤' if at_most else '≥'} {limit:.{digits}g}", met))


def bars_table(bars: Iterable[Bar]) -> str:
    return table(("bar", "measured", "wanted", ""), [(*b[:3], "met" if b[3] else "**not met**") for b in bars])


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    header = list(header)
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
