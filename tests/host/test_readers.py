"""Load Attribute Reader and Read Attributes in the real host, with tiny models in the real format whose answers are known."""

import json
import re
import shutil

import pytest
import torch

pytest.importorskip("transformers")

from fair_attention.host import hosts, tiny, tiny_readers
from fair_attention.scripts.draw_workflows import GRAPHS
from fair_attention.tests.host.graphs import node

HALVES = [[{"x": 10, "y": 10, "width": 20, "height": 20, "label": "person", "score": 0.9},
           {"x": 50, "y": 10, "width": 20, "height": 20, "label": "face"},
           {"x": 0, "y": 0, "width": 9, "height": 9, "label": "cat"}]]  # fmt: skip


def picture(batch: int = 1) -> torch.Tensor:
    """Dark on the left (which the tiny classifier reads as its first label), bright on the right."""
    image = torch.full((batch, 40, 80, 3), 0.1)
    image[:, :, 40:] = 0.9
    return image


@pytest.fixture(scope="module")
def folder(host):
    """models/fair_readers with a classifier, one without names of labels, one of unknown labels, a detector, a broken file."""
    place = host.base / "models" / "fair_readers"
    tiny_readers.classifier(place / "brightness", ("Female", "Male"))
    tiny_readers.classifier(place / "nameless", ("LABEL_0", "LABEL_1"))
    tiny_readers.classifier(place / "moods", ("glad", "sad"))
    tiny_readers.detector(place / "finder", ("cat", "person"), [(0.25, 0.5, 0.3, 0.6), (0.75, 0.5, 0.3, 0.6)])
    tiny_readers.classifier(place / "corrupt", ("Female", "Male"))
    (place / "corrupt" / "model.safetensors").write_bytes(b"not a model at all")
    tiny_readers.clip(place / "clip", hosts.tree() / "comfy" / "sd1_tokenizer")
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def parts(host, folder):
    kinds = host.nodes.NODE_CLASS_MAPPINGS
    return kinds["FairAttributeReader"], kinds["FairReadAttributes"]


def loaded(parts, name="brightness", **more):
    return parts[0].execute(name, **more).result[0]


def labels(read) -> list[list[dict]]:
    return [[dict(r.labels) for r in people] for people in read.images]


DEFAULTS = {"labels": "what fits its labels", "table": "", "confidence": 0.75, "expand": 0.5}
FEMALE, MALE = {"gender": "female"}, {"gender": "male"}


def test_a_folder_and_boxes_of_a_detector_become_readings(parts):
    reader, said = parts[0].execute("brightness").result
    assert "by FairFace: gender\ngender (perceived): female, male\nleft open below a confidence of 0.75" in said
    read, drawn, text = parts[1].execute(picture(), loaded_reader=reader, bboxes=HALVES).result
    assert labels(read) == [[FEMALE, MALE]] and read.reader == "brightness"
    assert drawn.shape[0] == 1 and "taken from the boxes; left out, being no people: 1 cat" in text
    assert "gender (perceived): female 1, male 1; 0 unreadable" in text


def test_boxes_come_through_a_socket_and_by_no_widget(parts):
    """The newer front end gives BOUNDING_BOX a widget, whose value would be everybody's box."""
    kind, options = parts[1].INPUT_TYPES()["optional"]["bboxes"]
    assert kind == "BOUNDING_BOX" and options["forceInput"]


def test_the_graph_runs_in_the_executor_up_to_bias(run_prompt, folder):
    graph = {
        "1": node("EmptyImage", width=64, height=64, batch_size=3, color=0xFFFFFF),
        "2": node("FairAttributeReader", folder="brightness", **DEFAULTS),
        "3": node(
            "FairReadAttributes",
            image=["1", 0],
            reader="emoji world",
            loaded_reader=["2", 0],
            people="the whole picture",
        ),
        "4": node("FairBiasMetrics", attributes=["3", 0], axis="gender"),
    }
    run = run_prompt(graph)
    assert run.errors == []
    assert run.values["4"][0] == [pytest.approx(1.0)] and "Bias-W: 1.000" in run.values["4"][3][0]
    assert "brightness, by FairFace: gender" in run.ui["2"]["text"][0]
    assert "3 people in 3 pictures" in run.ui["3"]["text"][0] and len(run.ui["3"]["images"]) == 3


