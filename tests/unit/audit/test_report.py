"""The report on made-up studies: numbers are those of the formulas, everything of strangers is escaped, nothing is fetched."""

import csv
import html.parser
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fair_attention.audit import __main__ as command
from fair_attention.audit.report import charts
from fair_attention.audit.report.counted import count
from fair_attention.audit.report.numbers import numbers
from fair_attention.host.fake import rows as made_up
from fair_attention.metrics.axes import measure_axis
from fair_attention.metrics.bias import measure_bias
from fair_attention.metrics.comparison import compare
from fair_attention.metrics.readers import labels_of
from fair_attention.metrics.study import CellRows, StudyStore
from fair_attention.metrics.study.reading import read_back
from fair_attention.metrics.study.rows import loads

pytest.importorskip("jinja2", reason="the report needs Jinja2")
HOSTILE = "</title><script>alert(1)</script>\"' onload=x {{ 7 * 7 }}"
FORMULA = '=HYPERLINK("http://evil","x")'


def rows(method: str, prompt: str, seed: int, pictures: int = 4, file: str = "") -> CellRows:
    found = loads(made_up(method, prompt, seed, pictures))
    return replace(found, pictures=tuple(replace(p, file=file) for p in found.pictures))


def study(folder: Path, prompts=("two cooks", "two pilots"), methods=("plain", "fair"), seeds=20, **facts) -> Path:
    with StudyStore(folder) as store:
        for method in methods:
            for prompt in prompts:
                for seed in range(seeds):
                    store.write(method, prompt, seed, rows(method, prompt, seed), ("server", 1.0, "now"))
        store.note(
            name="jobs",
            axes=["gender"],
            methods=dict.fromkeys(methods, "abc"),
            groups={p: p.split()[-1] for p in prompts},
            **facts,
        )
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = study(tmp_path_factory.mktemp("study") / "jobs")
    assert command.main(["report", str(folder)]) == 0
    return folder


