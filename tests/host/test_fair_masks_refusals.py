"""What Fair Inference with masks refuses of models that draw no pictures, and of latents that are none: by the model's name."""

import pytest
import torch

from fair_attention.host import random_dit
from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.transformers_bench import Family


@pytest.fixture(scope="module")
def wan(host, tiny_checkpoint) -> Family:
    with torch.inference_mode():
        return Family(host, tiny_checkpoint, "Wan 2.1 (one frame)")


def test_a_video_is_refused_by_the_model_s_name_before_a_step_is_sampled(wan):
    model, attention = wan.fair(wan.target(), masks=halves())
    positive = wan.encode("two doctors")
    with pytest.raises(
        ValueError, match=r"Fair Inference: MODEL is a WAN21 and the latent has 5 frames: .* a single frame"
    ):
        wan.sample(model, positive, frames=5)
    assert attention.runs == []
    assert wan.sample(model, positive).isfinite().all() and attention.runs[-1].guided == "steered at steps 3 to 4 of 4"


@pytest.mark.parametrize(("kind", "does"), [("StableAudio1", "makes sound"), ("ACEStep", "makes music"), ("SVD_img2vid", "makes videos"),
                                            ("Hunyuan3Dv2", "makes 3D shapes")])  # fmt: skip
def test_models_that_draw_no_pictures_are_refused_by_name(host, wan, kind, does):
    """The class alone is asked for: the model of one is not built."""
    import comfy.model_base

    other = wan.model.clone()
    other.model = type(
        kind, (getattr(comfy.model_base, kind),), {"__init__": lambda self: torch.nn.Module.__init__(self)}
    )()
    with pytest.raises(ValueError, match=rf"Fair Inference: MODEL is a {kind}, which {does}; .* Use an image model"):
        wan.fair(wan.target(), model=other, masks=halves())


def test_without_masks_a_transformer_is_still_refused(wan):
    tokens, _ = wan.align("two doctors")
    with pytest.raises(
        ValueError,
        match=r"Fair Inference: MODEL is a WanModel, whose attention to words cannot be read.* Or connect masks",
    ):
        wan.fair(wan.target(), regions=wan.regions(tokens))


def test_a_clip_of_another_family_is_refused_before_sampling(host, wan):
    model, attention = wan.fair(wan.target(), masks=halves())
    [[context, extras]] = wan.encode("two doctors")
    wider = [[torch.cat([context, context], -1), extras]]
    with pytest.raises(
        ValueError, match=r"Fair Inference: CLIP and MODEL are of different families: .* 64 wide, .* 128"
    ):
        wan.sample(model, wider)
    assert attention.runs == []


def test_masks_are_held_to_the_picture_s_size_by_the_latent_s_own_cells(host, tiny_checkpoint):
    """A cell of Flux 2 is 16 pixels a side: masks of 128 x 128 are those of a latent of 8 x 8, and no larger."""
    flux2 = Family(host, tiny_checkpoint, "Flux 2") if random_dit.known("Flux 2") else None
    if flux2 is None:
        pytest.skip("this ComfyUI does not know Flux 2")
    model, attention = flux2.fair(flux2.target(), masks=halves(128))
    flux2.sample(model, flux2.encode("two doctors"), steps=2)
    assert attention.runs[-1].cell == 16 and attention.runs[-1].notes == []
    model, _ = flux2.fair(flux2.target(), masks=halves(128)[:, :, :64])
    with pytest.raises(ValueError, match=r"Fair Inference, masks: they are 64 x 128, .* 128 x 128 pixels"):
        flux2.sample(model, flux2.encode("two doctors"))