def test_a_mask_a_person_pieces_of_a_mask_and_a_detectors_folder(parts):
    reader, masks = loaded(parts), torch.zeros(2, 40, 80)
    masks[0, 10:30, 10:30] = masks[1, 10:30, 50:70] = 1
    for given in (
        {"masks": masks},
        {"masks": masks.sum(0, keepdim=True), "people": "pieces of a mask"},
        {"people": "a detector's folder", "detector": "finder"},
    ):
        read, _, text = parts[1].execute(picture(), loaded_reader=reader, **given).result
        assert labels(read) == [[FEMALE, MALE]], given
    assert "found by finder (person)" in text


def test_yuface_is_used_where_it_is_installed_and_named_where_not(parts):
    given = {"loaded_reader": loaded(parts), "people": "faces, by yuface"}
    try:
        import yuface  # noqa: F401
    except ImportError:
        with pytest.raises(
            ValueError, match="Read Attributes, people: the package yuface is not installed: install it"
        ):
            parts[1].execute(picture(), **given)
    else:
        assert "nobody in 1 picture" in parts[1].execute(picture(), **given).result[2]


def test_a_zero_shot_folder_reads_by_the_texts_in_the_table(parts):
    table = "[kind]\none = cat\nother = dog"
    reader, said = parts[0].execute("clip", table=table, confidence=0.0).result
    assert "clip, by the texts in table\nkind (perceived): one, other" in said
    read = parts[1].execute(picture(), loaded_reader=reader, people="the whole picture").result[0]
    assert labels(read)[0][0]["kind"] in ("one", "other")


def test_a_certificate_goes_along_and_one_of_other_settings_does_not(parts, folder, host):
    readers = host.pack.metrics.readers
    matrix = readers.Confusion(("female", "male"), ((9, 1, 0), (2, 8, 0)))
    readers.Certificate("brightness; confidence 0.75", {"gender": matrix}, "20 faces").save(
        folder / "brightness/certificate.json"
    )
    before = parts[0].fingerprint_inputs("brightness")
    try:
        reader, said = parts[0].execute("brightness").result
        read = parts[1].execute(picture(), loaded_reader=reader, bboxes=HALVES).result[0]
        assert read.certificate.axes["gender"] == matrix and "measured on 20 faces" in said
        other, said = parts[0].execute("brightness", confidence=0.9).result
        assert other.certificate is None and "its certificate is not used: it is of" in said
    finally:
        (folder / "brightness/certificate.json").unlink()
    assert parts[0].fingerprint_inputs("brightness") <= before


def test_the_model_goes_where_the_host_computes(parts, host):
    """Its memory management holds it while it reads; on the processor in full precision."""
    reader = loaded(parts)
    parts[1].execute(picture(), loaded_reader=reader, bboxes=HALVES)
    held = [m.model for m in host.comfy.model_management.current_loaded_models]
    assert any(getattr(m.model, "model", None) is reader.instrument.model for m in held if m is not None)
    assert reader.instrument.ready() == (torch.device("cpu"), torch.float32)


