"""A study's file: rows go in and come out as they were, from several writers, once each; seeds and words read off a graph."""

import multiprocessing

import pytest

from fair_attention.host.fake import rows as made_up
from fair_attention.metrics.readers import Certificate, Confusion, ReadAttributes, Reading
from fair_attention.metrics.study import StudyError, StudyStore
from fair_attention.metrics.study.provenance import seed_behind, text_behind
from fair_attention.metrics.study.reading import counted, read_back
from fair_attention.metrics.study.rows import loads, rows_of
from fair_attention.metrics.study.so_far import so_far

AXES = {"gender": ("male", "female")}
CERTIFICATE = Certificate("a reader", {"gender": Confusion(AXES["gender"], ((9, 1, 0), (2, 8, 0)))}, "pictures", 1)
MAN, WOMAN = (Reading((1.0, 2.0, 3.0, 4.0), {"gender": value}, 0.75, {"gender": 0.5}) for value in AXES["gender"])
OPEN = Reading((5.0, 2.0, 7.0, 4.0), {"gender": None})
READ = ReadAttributes("a reader", AXES, ((MAN, OPEN), (), (WOMAN,)), CERTIFICATE)


def test_rows_travel_as_they_are():
    given = [({0: ("female", "assigned")}, ["male"]), ({}, []), ({}, [])]
    sent = rows_of(READ, (64, 32), [0, 1, 2], given)
    assert loads(sent.dumps()) == sent
    first = sent.pictures[0]
    assert (first.width, first.height, first.unread) == (64, 32, ("male",))
    assert [(p.given, p.status, p.read["gender"]) for p in first.people] == [
        ("female", "assigned", "male"),
        ("", "", None),
    ]


def test_a_study_read_back_is_what_was_read(tmp_path):
    with StudyStore(tmp_path) as store:
        store.write("plain", "two cooks", 2**64 - 1, rows_of(READ, (64, 32), [0, 1, 2]))
        found = read_back(store, "plain")
        assert (found.images, found.axes, found.certificate) == (READ.images, AXES, CERTIFICATE)
        assert [(s.prompt, s.seed, s.index) for s in found.sources] == [("two cooks", 2**64 - 1, i) for i in range(3)]
        assert counted(store)["plain"].pictures == 3 and counted(store)["plain"].people == 3


def test_more_people_than_a_statement_takes_are_all_there(tmp_path):
    crowd = ReadAttributes(
        "a reader", AXES, ((MAN, OPEN, WOMAN) * 60, (), *((WOMAN,) for _ in range(100))), CERTIFICATE
    )
    with StudyStore(tmp_path) as store:
        store.write("plain", "two cooks", 1, rows_of(READ, (64, 32), [0, 1, 2]))
        store.write("plain", "a crowd", 1, rows_of(crowd, (64, 32), list(range(102))))
        assert counted(store)["plain"].people == 3 + 180 + 100
        assert sorted(read_back(store, "plain").images, key=len)[-1] == crowd.images[0]


def test_the_same_seed_again_replaces_its_pictures_and_without_a_seed_they_are_added(tmp_path):
    sent = rows_of(READ, (64, 32), [0, 1, 2])
    with StudyStore(tmp_path) as store:
        assert [store.write("plain", "two cooks", 1, sent) for _ in range(2)] == [0, 3]
        assert counted(store)["plain"].people == 3
        assert [store.write("plain", "two cooks", None, sent) for _ in range(2)] == [0, 0]
        assert counted(store)["plain"].people == 9


def test_seeds_are_in_the_order_of_numbers(tmp_path):
    with StudyStore(tmp_path) as store:
        for seed in (10, 9, 100):
            store.write("plain", "two cooks", seed, rows_of(READ, (64, 32), [0, 1, 2]))
        assert [s.seed for s in read_back(store, "plain").sources[::3]] == [9, 10, 100]


def test_another_reader_s_rows_are_refused(tmp_path):
    with StudyStore(tmp_path) as store:
        store.write("plain", "two cooks", 1, rows_of(READ, (64, 32), [0, 1, 2]))
        other = ReadAttributes("another reader", AXES, READ.images)
        with pytest.raises(StudyError, match="read by the a reader, this by the another reader"):
            store.write("fair", "two cooks", 1, rows_of(other, (64, 32), [0, 1, 2]))
        assert list(counted(store)) == ["plain"]


def fill(folder, first: int) -> None:
    """As another browser tab's server would: one seed after the other."""
    for seed in range(first, first + 20):
        with StudyStore(folder) as store:
            store.write("plain", "two cooks", seed, loads(made_up("plain", "two cooks", seed, 3)))


def test_writers_at_once_lose_and_double_nothing(tmp_path):
    context = multiprocessing.get_context("fork")
    writers = [
        context.Process(target=fill, args=(tmp_path, first)) for first in (0, 10, 20)
    ]  # ten seeds are of two writers
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    with StudyStore(tmp_path, create=False) as store:
        found = store.db.execute("SELECT count(*), count(DISTINCT seed || '/' || batch_index) FROM pictures").fetchone()
        assert found == (120, 120)
        assert store.db.execute(
            "SELECT count(*) FROM people WHERE picture NOT IN (SELECT id FROM pictures)"
        ).fetchone() == (0,)


def test_how_a_study_stands_is_said_with_the_other_method_beside(tmp_path):
    with StudyStore(tmp_path / "jobs") as store:
        for method in ("plain", "fair"):
            for seed in range(30):
                store.write(method, "two cooks", seed, loads(made_up(method, "two cooks", seed, 4)))
        text, everybody, found = so_far(store, "fair", "gender", "Record People")
    assert text.startswith(
        "study jobs: fair 120 pictures, 300 people; plain 120 pictures, 300 people\nfair, gender (perceived): Bias-W "
    )
    assert "against plain: -0." in text and "over 120 pairs of pictures; fairer after" in text
    assert len(everybody.images) == 120 and found.result.faces == 300


GRAPH = {
    "1": {"class_type": "PrimitiveInt", "inputs": {"value": 7}},
    "2": {"class_type": "PrimitiveStringMultiline", "inputs": {"value": " three pilots "}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["9", 1], "text": ["2", 0]}},
    "4": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["9", 1], "text": "blurry"}},
    "8": {"class_type": "FairTargetDistribution", "inputs": {"seed": 99}},
    "5": {"class_type": "KSampler", "inputs": {"model": ["8", 0], "seed": ["1", 0], "negative": ["4", 0], "positive": ["3", 0]}},
    "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0]}},
    "7": {"class_type": "FairRecordPeople", "inputs": {"image": ["6", 0]}},
}  # fmt: skip
CUSTOM = {
    "1": {"class_type": "RandomNoise", "inputs": {"noise_seed": 12}},
    "2": {"class_type": "FairLinguisticAlignment", "inputs": {"prompt": "two cooks"}},
    "3": {"class_type": "CFGGuider", "inputs": {"positive": ["2", 1], "cfg": 5}},
    "5": {"class_type": "SamplerCustomAdvanced", "inputs": {"noise": ["1", 0], "guider": ["3", 0]}},
    "7": {"class_type": "FairRecordPeople", "inputs": {"image": ["5", 0]}},
}


@pytest.mark.parametrize(
    "graph, seed, text", [(GRAPH, 7, "three pilots"), (CUSTOM, 12, "two cooks"), ({"7": GRAPH["7"]}, None, "")]
)
def test_seed_and_words_are_read_off_the_graph(graph, seed, text):
    assert seed_behind(graph, "7", "image") == seed and text_behind(graph, "7", "image") == text
