"""Readers and detectors from folders in the real format of transformers, tiny ones whose answers are known; no network."""

import json
import socket

import pytest
import torch

pytest.importorskip("transformers")

from fair_attention.host import hosts, tiny_readers
from fair_attention.metrics.readers import Reading
from fair_attention.metrics.readers.certificate import FILE, load_certificate
from fair_attention.metrics.readers.check import interval, main
from fair_attention.metrics.readers.classifier import open_classifier, prepared
from fair_attention.metrics.readers.detector import open_detector
from fair_attention.metrics.readers.folders import load_processor, look_into
from fair_attention.metrics.readers.label_table import parse_table
from fair_attention.metrics.readers.person_reader import PersonReader
from fair_attention.metrics.readers.zero_shot import ZeroShot, directions, open_zero_shot

DARK, BRIGHT = torch.full((3, 9, 9), 0.1), torch.full((3, 40, 40), 0.9)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a reader reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_readers.classifier(tmp_path_factory.mktemp("readers") / "brightness", ("Female", "Male"))


def test_a_classifier_reads_the_crop_and_leaves_open_what_it_is_not_sure_of(folder, tmp_path):
    """Left person dark, right one bright; boxes out of order."""
    picture = torch.full((1, 40, 80, 3), 0.1)
    picture[:, :, 40:] = 0.9
    people = [[((50, 10, 70, 30), 0.8), ((10, 10, 30, 30), 0.9)]]
    reader = PersonReader(open_classifier(look_into(folder)))
    done: list[int] = []
    ((left, right),) = reader.read(picture, people, done.append)
    assert (left.labels, right.labels) == ({"gender": "female"}, {"gender": "male"}) and done == [2]
    assert left.box == (10, 10, 30, 30) and left.confidence == 0.9 and left.certainty["gender"] > 0.99
    faint = tiny_readers.classifier(tmp_path / "faint", ("Female", "Male"), gain=0.1)
    ((left, _),) = PersonReader(open_classifier(look_into(faint))).read(picture, people)
    assert left.labels == {"gender": None} and 0.5 < left.certainty["gender"] < 0.75


def test_a_crop_is_prepared_as_the_folder_says(folder):
    """Resized to 32 x 32 and normalised to -1 ... 1: a plain crop of 0.9 (230 of 255) is 0.804 everywhere."""
    pixels = prepared(load_processor(look_into(folder)), [DARK, BRIGHT])
    assert pixels.shape == (2, 3, 32, 32)
    assert torch.allclose(pixels[1], torch.tensor(230 / 255 * 2 - 1), atol=1e-5)


def test_a_detector_finds_its_people_where_they_are(tmp_path):
    places = [(0.25, 0.5, 0.3, 0.6), (0.7, 0.4, 0.2, 0.2)]
    found = open_detector(look_into(tiny_readers.detector(tmp_path / "d", ("cat", "person"), places)))
    (people,) = found.find(torch.zeros(1, 100, 200, 3))
    assert [b for b, _ in people] == [
        pytest.approx((20, 20, 80, 80), abs=0.1),
        pytest.approx((120, 30, 160, 50), abs=0.1),
    ]
    assert all(sure == pytest.approx(0.9867, abs=1e-3) for _, sure in people)
    assert found.find(torch.zeros(1, 100, 200, 3), confidence=0.99) == [[]]
    cats = open_detector(look_into(tiny_readers.detector(tmp_path / "c", ("cat", "person"), places, found=0)))
    assert cats.find(torch.zeros(1, 100, 200, 3)) == [[]]
    none = tiny_readers.detector(tmp_path / "n", ("cat", "dog"), places)
    with pytest.raises(ValueError, match="none of its labels is a person or a face: cat, dog"):
        open_detector(look_into(none))