LOAD, READ = "Load Attribute Reader", "Read Attributes"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"folder": "gone"}, rf"{LOAD}, folder: there is no folder 'gone' .*Download a model's config.json, .* into .*fair_readers/gone"),
        ({"folder": "nameless"}, rf"{LOAD}, labels: nameless: the model does not name its labels .LABEL_0, LABEL_1.*'own table'"),
        ({"folder": "moods"}, rf"{LOAD}, labels: moods: nothing is known about its labels 'glad', 'sad': say what they mean"),
        ({"folder": "moods", "labels": "own table", "table": "[mood]\nup = glad\ndown = sed"}, rf"{LOAD}, table: moods: the table names the label 'sed', which the model has not; it has 'glad', 'sad'"),
        ({"folder": "moods", "labels": "FairFace: gender"}, rf"{LOAD}, labels: moods: the preset 'FairFace: gender' does not fit"),
        ({"folder": "corrupt"}, rf"{LOAD}, folder: .*corrupt cannot be loaded .*: download its files again"),
        ({"folder": "finder"}, rf"{LOAD}, folder: .*finder is an object detector: .* Choose it as \*detector\*"),
        ({"folder": "clip", "labels": "FairFace: gender"}, rf"{LOAD}, labels: 'FairFace: gender' is for image classifiers"),
        ({"folder": "clip", "table": "female = a woman"}, rf"{LOAD}, table: line 1 of the table, 'female = a woman': the axis is missing"),
        ({"folder": "brightness", "confidence": 1.0}, rf"{LOAD}, confidence 1.0 leaves everybody unreadable .*: choose one of 0 or more and below 1"),
        ({"folder": "clip_vision and clip"}, rf"{LOAD}, folder: 'clip_vision and clip' is chosen, but nothing is connected to clip_vision: connect both"),
        ({"folder": "brightness", "clip": object()}, rf"{LOAD}, clip: the reader is read from the folder 'brightness'; take the wire off"),
        ({"folder": "../etc"}, rf"{LOAD}, folder: '../etc' is no name of a folder"),
    ],
)  # fmt: skip
def test_readers_that_cannot_be_loaded_are_refused(parts, given, says):
    with pytest.raises(ValueError, match=says):
        parts[0].execute(**given)


def box(**more):
    return {"x": 10, "y": 10, "width": 20, "height": 20, **more}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "people: nothing says where they are. Connect boxes .*0.3.75 has none of these nodes.* or masks, or choose 'the whole picture'"),
        ({"image": picture(2), "bboxes": HALVES}, "bboxes: boxes of 1 picture, but the batch holds 2: give the detector the same pictures"),
        ({"bboxes": [[box(x=200)]]}, "bboxes: picture 1: the box .* lies outside of the picture, 80 x 40"),
        ({"bboxes": [[box(width=3, height=3)]]}, r"bboxes: the box .10.0, 10.0, 13.0, 13.0. is empty or smaller than 4 pixels: take it out"),
        ({"bboxes": HALVES, "masks": torch.ones(1, 40, 80)}, "bboxes, masks: both are connected; take one of them off"),
        ({"masks": torch.ones(3, 40, 80), "image": picture(2)}, "masks: 3 masks for 2 pictures: it cannot be told whose they are. Connect boxes"),
        ({"image": torch.zeros(0, 40, 80, 3)}, "image: there is no picture in it .*: connect decoded pictures"),
        ({"image": picture()[..., :1]}, "image: the picture has 1 channel .grey., wanted are three: save it as RGB"),
        ({"image": torch.zeros(1, 40, 80, 4)}, "image: the picture has 4 channels .*RGBA.*: save it as RGB"),
        ({"people": "a detector's folder"}, "detector: none is chosen; put an object detector of transformers into models/fair_readers"),
        ({"people": "a detector's folder", "detector": "brightness"}, "detector: .*brightness is no object detector but an image classifier"),
        ({"people": "pieces of a mask"}, "masks: nothing is connected; connect one mask a picture"),
    ],
)  # fmt: skip
def test_people_that_cannot_be_found_are_refused(parts, given, says):
    with pytest.raises(ValueError, match=f"^{READ}, {says}"):
        parts[1].execute(**{"image": picture(), "loaded_reader": loaded(parts), **given})


@pytest.mark.parametrize(
    "given", [{"bboxes": HALVES}, {"masks": torch.ones(1, 40, 80)}, {"people": "the whole picture"}]
)
def test_the_emoji_reader_takes_no_boxes(parts, given):
    with pytest.raises(
        ValueError, match=f"{READ}, {next(iter(given))}: the emoji world reader finds its people itself"
    ):
        parts[1].execute(picture(), **given)


def test_nobody_at_all_is_said_and_gives_no_number(parts, host):
    read, _, text = parts[1].execute(picture(), loaded_reader=loaded(parts), bboxes=[[]]).result
    assert text.startswith(
        f"{READ}, bboxes or masks: nobody in 1 picture, so there is nothing to measure; look at the pictures: lower"
    )
    w = host.nodes.NODE_CLASS_MAPPINGS["FairBiasMetrics"].execute(read).result[0]
    assert w != w


