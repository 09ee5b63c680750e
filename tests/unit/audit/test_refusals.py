"""What cannot be run is refused before anything is drawn, with what to do instead; what is written stays whole."""

import copy
import json
import sqlite3

import pytest

from fair_attention.audit import __main__ as command
from fair_attention.audit import presets
from fair_attention.audit.cells import cells_of
from fair_attention.audit.methods import Template
from fair_attention.audit.study import load
from fair_attention.host import fake
from fair_attention.host.fake import WORKFLOW, FakeHost, object_info, rows
from fair_attention.metrics.study import StudyError, StudyStore
from fair_attention.metrics.study.rows import loads
from fair_attention.tests.unit.audit.test_run import content, run

METHOD = '[[methods]]\nname = "plain"\nworkflow = "graph.json"\nslots = {prompt = "Words", seed = "Noise", pictures = "Size"}\n'


def study_of(folder, prompts='list = ["two cooks"]', seeds="", methods=METHOD, top="format = 1", graph=WORKFLOW):
    (folder / "graph.json").write_text(json.dumps(graph))
    (folder / "study.toml").write_text(f"{top}\n[prompts]\n{prompts}\n[seeds]\n{seeds}\n{methods}")
    return folder / "study.toml"


REFUSED = {
    "no format": (dict(top=""), "write format = 1"),
    "a later format": (dict(top="format = 2"), "this version reads 1"),
    "an unknown key": (dict(top='format = 1\nprompt = "x"'), "unknown prompt"),
    "no TOML": (dict(top="format = "), "cannot be read as a study"),
    "no prompts": (dict(prompts=""), "give presets, list or file"),
    "an empty prompt": (dict(prompts='list = ["a", " "]'), "prompt 2 is empty"),
    "a prompt twice": (dict(prompts='list = ["a", "b", "a"]'), "prompt 3 is there twice"),
    "a very long prompt": (dict(prompts=f'list = ["{"word " * 2000}"]'), "9999 characters, at most 2000"),
    "control characters": (dict(prompts='list = ["a\\u0007b"]'), "cannot be seen"),
    "a preset nobody knows": (dict(prompts='presets = ["jobs"]'), "'jobs' is none of occupations"),
    "a count without a word": (dict(prompts='presets = ["occupations"]\ncounts = [30]'), "counts: 30"),
    "a template without people": (dict(prompts='presets = ["occupations"]\ntemplates = ["a photo"]'), "must hold {people} once"),
    "a file elsewhere": (dict(prompts='file = "../../etc/passwd"'), "put the file beside the study"),
    "a file that is not there": (dict(prompts='file = "none.txt"'), "cannot be read"),
    "seeds twice": (dict(seeds="list = [1, 2, 1]"), "overlap: 1 is there twice"),
    "overlapping ranges": (dict(seeds="ranges = [[0, 9], [5, 12]]"), "overlap: 5"),
    "ranges and blocks that overlap": (dict(seeds="ranges = [[0, 9]]\nfirst = 9\nblocks = 2"), "overlap: 9"),
    "a seed below 0": (dict(seeds="list = [-1]"), "no whole number"),
    "no pictures": (dict(seeds="pictures = 0"), "no whole number from 1"),
    "no methods": (dict(methods=""), "no [[methods]]"),
    "a method twice": (dict(methods=METHOD + METHOD), "same name"),
    "a workflow elsewhere": (dict(methods=METHOD.replace("graph.json", "/etc/passwd")), "put the file beside the study"),
    "a workflow that is none": (dict(methods=METHOD.replace("graph.json", "study.toml")), "cannot be read as a workflow"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_study_file_is_refused_with_the_remedy(tmp_path, case):
    given, said = REFUSED[case]
    with pytest.raises(StudyError) as refused:
        load(study_of(tmp_path, **given))
    assert said in str(refused.value)


def test_a_file_of_prompts_with_an_empty_line_is_refused_by_its_number(tmp_path):
    (tmp_path / "prompts.txt").write_text("# people\ntwo cooks\tcook\n\nthree pilots\n")
    with pytest.raises(StudyError, match=r"prompts.txt, line 3 is empty"):
        load(study_of(tmp_path, prompts='file = "prompts.txt"'))
    (tmp_path / "prompts.txt").write_text("two cooks\n" + "x" * 10_000 + "\n")
    with pytest.raises(StudyError, match="prompt 2 has 10000 characters, at most 2000"):
        load(study_of(tmp_path, prompts='file = "prompts.txt"'))
    (tmp_path / "prompts.txt").write_text("# people\ntwo cooks\tcook\nthree pilots\n")
    found = load(study_of(tmp_path, prompts='file = "prompts.txt"')).prompts
    assert [(p.text, p.group) for p in found] == [("two cooks", "cook"), ("three pilots", "three pilots")]


def test_presets_are_prompts_without_doubles(tmp_path):
    names = ", ".join(f'"{name}"' for name in presets.NAMES if name != "emoji occupations")
    found = load(study_of(tmp_path, prompts=f"presets = [{names}]\ncounts = [1, 2, 3]")).prompts
    assert len(found) == 3 * len(presets.OCCUPATIONS) + sum(map(len, presets.WHOLE.values()))
    texts = {p.text for p in found}
    assert {"a photo of an architect", "a photo of two secretaries", "a photo of a CEO and an assistant"} <= texts


def changed(kind=None, **more) -> dict:
    graph = copy.deepcopy(WORKFLOW)
    graph["1"].update(more)
    if kind:
        graph["9"] = {"class_type": kind, "inputs": {}, "_meta": {"title": "Words"}}
        graph["3"]["inputs"]["more"] = ["9", 0]
    return graph


NO_RECORD = {k: v for k, v in WORKFLOW.items() if k != "4"}
LINKED = changed(inputs={"prompt": ["2", 0]})
GRAPHS = {
    "an unknown slot": (WORKFLOW, METHOD.replace('seed = "Noise"', 'noise = "Noise"'), "unknown slot noise"),
    "a slot that is missing": (WORKFLOW, METHOD.replace(', seed = "Noise"', ""), "say which node the slot seed is"),
    "a title nobody has": (WORKFLOW, METHOD.replace('"Noise"', '"Sampler"'), "titled 'Sampler'; title one so in ComfyUI. There are: 'Noise'"),
    "an input the node lacks": (WORKFLOW, METHOD.replace('"Noise"', '"Noise.cfg"'), "'Noise' has no input cfg; it has seed"),
    "a value for no node": (WORKFLOW, METHOD + 'set = {"KSampler.steps" = 3}\n', "titled 'KSampler'"),
    "a title twice": (changed("Noise"), METHOD, "2 nodes are titled 'Words'"),
    "a node the server lacks": (changed("FluxThing"), METHOD, "needs the node FluxThing, which the server lacks"),
    "no Record People": (NO_RECORD, METHOD, "has 0 nodes Record People"),
    "a linked prompt": (LINKED, METHOD, "is fed by a link"),
    "a quota over all runs": (changed(inputs={"prompt": "", "running_quota_over": "all runs since ComfyUI started"}), METHOD, "set it to this run"),
    "no graph": ({"a": 1}, METHOD, "'a' is no node"),
}  # fmt: skip


@pytest.mark.parametrize("case", GRAPHS)
def test_a_workflow_that_does_not_fit_is_refused_with_the_remedy(tmp_path, case):
    graph, methods, said = GRAPHS[case]
    study = load(study_of(tmp_path, methods=methods, graph=graph))
    with pytest.raises(StudyError) as refused:
        Template(study.methods[0], study, object_info())
    assert said in str(refused.value)


@pytest.mark.parametrize("lacks", ["all of it", "prompt"])
def test_a_server_without_our_nodes_or_with_older_ones_is_refused(tmp_path, lacks):
    study, info = load(study_of(tmp_path)), object_info()
    if lacks == "all of it":
        del info["FairRecordPeople"]
    else:
        del info["FairRecordPeople"]["input"]["optional"]["prompt"]
    with pytest.raises(StudyError, match="FairRecordPeople|lacks prompt"):
        Template(study.methods[0], study, info)


@pytest.mark.parametrize("case", [*GRAPHS, "a server without our nodes"])
def test_what_is_refused_leaves_a_study_as_it_was(tmp_path, case, capsys, monkeypatch):
    with FakeHost() as host:
        assert run(study_of(tmp_path), tmp_path / "out", host.url) == 0
        before = content(tmp_path / "out")
        if case in GRAPHS:
            graph, methods, said = GRAPHS[case]
            study = study_of(tmp_path, graph=graph, methods=methods.replace('"plain"', '"other"'), seeds="blocks = 2")
        else:
            info = object_info()
            del info["FairRecordPeople"]
            monkeypatch.setattr(fake, "object_info", lambda: info)
            study, said = study_of(tmp_path, seeds="blocks = 2"), "which the server lacks; install it there"
        done = len(host.executed)
        assert run(study, tmp_path / "out", host.url) == 2 and len(host.executed) == done
    assert said in capsys.readouterr().err
    assert content(tmp_path / "out") == before


def test_a_cell_is_the_method_s_graph_with_its_values_and_nothing_else(tmp_path):
    study = load(
        study_of(tmp_path, graph=WORKFLOW | {"8": {"class_type": "Words", "inputs": {}, "_meta": {"title": "Aside"}}})
    )
    prompt = Template(study.methods[0], study, object_info()).cell(
        {"prompt": "two cooks", "seed": 7, "pictures": 3}, "x"
    )
    assert sorted(prompt) == ["1", "2", "3", "4"]
    assert prompt["1"]["inputs"] == {"prompt": "two cooks"} and prompt["2"]["inputs"]["seed"] == 7
    assert prompt["3"]["inputs"]["batch_size"] == 3
    kept = prompt["4"]["inputs"]
    assert (kept["study"], kept["method"], kept["prompt"], kept["seed"]) == ("", "plain", "two cooks", 7)


def test_a_method_that_has_changed_is_not_added_to_its_old_rows(tmp_path, capsys):
    with FakeHost() as host:
        assert run(study_of(tmp_path), tmp_path / "out", host.url) == 0
        assert run(study_of(tmp_path, seeds="blocks = 2\npictures = 2"), tmp_path / "out", host.url) == 2
    assert "is not what it was when its rows were written" in capsys.readouterr().err


def test_a_method_without_rows_may_still_be_mended(tmp_path, capsys):
    wrong = METHOD.replace('"Noise"', '"Sampler"')
    with FakeHost() as host:
        assert run(study_of(tmp_path, methods=wrong), tmp_path / "out", host.url) == 2
        assert "titled 'Sampler'" in capsys.readouterr().err and not host.executed
        assert run(study_of(tmp_path), tmp_path / "out", host.url) == 0
    with FakeHost(wrong=lambda inputs: "out of memory") as host:
        assert run(study_of(tmp_path), tmp_path / "again", host.url) == 1
    with FakeHost() as host:
        assert run(study_of(tmp_path, seeds="pictures = 2"), tmp_path / "again", host.url) == 0


def test_a_study_of_another_layout_is_left_as_it_is(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    db = sqlite3.connect(tmp_path / "out" / "study.sqlite")
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = (tmp_path / "out" / "study.sqlite").read_bytes()
    with FakeHost() as host:
        assert run(study_of(tmp_path), tmp_path / "out", host.url) == 2 and not host.executed
    assert "has layout 99" in capsys.readouterr().err
    assert (tmp_path / "out" / "study.sqlite").read_bytes() == before


def test_a_file_that_is_no_study_is_left_as_it_is(tmp_path):
    (tmp_path / "study.sqlite").write_text("a letter to my aunt " * 100)
    with pytest.raises(StudyError, match="cannot be opened as a study"):
        StudyStore(tmp_path)
    assert (tmp_path / "study.sqlite").read_text().startswith("a letter")


def test_a_full_disk_is_told_and_damages_nothing(tmp_path):
    with StudyStore(tmp_path) as store:
        store.write("plain", "two cooks", 1, loads(rows("plain", "two cooks", 1, 4)))
        pages = store.db.execute("PRAGMA page_count").fetchone()[0]
        store.db.execute(f"PRAGMA max_page_count = {pages + 2}")  # what SQLite does on a full disk
        with pytest.raises(StudyError, match="what was written before is safe. Make room"):
            for seed in range(2, 200):
                store.write("plain", "two cooks", seed, loads(rows("plain", "two cooks", seed, 4)))
        whole = store.db.execute("SELECT count(*), count(DISTINCT seed) FROM pictures").fetchone()
        assert whole[0] == 4 * whole[1] and store.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        store.db.execute("PRAGMA max_page_count = 100000")
        assert store.write("plain", "two cooks", 500, loads(rows("plain", "two cooks", 500, 4))) == 0


def test_pictures_that_no_disk_has_room_for_end_the_run_and_it_goes_on_when_there_is_room(tmp_path, capsys):
    study, out = study_of(tmp_path, seeds="blocks = 3\npictures = 2"), tmp_path / "out"
    (cell,) = [c for c in cells_of(load(study)) if c.seed == 1]
    (out / "pictures").mkdir(parents=True)
    (out / "pictures" / f"{cell.key}-0.png.part").symlink_to("/dev/full")
    with FakeHost() as host:
        assert run(study, out, host.url) == 2
        assert "Make room, then go on as before" in capsys.readouterr().err
        with StudyStore(out, create=False) as store:
            assert (*cell.name,) not in store.cells("done") and not store.failures()
        assert run(study, out, host.url) == 0
    assert len({row[2:4] for row in content(out)}) == 6 and len(list((out / "pictures").glob("*.png"))) == 6


def test_a_report_that_no_disk_has_room_for_leaves_the_one_before(tmp_path, capsys):
    pytest.importorskip("jinja2", reason="the report needs Jinja2")
    with FakeHost() as host:
        assert run(study_of(tmp_path), tmp_path / "out", host.url) == 0
    words = ["report", str(tmp_path / "out")]
    assert command.main(words) == 0
    before = (tmp_path / "out" / "report.html").read_bytes()
    (tmp_path / "out" / "report.html.part").symlink_to("/dev/full")
    assert command.main(words) == 2 and "the report cannot be written" in capsys.readouterr().err
    assert (tmp_path / "out" / "report.html").read_bytes() == before


def test_a_server_that_is_not_there_is_told(tmp_path, capsys):
    assert run(study_of(tmp_path), tmp_path / "out", "http://127.0.0.1:9") == 2
    assert "no ComfyUI answers at http://127.0.0.1:9" in capsys.readouterr().err


HOSTILE = {
    "no JSON": "{",
    "another layout": json.dumps({"layout": 2}),
    "a value of no axis": rows("plain", "x", 1, 2)
    .replace('"male"', '"robot"', 3)
    .replace('["robot", "female"]', '["male", "female"]'),
    "a number that is none": rows("plain", "x", 1, 2).replace("40.0", "NaN", 1),
    "an endless name": rows("plain", "x", 1, 2).replace("fake reader", "x" * 9999),
    "pictures twice": rows("plain", "x", 1, 2).replace('"batch_index": 1', '"batch_index": 0'),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_rows_of_a_strange_server_are_not_believed(case):
    with pytest.raises(ValueError, match="what Record People sent cannot be read"):
        loads(HOSTILE[case])
