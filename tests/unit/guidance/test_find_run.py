"""A run found again by what it has made; what is said where that cannot be."""

import pytest
import torch

from fair_attention.attention.capture import MapStore
from fair_attention.attention.records import Watch
from fair_attention.attention.trace import Block
from fair_attention.guidance.find_run import pixel_size, require_maps, run_of
from fair_attention.guidance.run_record import Recording, SampledRun


def recording(*results: torch.Tensor) -> Recording:
    return Recording(Watch(()), [SampledRun(MapStore((), len(r), (4, 4)), result=r) for r in results])


def test_the_latest_run_that_made_a_latent_is_found_up_to_rounding():
    one, two = torch.ones(2, 4, 4, 4), torch.zeros(2, 4, 4, 4)
    capture = recording(one, two, two.clone())
    assert run_of(capture, {"samples": one + 0.005}, "Node") is capture.runs[0]
    assert run_of(capture, {"samples": two}, "Node") is capture.runs[2]
    with pytest.raises(ValueError, match="Node, latent: this latent was not sampled with this capture"):
        run_of(capture, {"samples": one + 0.5}, "Node")


def test_pictures_must_be_as_many_as_the_latents():
    latent = {"samples": torch.ones(2, 4, 4, 4)}
    assert run_of(recording(latent["samples"]), latent, "Node", torch.ones(2, 32, 32, 3))
    with pytest.raises(ValueError, match="Node, image: got 1, but the latent holds 2"):
        run_of(recording(latent["samples"]), latent, "Node", torch.ones(1, 32, 32, 3))


def test_pictures_are_as_large_as_decoded_ones_or_as_cells_make_them():
    latent = {"samples": torch.ones(1, 4, 3, 5)}
    assert pixel_size(latent, None) == (24, 40) and pixel_size(latent, None, 16) == (48, 80)
    assert pixel_size(latent, torch.ones(1, 25, 41, 3)) == (25, 41)


def test_a_run_that_recorded_no_map_is_named_with_what_was_noted():
    run = SampledRun(MapStore((), 1, (4, 4)), notes=["tiles"])
    with pytest.raises(ValueError, match=r"Node: the run recorded no map \(tiles\).*or connect masks"):
        require_maps(run, "Node", ", or connect masks")
    run.store.sums[Block("input", 1)] = torch.zeros(1)
    run.store.counts[Block("input", 1)] = torch.ones(1, 1)
    require_maps(run, "Node")
