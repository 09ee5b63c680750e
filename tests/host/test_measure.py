"""Nodes of measurement in the real executor: pooling lists, comparing runs, texts for other programs, refusals."""

import csv
import io
import json

import pytest
import torch


@pytest.fixture(scope="module")
def parts(host):
    """Node classes, and a run of readings: each string a picture, each letter a person."""
    readers = host.pack.metrics.readers

    def run(*images, reader="emoji world", axes=None):
        people = (
            tuple(readers.Reading((0, 0, 9, 9), {"gender": {"f": "female", "m": "male"}.get(c)}) for c in image)
            for image in images
        )
        return readers.ReadAttributes(reader, axes or {"gender": ("female", "male")}, tuple(people))

    return host.nodes.NODE_CLASS_MAPPINGS, run


def test_outputs_of_bias_metrics(parts):
    node, run = parts
    w, p, floor, text, chart, people, numbers = node["FairBiasMetrics"].execute(run("fmm", "m?")).result
    assert (w, p, floor) == pytest.approx((0.5, (1 / 3 + 1) / 2, (1 / 3 + 1) / 2))
    assert "Bias-W: 0.500 (95 %: 0.000 to " in text and "1 person is unreadable, counted here" in text
    assert len(list(csv.DictReader(io.StringIO(people)))) == 5
    assert json.loads(numbers)["bias_w"]["value"] == pytest.approx(0.5)
    assert chart.shape[0] == 1 and chart.shape[2] == 520


def test_pooled_prompts_are_averaged_and_drawn(parts):
    node, run = parts
    (pooled,) = (
        node["FairPoolAttributes"].execute([run("mm", "mm"), run("ff", "ff")], ["doctors", "teachers"], [1]).result
    )
    w, _, _, text, chart, *_ = node["FairBiasMetrics"].execute(pooled).result
    alone = node["FairBiasMetrics"].execute(run("mm", "ff")).result[4]
    assert w == 1 and "doctors: Bias-W 1.00" in text and "mean over 2 prompts" in text
    assert chart.shape[1] > alone.shape[1]  # a bar for each prompt below
    row = chart[0, alone.shape[1] + 42 : alone.shape[1] + 66, 170:430]  # all of one colour each
    assert torch.equal(row, row[:1, :1].expand_as(row))


def test_before_and_after(parts):
    node, run = parts
    d, low, high, text, chart = node["FairCompareBias"].execute(run(*["mm"] * 16), run(*["fm"] * 16)).result
    assert d == -1 and low <= -0.9 and high < -0.5 and "fairer after" in text and chart.shape[2] == 520


@pytest.mark.parametrize(
    ("kind", "inputs", "says"),
    [
        ("FairBiasMetrics", lambda run: {"attributes": run("f"), "axis": "race"}, "Bias-W / Bias-P, axis: emoji world does not read 'race'; write one of gender"),
        ("FairPoolAttributes", lambda run: {"attributes": [run("f"), run("m")], "prompt": ["a", "b", "c"]}, "Pool Attributes, prompts: 3 for 2 runs; give one for each run"),
        ("FairPoolAttributes", lambda run: {"attributes": [run("f"), run("m", reader="other")]}, "Pool Attributes, attributes: .* read all with the same one"),
        ("FairCompareBias", lambda run: {"before": run("f"), "after": run("f", "m")}, "Compare Bias, after: before has 1 pictures, after 2; connect as many"),
        ("FairCompareBias", lambda run: {"before": run("f"), "after": run("f", reader="other")}, "Compare Bias, after: .* read both with the same reader"),
        ("FairCompareBias", lambda run: {"before": run("f"), "after": run("f"), "axis": "age"}, "Compare Bias, axis: emoji world does not read 'age'"),
    ],
)  # fmt: skip
def test_refusals(parts, kind, inputs, says):
    node, run = parts
    with pytest.raises(ValueError, match=says):
        node[kind].execute(**inputs(run))


def test_nobody_readable_is_said_and_drawn(parts):
    node, run = parts
    w, *_, text, chart, people, numbers = node["FairBiasMetrics"].execute(run("", "?")).result
    assert w != w and "no readable face in 2 images (1 unreadable)" in text
    assert json.loads(numbers)["bias_w"]["value"] is None
    assert "nobody readable" in node["FairCompareBias"].execute(run("?"), run("f")).result[3]


def test_two_readings_of_a_graph_are_pooled_by_the_executor(run_prompt, host):
    """A node with lists as inputs sees all runs at once: two readings of a picture of nobody."""
    grey = {"class_type": "EmptyImage", "inputs": {"width": 128, "height": 128, "batch_size": 2, "color": 0xCCCCCC}}
    graph = {
        "1": grey,
        "2": {"class_type": "FairReadAttributes", "inputs": {"image": ["1", 0], "reader": "emoji world"}},
        "3": {"class_type": "FairPoolAttributes", "inputs": {"attributes": ["2", 0]}},
        "4": {"class_type": "FairBiasMetrics", "inputs": {"attributes": ["3", 0], "axis": "gender"}},
    }
    run = run_prompt(graph)
    assert run.errors == []
    ((text,),) = [run.values["4"][3]]
    assert "no readable face in 2 images" in text


