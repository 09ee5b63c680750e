"""The driver against servers that answer at once: same rows however often it is interrupted, none lost, none twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fair_attention.audit import __main__ as command
from fair_attention.audit.client import Client
from fair_attention.audit.methods import Template
from fair_attention.audit.run import left
from fair_attention.audit.study import load
from fair_attention.host.fake import WORKFLOW, FakeHost, object_info
from fair_attention.metrics.study import StudyStore

STUDY = """
format = 1
keep_pictures = 2
[prompts]
presets = ["emoji occupations"]
counts = [2]
[seeds]
blocks = {blocks}
pictures = 2
[[methods]]
name = "plain"
workflow = "graph.json"
slots = {{prompt = "Words", seed = "Noise", pictures = "Size"}}
[[methods]]
name = "fair"
workflow = "graph.json"
slots = {{prompt = "Words", seed = "Noise", pictures = "Size"}}
"""


@pytest.fixture
def study(tmp_path) -> Path:
    (tmp_path / "graph.json").write_text(json.dumps(WORKFLOW))
    (tmp_path / "study.toml").write_text(STUDY.format(blocks=3))
    return tmp_path / "study.toml"


def run(study: Path, out: Path, *urls: str) -> int:
    return command.main(["run", str(study), "--out", str(out), *(word for url in urls for word in ("--server", url))])


def content(folder: Path) -> list[tuple]:
    """Everything that is kept of pictures and people, but ids, times and servers."""
    with StudyStore(folder, create=False) as store:
        return store.db.execute(
            "SELECT method, prompt, seed, batch_index, width, height, file, unread, person, left, top, right, bottom, read, certainty, "
            "confidence, given, status FROM pictures JOIN sources ON sources.id = source LEFT JOIN people ON picture = pictures.id "
            "ORDER BY 1, 2, 3, 4, 9"
        ).fetchall()


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> list[tuple]:
    """The rows of the study, run in one go on one server."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "graph.json").write_text(json.dumps(WORKFLOW))
    (folder / "study.toml").write_text(STUDY.format(blocks=3))
    with FakeHost() as host:
        assert run(folder / "study.toml", folder / "out", host.url) == 0
        assert len(host.executed) == len(set(host.executed)) == 12 * 3 * 2
    return content(folder / "out")


def test_a_study_is_whole(whole):
    assert len(whole) == 12 * 3 * 2 * (3 + 2)
    assert len({row[:4] for row in whole}) == 12 * 3 * 2 * 2
    assert sum(bool(row[6]) for row in whole if row[8] == 0) == 12 * 2 * 2  # the pictures of the first seed are fetched


def test_two_servers_give_the_same_rows(study, tmp_path, whole):
    with FakeHost(0.002) as one, FakeHost(0.002) as other:
        assert run(study, tmp_path / "out", one.url, other.url) == 0
        assert one.executed and other.executed and len(one.executed) + len(other.executed) == 72
    assert content(tmp_path / "out") == whole


def test_finished_cells_are_not_run_again(study, tmp_path, whole, capsys):
    (tmp_path / "study.toml").write_text(STUDY.format(blocks=1))
    with FakeHost() as host:
        run(study, tmp_path / "out", host.url)
        study.write_text(STUDY.format(blocks=3))
        run(study, tmp_path / "out", host.url)
        assert len(host.executed) == len(set(host.executed)) == 72
        run(study, tmp_path / "out", host.url)
        assert len(host.executed) == 72
    assert content(tmp_path / "out") == whole
    assert "24 cells are finished" in capsys.readouterr().out


def test_a_driver_killed_at_any_moment_loses_no_row_and_doubles_none(study, tmp_path, whole):
    arguments = [
        sys.executable,
        "-m",
        "fair_attention.audit",
        "run",
        str(study),
        "--out",
        str(tmp_path / "out"),
        "--server",
    ]
    with FakeHost(0.02) as host:
        for cells in (5, 30):
            process = subprocess.Popen([*arguments, host.url], stdout=subprocess.DEVNULL)
            before = len(host.executed)
            while len(host.executed) < before + cells and process.poll() is None:
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        with StudyStore(tmp_path / "out", create=False) as store:
            waiting = left(load(study), store)
            assert 0 < len(waiting) < 72 - 20
            assert store.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert store.db.execute("SELECT count(*) FROM pictures").fetchone()[0] == 2 * (72 - len(waiting))
        host.delay = 0
        assert run(study, tmp_path / "out", host.url) == 0
    assert content(tmp_path / "out") == whole


