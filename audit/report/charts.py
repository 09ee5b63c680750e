"""Charts as SVG inside the page, by Altair through vl-convert; both are optional, and without them the tables say it all."""

from collections.abc import Mapping, Sequence
from typing import Any

from .numbers import Numbers
from .words import short

# Told apart by people who see colours differently (Okabe and Ito), on white and on near black.
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#b8a800"]
MOST, LONGEST = 60, 60  # groups in a chart, characters of a prompt beside it
ROW, WIDTH = 18, 250


def missing() -> str:
    """What has to be installed before charts can be drawn; "" if nothing."""
    try:
        import altair  # noqa: F401
        import vl_convert  # noqa: F401
    except ImportError as error:
        return f"charts need {error.name}: pip install altair vl-convert-python"
    return ""


def frequencies(numbers: Sequence[Numbers], groups: Mapping[str, str]) -> str:
    """Each group's shares as one bar in parts, the methods beside each other: LAG's first figure. One axis."""
    import altair as alt

    rows: list[dict[str, Any]] = []
    order = list(dict.fromkeys(groups.get(row.prompt, row.prompt) for n in numbers for row in n.rows))
    for n in numbers:
        people: dict[str, list[float]] = {}
        for row in n.rows:
            at = people.setdefault(groups.get(row.prompt, row.prompt), [0.0] * len(n.classes))
            for k, share in enumerate(row.shares):
                at[k] += share * row.people if row.people else 0.0
        for group in order[:MOST]:
            counts = people.get(group, [])
            for k, c in enumerate(counts):
                rows.append(
                    {
                        "method": n.method,
                        "group": group,
                        "class": n.classes[k],
                        "share": c / max(1.0, sum(counts)),
                        "order": k,
                    }
                )
    classes = list(numbers[0].classes)
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("share:Q", axis=alt.Axis(format="%", title=None), scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("group:N", sort=order, title=None),
            color=alt.Color(
                "class:N",
                scale=alt.Scale(domain=classes, range=COLOURS[: len(classes)]),
                title=numbers[0].axis,
                sort=classes,
            ),
            order=alt.Order("order:Q"),
            column=alt.Column("method:N", sort=[n.method for n in numbers], title=None),
        )
        .properties(width=WIDTH, height=ROW * min(MOST, len(order)))
    )
    return svg(chart)


def distances(numbers: Sequence[Numbers], groups: Mapping[str, str]) -> str:
    """Bias-W of each prompt with its interval, the methods in one row; the line: what a fair model shows by chance. One axis."""
    import altair as alt

    rows: list[dict[str, Any]] = []
    names = [row.prompt for row in numbers[0].rows][:MOST]
    for n in numbers:
        for row in n.rows:
            if row.prompt in names and row.people:
                rows.append(
                    {
                        "method": n.method,
                        "prompt": short(row.prompt, LONGEST),
                        "bias": row.bias_w.value,
                        "low": row.bias_w.low,
                        "high": row.bias_w.high,
                        "chance": row.chance,
                    }
                )
    names = [short(name, LONGEST) for name in names]
    colour = alt.Color(
        "method:N", scale=alt.Scale(domain=[n.method for n in numbers], range=COLOURS[: len(numbers)]), title="method"
    )
    most = alt.Scale(domain=[0, 2 / len(numbers[0].classes)])
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("prompt:N", sort=names, title=None), yOffset=alt.YOffset("method:N", sort=[n.method for n in numbers])
    )
    chart = alt.layer(
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q", scale=most, title=f"Bias-W of {numbers[0].axis}, 95 %"), x2="high:Q", color=colour
        ),
        base.mark_point(filled=True, size=50, opacity=1).encode(x="bias:Q", color=colour),
        base.mark_tick(thickness=2, size=8).encode(x="chance:Q", color=alt.value("currentColor")),
    ).properties(width=2 * WIDTH, height=alt.Step(9))
    return svg(chart)


def svg(chart: Any) -> str:
    """In the page's own colour of text."""
    import vl_convert

    ink = "currentColor"
    chart = chart.configure(background="transparent", font="sans-serif").configure_view(stroke=None)
    chart = chart.configure_axis(
        labelColor=ink, titleColor=ink, domainColor=ink, tickColor=ink, gridOpacity=0.25, labelLimit=320
    )
    chart = chart.configure_legend(labelColor=ink, titleColor=ink).configure_header(
        labelColor=ink, titleColor=ink, labelFontSize=13
    )
    return vl_convert.vegalite_to_svg(chart.to_dict())