def test_a_zero_shot_model_reads_by_its_texts(tmp_path):
    tokenizer = hosts.tree() / "comfy" / "sd1_tokenizer"
    table = parse_table("templates = a {} | the {}\n[kind]\none = cat\nother = dog")
    clip = open_zero_shot(look_into(tiny_readers.clip(tmp_path / "clip", tokenizer)), table)
    read = clip.probabilities([DARK, BRIGHT])["kind"]
    assert read.shape == (2, 3) and torch.allclose(read.sum(1), torch.ones(2)) and float(read[:, 2].abs().sum()) == 0
    alone = clip.embed_texts(["a cat", "the cat"])
    together = torch.nn.functional.normalize(torch.nn.functional.normalize(alone, dim=-1).mean(0), dim=-1)
    assert torch.allclose(directions(table, clip.embed_texts)["kind"][0], together, atol=1e-5)


def test_zero_shot_by_hand():
    """Texts at 0 and 90 degrees, pictures at 0 and 45: exp(2) to 1, and one to one. Templates are averaged."""
    places = {"a x": (1.0, 0.0), "a y": (0.0, 3.0)}
    table = parse_table("templates = a {}\n[axis]\nx = x\ny = y")
    reader = ZeroShot("by hand", table, lambda crops: torch.tensor([[2.0, 0.0], [1.0, 1.0]]),
                      lambda texts: torch.tensor([places[t] for t in texts]), 2.0)  # fmt: skip
    read = reader.probabilities([DARK, BRIGHT])["axis"]
    e = torch.e**2
    assert read[0].tolist() == pytest.approx([e / (e + 1), 1 / (e + 1), 0]) and read[1].tolist() == pytest.approx(
        [0.5, 0.5, 0]
    )


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda f: (f / "config.json").unlink(), "holds no config.json: download all"),
        (lambda f: (f / "config.json").write_text("{"), "config.json cannot be read .*: download it again"),
        (lambda f: (f / "model.safetensors").unlink(), "holds no model.safetensors: download it"),
        (lambda f: (f / "model.safetensors").write_bytes(b"not a model at all"), "cannot be loaded .*: download its files again"),
        (lambda f: (f / "preprocessor_config.json").unlink(), "holds no preprocessor_config.json"),
    ],
)  # fmt: skip
def test_a_broken_folder_says_what_is_missing(tmp_path, spoil, why):
    broken = tiny_readers.classifier(tmp_path / "broken", ("Female", "Male"))
    spoil(broken)
    with pytest.raises(ValueError, match=why) as error:
        open_classifier(look_into(broken))
    assert "broken" in str(error.value)


def test_a_head_without_weights_is_no_reader(tmp_path):
    from safetensors.torch import load_file, save_file

    headless = tiny_readers.classifier(tmp_path / "headless", ("Female", "Male"))
    weights = load_file(headless / "model.safetensors")
    save_file(
        {k: v for k, v in weights.items() if not k.startswith("classifier")},
        headless / "model.safetensors",
        {"format": "pt"},
    )
    with pytest.raises(ValueError, match=r"lacks 2 of the model's weights \(classifier.bias"):
        open_classifier(look_into(headless))


def test_labels_that_say_nothing_need_a_table(tmp_path):
    plain = tiny_readers.classifier(tmp_path / "plain", ("LABEL_0", "LABEL_1"))
    with pytest.raises(ValueError, match="does not name its labels .LABEL_0, LABEL_1"):
        open_classifier(look_into(plain))
    table = parse_table("[gender]\nfemale = LABEL_0\nmale = LABEL_1")
    assert open_classifier(look_into(plain), table).axes == {"gender": ("female", "male")}


def test_threshold_one_and_nonsense_are_refused(folder):
    instrument = open_classifier(look_into(folder))
    for threshold in (1.0, 1.5, -0.1):
        with pytest.raises(ValueError, match=f"confidence {threshold} leaves everybody unreadable or is no share"):
            PersonReader(instrument, threshold)


def test_an_answer_that_is_no_number_is_none(folder):
    instrument = open_classifier(look_into(folder))
    instrument.model.classifier.bias.data.fill_(float("nan"))
    with pytest.raises(ValueError, match="no number .NaN"):
        PersonReader(instrument).read(torch.zeros(1, 9, 9, 3), [[((0, 0, 9, 9), 1.0)]])


