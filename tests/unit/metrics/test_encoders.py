"""CLIP-I, DINO-I, Fréchet distances and LPIPS: by hand, against libraries, and on small random models in their real format."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import linalg

from fair_attention.metrics.consistency import psnr, ssim
from fair_attention.metrics.consistency_report import format_consistency, measure, same_size
from fair_attention.metrics.encoders import folder_encoder, frechet_distance, similarity
from fair_attention.metrics.perceptual import BACKBONES, load_lpips, lpips_distance


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_similarity_by_hand():
    assert similarity(
        torch.tensor([[3.0, 4], [1, 0], [1, 0]]), torch.tensor([[6.0, 8], [0, 2], [-1, 0]])
    ).tolist() == pytest.approx([1, 0, -1])


def test_frechet_distance_by_hand():
    """One dimension, means 0 and 3, standard deviations 1 and 2: 3^2 + (1 - 2)^2 = 10."""
    one, other = torch.tensor([[-1.0], [0], [1]]), torch.tensor([[1.0], [3], [5]])
    assert frechet_distance(one, other) == pytest.approx(10)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="sets of 1 and 3 pictures"):
        frechet_distance(one[:1], other)


@pytest.mark.parametrize(("n", "m", "d"), [(40, 30, 5), (4, 6, 12)])
def test_frechet_distance_is_that_of_matrix_roots(n, m, d):
    """Against scipy's matrix square root, also with fewer pictures than dimensions."""
    a, b = rand(n, d).double().numpy(), (rand(m, d, seed=1).double().numpy() * 2 + 1)
    root = linalg.sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    assert frechet_distance(torch.tensor(a), torch.tensor(b)) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_against_torchmetrics_and_scikit_image():
    metrics, ski = pytest.importorskip("torchmetrics.functional.image"), pytest.importorskip("skimage.metrics")
    fid = pytest.importorskip("torchmetrics.image.fid")
    a, b = rand(1, 40, 32, 3), rand(1, 40, 32, 3, seed=1)
    a_first, b_first = a.movedim(-1, 1), b.movedim(-1, 1)
    assert psnr(a, b).item() == pytest.approx(
        metrics.peak_signal_noise_ratio(a_first, b_first, data_range=1.0).item(), abs=1e-4
    )
    theirs = ski.structural_similarity(a[0].numpy(), b[0].numpy(), channel_axis=-1, data_range=1.0, gaussian_weights=True,
                                       sigma=1.5, use_sample_covariance=False)  # fmt: skip
    assert ssim(a, b).item() == pytest.approx(theirs, abs=1e-4)
    x, y = rand(50, 6).double(), rand(60, 6, seed=2).double() + 0.2
    theirs = fid._compute_fid(x.mean(0), torch.cov(x.T), y.mean(0), torch.cov(y.T)).item()
    assert frechet_distance(x, y) == pytest.approx(theirs, abs=1e-8)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A CLIP, a CLIP of pictures only and a DINO, tiny and random, saved as `transformers` saves them."""
    t = pytest.importorskip("transformers")
    torch.manual_seed(0)
    base = tmp_path_factory.mktemp("encoders")
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    seen = {**small, "image_size": 32, "patch_size": 8}
    words = {**small, "vocab_size": 50, "max_position_embeddings": 8, "projection_dim": 12}
    clip = t.CLIPConfig(text_config=words, vision_config={**seen, "projection_dim": 12}, projection_dim=12)
    size = {"height": 32, "width": 32}
    models = {
        "clip": (t.CLIPModel(clip), t.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size)),
        "clip-vision": (t.CLIPVisionModel(t.CLIPVisionConfig(**seen)), t.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size)),
        "dino": (t.ViTModel(t.ViTConfig(**seen)), t.ViTImageProcessor(size=size)),
    }  # fmt: skip
    for name, (model, processor) in models.items():
        model.eval().save_pretrained(base / name)
        processor.save_pretrained(base / name)
    return base, models


@pytest.mark.parametrize(("name", "dimensions"), [("clip", 12), ("clip-vision", 16), ("dino", 16)])
def test_encoders_from_folders(folders, name, dimensions):
    """The vectors of the model itself on the picture as its processor wants it; a part of a batch as alone."""
    base, models = folders
    model, processor = models[name]
    images = rand(3, 32, 32, 3)
    vectors = folder_encoder(base / name)(images)
    assert vectors.shape == (3, dimensions)
    pixels = processor(images=[Image.fromarray((i * 255).round().byte().numpy()) for i in images], return_tensors="pt")[
        "pixel_values"
    ]
    with torch.no_grad():
        if name == "clip":
            out = model.vision_model(pixel_values=pixels).pooler_output
            expected = model.visual_projection(out)
        else:
            expected = model(pixel_values=pixels).last_hidden_state[:, 0]
    assert torch.allclose(vectors, expected, atol=1e-5)
    assert similarity(vectors, folder_encoder(base / name)(images)).tolist() == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("config.json", "has no config.json"),
        ("preprocessor_config.json", "has no preprocessor_config.json"),
        ("model.safetensors", "has no weights: put model.safetensors"),
    ],
)
def test_missing_files_of_a_folder_are_named(folders, tmp_path, missing, says):
    whole = folders[0] / "dino"
    for file in whole.iterdir():
        if file.name != missing:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ValueError, match=says) as error:
        folder_encoder(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_a_corrupt_folder_is_no_model(folders, tmp_path):
    for file in (folders[0] / "dino").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(ValueError, match="cannot be loaded"):
        folder_encoder(tmp_path)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_lpips_with_the_users_backbone(tmp_path):
    """A random AlexNet in torchvision's format gives what the package itself gives with those weights."""
    lpips = pytest.importorskip("lpips")
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    net = torchvision.models.alexnet()
    file = tmp_path / BACKBONES["alex"]
    torch.save(net.state_dict(), file)
    ours = load_lpips("alex", file, tmp_path)
    theirs = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False).eval()
    for part in (theirs.net.slice1, theirs.net.slice2, theirs.net.slice3, theirs.net.slice4, theirs.net.slice5):
        for number, layer in part.named_children():
            layer.load_state_dict(net.features[int(number)].state_dict())
    a, b = rand(3, 64, 64, 3), rand(3, 64, 64, 3, seed=1)
    with torch.no_grad():
        expected = theirs(a.movedim(-1, 1) * 2 - 1, b.movedim(-1, 1) * 2 - 1).flatten()
    assert lpips_distance(ours, a, b).tolist() == pytest.approx(expected.tolist(), rel=1e-5)
    assert lpips_distance(ours, a, a).tolist() == pytest.approx([0, 0, 0])
    file.write_bytes(b"no weights")
    with pytest.raises(ValueError, match="is not torchvision's weights"):
        load_lpips("alex", file, tmp_path)