@pytest.mark.parametrize(
    ("kind", "inputs", "says"),
    [
        ("FairAttributeReader", {"folder": "gone", **DEFAULTS}, f"{LOAD}, folder: there is no folder 'gone'"),
        ("FairReadAttributes", {"detector": "gone"}, f"{READ}, detector: there is no folder .*gone; put an object detector's config.json"),
    ],
)  # fmt: skip
def test_a_saved_workflow_whose_folder_is_gone_says_what_to_download(run_prompt, folder, kind, inputs, says):
    graph = {
        "1": node("EmptyImage", width=64, height=64, batch_size=1, color=0),
        "2": node(kind, **inputs),
        "3": node("PreviewAny", source=["2", 0]),
    }
    if kind == "FairReadAttributes":
        graph["2"]["inputs"] |= {"image": ["1", 0], "reader": "emoji world"}
    (error,) = run_prompt(graph).errors
    assert re.search(says, error), error


class Chosen:
    """A node of another pack that gives a text for a list to choose from."""

    RETURN_TYPES, FUNCTION, CATEGORY = ("COMBO",), "say", "test"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {})}}

    def say(self, text):
        return (text,)


def test_folders_may_come_by_a_wire(run_prompt, host, folder, monkeypatch):
    """What a wire brings is not known when the graph is checked, nor when the host asks whether anything has changed."""
    monkeypatch.setitem(host.nodes.NODE_CLASS_MAPPINGS, "Chosen", Chosen)
    graph = {
        "1": node("EmptyImage", width=64, height=64, batch_size=1, color=0xFFFFFF),
        "2": node("Chosen", text="brightness"),
        "3": node("FairAttributeReader", **{**DEFAULTS, "folder": ["2", 0]}),
        "4": node("Chosen", text="finder"),
        "5": node("FairReadAttributes", image=["1", 0], reader="emoji world", loaded_reader=["3", 0],
                  people="a detector's folder", detector=["4", 0]),
    }  # fmt: skip
    run = run_prompt(graph)
    assert run.errors == [] and "found by finder (person)" in run.ui["5"]["text"][0]
    graph["2"]["inputs"]["text"] = "gone"
    (error,) = run_prompt(graph).errors
    assert "Load Attribute Reader, folder: there is no folder 'gone'" in error


@pytest.fixture(scope="module")
def vision(tmp_path_factory):
    """A CLIP vision encoder of the host's own class, tiny and random, by the number of its projection."""
    import comfy.clip_vision

    def make(dimensions: int, **more):
        config = {"hidden_size": 16, "image_size": 28, "num_attention_heads": 2, "num_hidden_layers": 2, "patch_size": 14, "layer_norm_eps": 1e-5,
                  "num_channels": 3, "model_type": "clip_vision_model", "intermediate_size": 32, "hidden_act": "quick_gelu",
                  "projection_dim": dimensions, **more}  # fmt: skip
        file = tmp_path_factory.mktemp("vision") / "clip.json"
        file.write_text(json.dumps({k: v for k, v in config.items() if v is not None}), encoding="utf-8")
        model, generator = comfy.clip_vision.ClipVisionModel(str(file)), torch.Generator().manual_seed(0)
        for weights in model.model.state_dict().values():
            if weights.is_floating_point():
                weights.copy_(torch.randn(weights.shape, generator=generator) * 0.3)
        return model

    return make


@pytest.fixture(scope="module")
def clips(host, tmp_path_factory):
    """The text encoders of tiny checkpoints by family: SD 1's has no projection, SDXL's has one."""
    import comfy.sd

    found = {}
    for family in ("sd1", "sdxl"):
        file = tiny.save(tmp_path_factory.mktemp("tiny") / f"{family}.safetensors", family=family)
        with torch.inference_mode():
            found[family] = comfy.sd.load_checkpoint_guess_config(str(file))[1]
    return found


GRAPH = "clip_vision and clip"