def test_a_server_that_ends_is_waited_for_and_its_cells_are_run_elsewhere(study, tmp_path, whole):
    with FakeHost(0.01) as steady:
        gone = FakeHost(0.01)
        with gone:
            process = subprocess.Popen([sys.executable, "-m", "fair_attention.audit", "run", str(study), "--out", str(tmp_path / "out"),
                                        "--server", steady.url, "--server", gone.url])  # fmt: skip
            while len(gone.executed) < 5 and process.poll() is None:
                time.sleep(0.005)
        assert process.wait(300) == 0
    assert content(tmp_path / "out") == whole


def test_a_failing_cell_is_tried_elsewhere_then_recorded_and_the_rest_goes_on(study, tmp_path, whole, capsys):
    def pilots(inputs):
        return "no pilots today" if inputs["prompt"] == "a photo of two pilots" and inputs["seed"] == 1 else None

    with FakeHost(wrong=pilots) as one, FakeHost(0.002) as other:
        assert run(study, tmp_path / "out", one.url, other.url) == 0
    assert content(tmp_path / "out") == whole
    with FakeHost(wrong=pilots) as host:
        assert run(study, tmp_path / "again", host.url) == 1
        assert len(host.executed) == 72 + 2  # two cells, each tried twice
    assert "no pilots today" in capsys.readouterr().out
    with StudyStore(tmp_path / "again", create=False) as store:
        assert [(m, p, s) for m, p, s, *_ in store.failures()] == [
            (m, "a photo of two pilots", 1) for m in ("fair", "plain")
        ]
        assert len(store.cells("done")) == 70
    with FakeHost() as host:
        assert run(study, tmp_path / "again", host.url) == 0 and len(host.executed) == 2
    assert content(tmp_path / "again") == whole


def test_a_cell_at_which_the_server_stops_answering_time_and_again_is_recorded_and_the_rest_goes_on(study, tmp_path):
    def ends(inputs):
        if inputs["prompt"] == "a photo of two pilots" and inputs["seed"] == 1:
            raise RuntimeError  # answered with 500, without a word of the host's

    with FakeHost(wrong=ends) as host:
        process = subprocess.Popen([sys.executable, "-m", "fair_attention.audit", "run", str(study), "--out", str(tmp_path / "out"),
                                    "--server", host.url])  # fmt: skip
        try:
            assert process.wait(60) == 1
        finally:
            process.kill()
    with StudyStore(tmp_path / "out", create=False) as store:
        failed = store.failures()
        assert [(m, s) for m, _, s, *_ in failed] == [("fair", 1), ("plain", 1)]
        assert all("has stopped answering" in error and "500" in error for *_, error, _ in failed)
        assert len(store.cells("done")) == 70


def not_ignored() -> None:
    """A shell's background job ignores Ctrl-C, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(study, tmp_path, whole):
    with FakeHost(0.02) as host:
        process = subprocess.Popen([sys.executable, "-m", "fair_attention.audit", "run", str(study), "--out", str(tmp_path / "out"),
                                    "--server", host.url], stderr=subprocess.PIPE, text=True,
                                   preexec_fn=not_ignored)  # fmt: skip
        while len(host.executed) < 10 and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
        assert process.returncode == 130 and "run the same command to go on" in said and "Traceback" not in said
        host.delay = 0
        assert run(study, tmp_path / "out", host.url) == 0
    assert content(tmp_path / "out") == whole


@pytest.mark.parametrize("forget", [True, False])
def test_a_server_of_our_own_does_not_keep_what_has_been_fetched(study, forget):
    read = load(study)
    prompt = Template(read.methods[0], read, object_info())
    with FakeHost() as host:
        client = Client(host.url, forget=forget)
        for seed in range(3):
            values = {"prompt": "two cooks", "seed": seed, "pictures": 2}
            assert client.execute(prompt.cell(values, "x"), prompt.record, 1, lambda: False).pictures
        assert len(host.history) == (0 if forget else 3)
        client.close()


def test_a_second_driver_is_refused(study, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    with FakeHost() as host, command.alone(tmp_path / "out"):
        assert run(study, tmp_path / "out", host.url) == 2
    assert "another audit is running" in capsys.readouterr().err


def test_a_dry_run_draws_nothing(study, tmp_path, capsys):
    with FakeHost() as host:
        assert command.main(["run", str(study), "--out", str(tmp_path / "out"), "--server", host.url, "--dry-run"]) == 0
        assert not host.executed
    assert "12 prompts x 3 seeds x 2 methods = 72 cells, 144 pictures; 0 cells are finished" in capsys.readouterr().out