def test_a_missing_backbone_is_named_with_its_place(tmp_path):
    pytest.importorskip("lpips")
    with pytest.raises(ValueError, match=f"alexnet-owt-7be5be79.pth is missing; .* put it into {tmp_path}"):
        load_lpips("alex", None, tmp_path)


def test_a_report_by_hand():
    """Black and .1 grey: 20 dB; the other pair is alike. Vectors are mean colours, the same but for length."""
    image = torch.zeros(2, 16, 16, 3)
    image[0] += 0.1
    found = measure(image, torch.zeros(2, 16, 16, 3), torch.ones(16, 16), {"mean colour": lambda x: x.mean((1, 2)) + 1})
    assert found.mean("PSNR") == pytest.approx(60) and found.unchanged == 1
    assert found.mean("mean colour") == pytest.approx(1)
    text = format_consistency(found)
    assert "2 pairs of pictures, 1 of them without any difference" in text
    assert "PSNR outside the mask: not measurable, the mask covers everything" in text
    # means 1.05 and 1 in three colours, variance of .1/2 spread: .0025 * 3 + .005 * 3
    assert found.frechet["mean colour"] == pytest.approx(3 * 0.0025 + 3 * 0.005, abs=1e-6) and "Not FID" in text


@pytest.mark.parametrize(
    ("image", "reference", "mask", "says"),
    [
        ((2, 16, 16, 3), (1, 16, 16, 3), None, "reference: image has 2 of 16 x 16, reference 1 of 16 x 16"),
        ((1, 16, 16, 1), (1, 16, 16, 1), None, "image: pictures need three colours"),
        ((1, 8, 16, 3), (1, 8, 16, 3), None, "image: 16 x 8 is too small"),
        ((1, 16, 16, 3), (1, 16, 16, 3), (1, 8, 8), r"mask: \[1, 8, 8\] does not fit"),
        ((3, 16, 16, 3), (3, 16, 16, 3), (2, 16, 16), "give one mask of that size"),
    ],
)
def test_pictures_that_cannot_be_compared_are_refused(image, reference, mask, says):
    with pytest.raises(ValueError, match=says):
        same_size(torch.zeros(image), torch.zeros(reference), None if mask is None else torch.zeros(mask))