def test_clip_of_the_graph_reads_where_both_have_their_projection(parts, vision, clips):
    table = "[kind]\none = cat (striped)\nother = dog"
    clip = clips["sdxl"]
    given = {"clip_vision": vision(tiny.CONTEXT), "clip": clip, "table": table, "confidence": 0.0}
    reader = parts[0].execute(GRAPH, **given).result[0]
    crop = torch.rand(3, 50, 50, generator=torch.Generator().manual_seed(1))
    read = reader.instrument.probabilities([crop, crop])["kind"]
    texts = [clip.encode_from_tokens(clip.tokenize(t), return_pooled=True)[1] for t in ("cat \\(striped\\)", "dog")]
    image = given["clip_vision"].encode_image(crop.movedim(0, -1)[None])["image_embeds"]
    logits = reader.instrument.scale * torch.cosine_similarity(image, torch.cat(texts))
    assert read[0, :2].tolist() == pytest.approx(logits.softmax(0).tolist(), abs=1e-3) and read.shape == (2, 3)


def test_encoders_without_their_projection_are_refused_by_name(parts, vision, clips):
    whole = {"clip_vision": vision(tiny.CONTEXT), "clip": clips["sdxl"]}
    with pytest.raises(
        ValueError, match=f"{LOAD}, clip: .*has no projection: the CLIP of an SD 1.x checkpoint comes without"
    ):
        parts[0].execute(GRAPH, **{**whole, "clip": clips["sd1"]})
    with pytest.raises(
        ValueError, match=f"{LOAD}, clip_vision: this .* has no projection into a space that texts share"
    ):
        parts[0].execute(GRAPH, **{**whole, "clip_vision": vision(12, projection_dim=None)})
    with pytest.raises(
        ValueError,
        match=f"{LOAD}, clip: its vectors have {tiny.CONTEXT} numbers, those of clip_vision 12: they are not of one CLIP",
    ):
        parts[0].execute(GRAPH, **{**whole, "clip_vision": vision(12)})


@pytest.fixture(scope="module")
def shipped():
    """The nodes of the workflow Measure photographs from the reader on, with files in the place of those a user has."""
    prompt = GRAPHS["measure-photographs"]().prompt
    found = {n: {**prompt[n], "inputs": dict(prompt[n]["inputs"])} for n in ("10", "11", "12", "13")}
    found["10"]["inputs"] |= {**DEFAULTS, "folder": "brightness"}
    found["13"]["inputs"]["axis"] = "gender"
    return found


def test_the_shipped_workflow_measures_with_a_detector_and_a_classifier_of_files(run_prompt, folder, shipped):
    """Two pictures, white on the left and black on the right, as the tiny detector boxes them: one of each gender in both."""
    del shipped["11"]["inputs"]["bboxes"]
    shipped["11"]["inputs"] |= {
        "image": ["22", 0],
        "people": "a detector's folder",
        "detector": "finder",
        "detector_confidence": 0.5,
    }
    run = run_prompt(
        {
            **shipped,
            "20": node("EmptyImage", width=160, height=80, batch_size=2, color=0),
            "21": node("EmptyImage", width=80, height=80, batch_size=2, color=0xFFFFFF),
            "22": node("ImageCompositeMasked", destination=["20", 0], source=["21", 0], x=0, y=0, resize_source=False),
        }
    )
    assert run.errors == []
    assert run.values["12"][0] == [pytest.approx(0)] and "found by finder (person)" in run.values["11"][2][0]
    assert (
        "4 people in 2 pictures" in run.values["11"][2][0]
        and "gender (perceived): female 2, male 2" in run.values["11"][2][0]
    )


@pytest.mark.skipif(hosts.version() != hosts.NEWEST, reason="0.3.75 has no boxes")
def test_the_hosts_boxes_go_through_the_graph(run_prompt, folder, shipped):
    """Core's own box node in the detector's place: the whole of a white picture."""
    shipped["11"]["inputs"] |= {"image": ["20", 0], "bboxes": ["21", 0], "people": "connected boxes or masks", "detector": "none",
                                "detector_confidence": 0.5}  # fmt: skip
    run = run_prompt(
        {
            **shipped,
            "20": node("EmptyImage", width=64, height=64, batch_size=1, color=0xFFFFFF),
            "21": node("PrimitiveBoundingBox", x=8, y=8, width=40, height=40),
        }
    )
    assert run.errors == []
    assert "1 person in 1 picture " in run.values["11"][2][0] and "male 1; 0 unreadable" in run.values["11"][2][0]