def table(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_numbers_are_those_of_the_formulas(written):
    with StudyStore(written, create=False) as store:
        read = read_back(store, "plain")
    labels, classes = labels_of(read.images, {"gender": ("male", "female")})
    each = [measure_bias(labels[at : at + 80], classes) for at in (0, 80)]
    all_of_it = measure_bias(labels, classes)
    found = {(r["method"], r["prompt"]): r for r in table(written / "summary.csv")}
    assert float(found["plain", ""]["bias_w"]) == pytest.approx(np.mean([e.bias_w for e in each]), abs=1e-5)
    assert float(found["plain", ""]["bias_p"]) == pytest.approx(np.mean([e.bias_p for e in each]), abs=1e-5)
    assert float(found["plain", ""]["floor_p"]) == pytest.approx(np.mean([e.bias_p_floor for e in each]), abs=1e-5)
    for prompt, e in zip(("two cooks", "two pilots"), each, strict=True):
        row = found["plain", prompt]
        assert float(row["bias_w"]) == pytest.approx(e.bias_w, abs=1e-5) and int(row["people"]) == e.faces
        assert float(row["low"]) <= e.bias_w <= float(row["high"])
    assert found["plain", ""]["shares"] == f"male {all_of_it.frequencies[0]:.4f}; female {all_of_it.frequencies[1]:.4f}"


def test_a_certificate_corrects_as_it_does_in_the_graph(tmp_path):
    sure = {"classes": ["female", "male"], "counts": [[70, 20, 10], [5, 90, 5]]}  # in another order than the reader's
    certificate = {"reader": "fake reader", "pictures": "pictures", "missed": 0, "axes": {"gender": sure}}
    with StudyStore(tmp_path / "jobs") as store:
        for seed in range(10):
            sent = replace(rows("plain", "two cooks", seed), certificate=certificate)
            store.write("plain", "two cooks", seed, sent)
        (counted,) = count(store, {"gender": ["male", "female"]})
        of_graph = measure_axis(read_back(store, "plain"), "gender", "Bias-W / Bias-P")
    found = numbers(counted, "gender", ["male", "female"], certificate)
    assert found.corrected_shares == pytest.approx(of_graph.corrected.shares) and not found.why_not
    assert found.corrected_shares[0] != pytest.approx(found.shares[0], abs=0.01)
    assert found.corrected_w.value == pytest.approx(of_graph.corrected.bias_w.value)
    others = {**certificate, "axes": {"gender": {**sure, "classes": ["old", "young"]}}}
    assert "other classes" in numbers(counted, "gender", ["male", "female"], others).why_not
    assert "no certificate" in numbers(counted, "gender", ["male", "female"], None).why_not


def test_methods_are_compared_in_pairs(written):
    (found,) = json.loads((written / "audit.json").read_text())["changes"]
    with StudyStore(written, create=False) as store:
        plain, fair = count(store, {"gender": ["male", "female"]})
    d = compare(plain.sample("gender"), fair.sample("gender"))
    assert (found["before"], found["after"], found["difference"]["pairs"]) == ("plain", "fair", 160)
    assert found["difference"]["value"] == pytest.approx(d.value) and d.value < -0.2 and d.high < 0


def test_people_csv_has_a_row_for_everybody_and_for_pictures_without_anybody(tmp_path):
    folder = study(tmp_path / "jobs", seeds=2)
    with StudyStore(folder) as store:
        empty = rows("plain", "two cooks", 9, 1)
        store.write("plain", "two cooks", 9, replace(empty, pictures=(replace(empty.pictures[0], people=()),)))
    assert command.main(["report", str(folder)]) == 0
    found = table(folder / "people.csv")
    assert len(found) == 2 * 2 * 2 * (3 + 2) * 2 + 1 and sum(r["person"] == "" for r in found) == 1
    assert list(found[0])[:7] == ["study", "method", "prompt", "seed", "batch_index", "image_file", "person"]
    assert "nobody was found in 1 of 17 pictures" in (folder / "report.html").read_text()


class Page(html.parser.HTMLParser):
    """What a browser would make of it: elements, what they refer to, their text."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.links, self.handlers, self.text = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "xlink:href"):
                self.links.append(value)
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_data(self, data):
        self.text += data


def test_a_page_needs_nothing_and_runs_nothing(written):
    page = Page((written / "report.html").read_text())
    assert "script" not in page.tags and "link" not in page.tags and not page.handlers
    assert all(link.startswith(("#", "data:")) for link in page.links), page.links
    assert (
        "Gender of plain is unequal: Bias-W 0." in page.text
        and "fair changes it by -0." in page.text
        and "fairer after" in page.text
    )
    assert "It has no certificate" in page.text


def test_everything_of_strangers_is_escaped(tmp_path):
    prompts, method = (HOSTILE, FORMULA), "+cmd|' /C calc'!A0"
    folder = study(tmp_path / "jobs", prompts, (method,), 2, study=HOSTILE, command=HOSTILE)
    with StudyStore(folder) as store:
        store.fail(method, HOSTILE, 7, HOSTILE, HOSTILE, "now")
    assert command.main(["report", str(folder)]) == 0
    text = (folder / "report.html").read_text()
    page = Page(text)
    assert "script" not in page.tags and not page.handlers and "<script" not in text
    assert HOSTILE in page.text and "{{ 7 * 7 }}" in page.text  # shown as it is, and not worked out
    for name in ("people.csv", "summary.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            cells = [c for row in csv.reader(file) for c in row]
        assert "'" + FORMULA in cells and "'" + method in cells
        assert not [c for c in cells if c.startswith(("=", "+", "@", "-"))]


def test_pictures_are_taken_from_the_study_s_folder_only(tmp_path):
    folder = study(tmp_path / "jobs", seeds=1)
    Image.new("RGB", (128, 128), "red").save(tmp_path / "secret.png")
    (folder / "pictures").mkdir()
    Image.new("RGB", (128, 128), "grey").save(folder / "pictures" / "a.png")
    with StudyStore(folder) as store:
        store.write("plain", "two cooks", 0, rows("plain", "two cooks", 0, 4, "../secret.png"))
        store.write("fair", "two cooks", 0, rows("fair", "two cooks", 0, 4, "pictures/a.png"))
        store.write("fair", "two pilots", 0, rows("fair", "two pilots", 0, 4, "pictures/gone.png"))
    assert command.main(["report", str(folder)]) == 0
    page = Page((folder / "report.html").read_text())
    assert sum(link.startswith("data:image/jpeg") for link in page.links) == 4


def test_charts_are_drawn_where_the_libraries_are(written):
    if charts.missing():
        pytest.skip(charts.missing())
    text = (written / "report.html").read_text()
    assert text.count("<svg") == 2 and "currentColor" in text and "vega" not in re.sub(r'class="[^"]*"', "", text)


def test_without_the_libraries_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(charts, "missing", lambda: "charts need altair: pip install altair vl-convert-python")
    folder = study(tmp_path / "jobs", seeds=1)
    assert command.main(["report", str(folder)]) == 0
    text = (folder / "report.html").read_text()
    assert "<svg" not in text and "No charts here: charts need altair" in text


def test_two_studies_are_compared(tmp_path, written):
    other = study(tmp_path / "others", methods=("plain",))
    with StudyStore(other) as store:
        store.note(name="others")
    out = tmp_path / "compare.html"
    assert command.main(["compare", str(written), str(other), "--out", str(out)]) == 0
    text = Page(out.read_text()).text
    assert "jobs against others" in text and "jobs: plain" in text and "others: plain changes it by +0.00" in text


def test_a_page_that_cannot_be_written_is_told(tmp_path, written, capsys):
    out = tmp_path / "none" / "compare.html"
    assert command.main(["compare", str(written), str(written), "--out", str(out)]) == 2
    assert "the report cannot be written" in capsys.readouterr().err


def test_studies_without_common_seeds_are_refused(tmp_path, written, capsys):
    other = study(tmp_path / "others", prompts=("two judges",))
    assert command.main(["compare", str(written), str(other), "--out", str(tmp_path / "x.html")]) == 2
    assert "no picture of both studies" in capsys.readouterr().err


def test_a_folder_without_a_study_is_told(tmp_path, capsys):
    assert command.main(["report", str(tmp_path / "none")]) == 2
    assert "there is no study in" in capsys.readouterr().err and not (tmp_path / "none").exists()