def faces(root, shades):
    from PIL import Image

    for value, grey in shades:
        (root / value).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 20), (grey,) * 3).save(root / value / f"{grey}-{len(list((root / value).iterdir()))}.png")


def test_check_writes_a_certificate_that_the_reader_takes(tmp_path, capsys):
    """Female: two dark (right), one bright (wrong). Male: one bright."""
    reader = tiny_readers.classifier(tmp_path / "reader", ("Female", "Male"))
    faces(tmp_path / "faces", [("female", 20), ("female", 30), ("female", 230), ("male", 220)])
    assert main([str(reader), str(tmp_path / "faces"), "--expand", "0"]) == 0
    said = capsys.readouterr().out
    assert "3 of 4 readable people right, 75.0% [30.1%, 95.4%]" in said and "left open: 0 of 4" in said
    certificate = load_certificate(reader / FILE)
    assert certificate.axes["gender"].counts == ((2, 1, 0), (0, 1, 0))
    loaded = PersonReader(open_classifier(look_into(reader)))
    assert loaded.with_certificate(certificate).certificate is certificate
    with pytest.raises(ValueError, match="but this is"):
        PersonReader(loaded.instrument, 0.9).with_certificate(certificate)


def test_check_reads_a_csv_and_refuses_what_it_does_not_know(tmp_path, capsys):
    reader = tiny_readers.classifier(tmp_path / "reader", ("Female", "Male"))
    faces(tmp_path / "all", [("x", 20)])
    (name,) = (f.name for f in (tmp_path / "all" / "x").iterdir())
    table = tmp_path / "all" / "labels.csv"
    table.write_text(f"file,gender\nx/{name},female\n")
    assert main([str(reader), str(table), "--expand", "0"]) == 0
    assert load_certificate(reader / FILE).axes["gender"].counts == ((1, 0, 0), (0, 0, 0))
    assert main([str(reader), str(tmp_path / "all")]) == 1
    assert "'x' is no gender of this reader, which reads female, male" in capsys.readouterr().err
    assert main([str(reader), str(tmp_path / "nowhere")]) == 1
    (tmp_path / "all" / "x" / name).write_bytes(b"no picture")
    assert main([str(reader), str(table)]) == 1 and "no picture that can be read" in capsys.readouterr().err


def test_pictures_deeper_in_a_values_folder_count_and_loose_ones_are_refused(tmp_path, capsys):
    """Female: one dark right below, two dark a folder deeper; male: one bright. A folder around the values is no value."""
    reader = tiny_readers.classifier(tmp_path / "reader", ("Female", "Male"))
    faces(tmp_path / "all", [("female", 20), ("female/of one day", 30), ("female/of one day", 40), ("male", 220)])
    (tmp_path / "all" / "female" / "named.png").mkdir()
    assert main([str(reader), str(tmp_path / "all")]) == 0
    assert load_certificate(reader / FILE).axes["gender"].counts == ((3, 0, 0), (0, 1, 0))
    faces(tmp_path / "around", [("gender/female", 20), ("gender/male", 220)])
    assert main([str(reader), str(tmp_path / "around")]) == 1
    said = capsys.readouterr().err
    assert "'gender' is no gender of this reader" in said and "the folders right below" in said
    faces(tmp_path / "all", [("", 20)])
    assert main([str(reader), str(tmp_path / "all")]) == 1
    assert "lies in no folder that says its gender: move it into one" in capsys.readouterr().err


def test_wilsons_interval():
    """Wilson 1927; 3 of 4 as in any table."""
    assert interval(3, 4) == pytest.approx((0.3006, 0.9544), abs=1e-4) and interval(0, 0) == (0.0, 1.0)


def test_a_reading_says_how_sure_it_is():
    assert Reading((0, 0, 1, 1)).certainty == {}


def test_folders_say_what_they_hold(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["BertModel"]}))
    with pytest.raises(ValueError, match="holds BertModel: wanted is an image classifier"):
        look_into(tmp_path)
    with pytest.raises(ValueError, match="there is no folder"):
        look_into(tmp_path / "none")