@pytest.mark.parametrize(
    ("reader", "axes"),
    [("emoji world", "occupation gender skin"), ("emoji world with age", "occupation gender skin age")],
)
def test_each_emoji_reader_says_what_it_reads(parts, reader, axes):
    node, _ = parts
    attributes, _, text = node["FairReadAttributes"].execute(torch.full((1, 256, 256, 3), 0.8), reader=reader).result
    assert [axis.split()[0] for axis in attributes.axes] == axes.split()
    assert "0 people in 1 picture" in text


@pytest.fixture(scope="module")
def consistency(host):
    return host.pack.nodes.measure.consistency


def test_consistency_without_models(consistency):
    """.1 of grey outside a mask over the left half: 20 dB outside; half of the picture unchanged: 23 dB as a whole."""
    reference = torch.zeros(2, 16, 16, 3)
    image, mask = reference.clone(), torch.zeros(1, 16, 16)
    image[:, :, 8:] += 0.1
    mask[:, :, :8] = 1
    psnr, ssim, lpips, clip, dino, text = consistency.FairImageConsistency.execute(image, reference, mask).result
    assert psnr == pytest.approx(23.0103, abs=1e-3) and 0 < ssim < 1
    assert "PSNR outside the mask: 20.000" in text and all(x != x for x in (lpips, clip, dino))


@pytest.fixture(scope="module")
def clip_visions(host, tmp_path_factory):
    """A CLIP and a DINOv2 of the host's own classes, tiny and random; 0.3.75 has 518 pixels for any DINOv2."""
    import comfy.clip_vision

    small = {"hidden_size": 16, "image_size": 28, "num_attention_heads": 2, "num_hidden_layers": 2, "patch_size": 14,
             "layer_norm_eps": 1e-5, "num_channels": 3}  # fmt: skip
    configs = {
        "clip_vision": {
            **small,
            "model_type": "clip_vision_model",
            "intermediate_size": 32,
            "projection_dim": 12,
            "hidden_act": "quick_gelu",
        },
        "dino": {
            **small,
            "image_size": 518,
            "model_type": "dinov2",
            "use_swiglu_ffn": False,
            "image_mean": [0.5] * 3,
            "image_std": [0.5] * 3,
        },
    }
    found, generator = {}, torch.Generator().manual_seed(0)
    for name, config in configs.items():
        file = tmp_path_factory.mktemp("clip") / f"{name}.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        found[name] = comfy.clip_vision.ClipVisionModel(str(file))
        for weights in found[name].model.state_dict().values():
            if weights.is_floating_point():
                weights.copy_(torch.randn(weights.shape, generator=generator) * 0.3)
    return found


def test_clip_takes_the_projected_vector_and_dino_the_first_token(consistency, clip_visions):
    image, reference = torch.rand(2, 2, 32, 32, 3, generator=torch.Generator().manual_seed(0))
    found = consistency.FairImageConsistency.execute(image, reference, **clip_visions).result
    for place, name in ((3, "clip_vision"), (4, "dino")):
        outs = [clip_visions[name].encode_image(x) for x in (image, reference)]
        vectors = [o["image_embeds"] if name == "clip_vision" else o["last_hidden_state"][:, 0] for o in outs]
        assert vectors[0].shape == (2, 12 if name == "clip_vision" else 16)
        assert found[place] == pytest.approx(torch.cosine_similarity(*vectors).mean().item(), abs=1e-5)
        same = consistency.FairImageConsistency.execute(image, image, **{name: clip_visions[name]}).result
        assert same[place] == pytest.approx(1, abs=1e-5)
    assert "Fréchet distance over the vectors of DINO-I" in found[5]


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"reference": torch.zeros(2, 16, 16, 3)}, "Image Consistency, reference: image has 1 of 16 x 16, reference 2"),
        ({"mask": torch.zeros(1, 8, 8)}, "Image Consistency, mask: .* give one mask of that size"),
        ({"clip_vision": "dino"}, "Image Consistency, clip_vision: this is a Dinov2Model; connect a CLIP or SigLIP"),
        ({"dino": "clip_vision"}, "Image Consistency, dino: this is a CLIPVisionModelProjection; connect a DINOv2"),
        ({"encoder": "gone"}, "Image Consistency, encoder: there is no folder 'gone'; put the model's files into .*fair_encoders"),
        ({"lpips": "vgg"}, r"Image Consistency, lpips: vgg: (vgg16-397923af.pth is missing; .*fair_encoders|the package lpips is not installed; run `pip install lpips`)"),
    ],
)  # fmt: skip
def test_refusals_of_consistency(consistency, clip_visions, inputs, says):
    inputs = {name: clip_visions.get(v, v) if isinstance(v, str) else v for name, v in inputs.items()}
    given = {"image": torch.zeros(1, 16, 16, 3), "reference": torch.zeros(1, 16, 16, 3), **inputs}
    with pytest.raises(ValueError, match=says):
        consistency.FairImageConsistency.execute(**given)


def test_empty_and_broken_folders_of_encoders_are_refused(consistency, host):
    folder = consistency.places()[0] / "broken"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / "config.json").write_text("{}", encoding="utf-8")
        with pytest.raises(ValueError, match="Image Consistency, encoder: broken has no preprocessor_config.json"):
            consistency.of_folder("broken")
    finally:
        (folder / "config.json").unlink()
        folder.rmdir()
