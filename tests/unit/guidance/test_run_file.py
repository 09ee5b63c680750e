"""A run as a file holds it: what the report and the masks need of it comes back."""

import torch

from fair_attention.attention.capture import MapStore
from fair_attention.attention.records import Watch
from fair_attention.guidance.run_file import from_tensors, to_tensors
from fair_attention.guidance.run_record import SampledRun


def test_sentences_and_the_size_of_a_cell_come_back():
    run = SampledRun(MapStore((), 1, (4, 4)), result=torch.zeros(1, 16, 4, 4), cell=16)
    run.guided, run.settings, run.why_plain, run.tally = "steered at step 3 of 4", "strength acts as 7", "why", "quota"
    loaded = from_tensors(*to_tensors(run, Watch(()))).runs[-1]
    for name in ("guided", "settings", "why_plain", "tally", "cell", "seed", "numbers", "whole"):
        assert getattr(loaded, name) == getattr(run, name), name


def test_a_file_that_says_nothing_of_cells_has_those_of_most_models():
    tensors, metadata = to_tensors(SampledRun(MapStore((), 1, (4, 4)), result=torch.zeros(1, 4, 4, 4)), Watch(()))
    older = {k: v for k, v in metadata.items() if k not in ("cell", "guided", "settings")}
    loaded = from_tensors(tensors, older).runs[-1]
    assert (loaded.cell, loaded.guided, loaded.settings) == (8, "", "")
