"""The section of RESULTS.md that says how often the printed intervals hold the truth."""

from .page import table, write_section


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def write_page(data: dict) -> None:
    rows = []
    for name, kinds in data["coverage"].items():
        cells = []
        for kind in ("read", "corrected"):
            r = kinds[kind]
            cells += [share(r["held"], r["studies"]), f"{r['above']} / {r['below']}", f"{r['width']:.2f}"]
        rows.append((name, kinds["read"]["studies"], *cells))
    header = (
        "",
        "studies",
        "read: holds",
        "too high / too low",
        "width",
        "corrected: holds",
        "too high / too low",
        "width",
    )
    tests = [(n, r["studies"], share(r["rejected"], r["studies"])) for n, r in data["fair"].items()]
    all_fair = [sum(r[key] for r in data["fair"].values()) for key in ("rejected", "studies")]
    apart = [(n, r["studies"], share(r["held"], r["studies"]), f"{r['above']} / {r['below']}", f"{r['width']:.2f}",
              share(r["told_apart"], r["studies"])) for n, r in data["compared"].items()]  # fmt: skip
    met = []
    for kind, what in (("read", "of what this reader reads"), ("corrected", "of the truth, corrected")):
        r = data[kind]
        rate = r["held"] / r["studies"]
        met.append((f"95 % interval of Bias-W {what}", f"{100 * rate:.1f} % ({100 * r['low']:.1f} to {100 * r['high']:.1f})",
                    "92 to 98 %", "yes" if 0.92 <= rate <= 0.98 else "**no**"))  # fmt: skip
    rate = all_fair[0] / all_fair[1]
    met.append(
        (
            "test of no bias rejects a fair model",
            share(*all_fair),
            "4 to 6 %",
            "yes" if 0.04 <= rate <= 0.06 else "**no**",
        )
    )
    text = (
        "`make bench-statistics`: simulated studies of pictures of one to four people, whose shares are known; *alike* is the share "
        "of pictures whose people are all of one class. A reader that errs (6, 15 and 20 % of 2, 4 and 8 classes read wrong or "
        "left open, one class worse than the others) was measured on 100 people of each class. *read*: the interval of Bias-W "
        "against what this reader reads of everybody the model could draw; *corrected*: of the corrected Bias-W against the truth. "
        "*too high*: the truth lies below the interval. At a true Bias-W of 0 an interval can miss on one side only, so that 97.5 % "
        "is what it should hold. The method and its constants were chosen on studies like these of other seeds. Not everywhere is it as "
        "good: with eight classes it holds too often, and on trials of six strongly biased prompts of only eight pictures each it held "
        "about 89 %."
        + (f" {data['seconds']} seconds of one core in all." if "seconds" in data else "")
        + "\n\n"
        + table(("", "measured", "bar", "met"), met)
        + "\n\n" + table(header, rows)
        + "\n\nTest of *no bias* at 5 %, on models that are fair:\n\n" + table(("", "studies", "rejected"), tests)
        + "\n\nBefore (as said) against after (fair), the 95 % interval of the difference, and how often *no difference* is rejected. What that interval does at the ends of the scale was changed after a look at these very studies, so its figures are of the tuning part:\n\n"
        + table(("", "studies", "holds", "too high / too low", "width", "told apart"), apart)
    )  # fmt: skip
    write_section("Statistics", text)
