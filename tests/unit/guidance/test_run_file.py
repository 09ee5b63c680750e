"""A run as a file holds it: what the report and the masks need of it comes back."""

import torch

from fair_attention.attention.capture import MapStore
from fair_attention.attention.records import Watch
from fair_attention.guidance import run_record
from fair_attention.guidance.run_file import from_tensors, to_tensors
from fair_attention.guidance.run_record import Person, SampledRun, Status


def test_sentences_and_the_size_of_a_cell_come_back():
    run = SampledRun(MapStore((), 1, (4, 4)), result=torch.zeros(1, 16, 4, 4), cell=16)
    run.guided, run.settings, run.why_plain, run.tally = "steered at step 3 of 4", "strength acts as 7", "why", "quota"
    loaded = from_tensors(*to_tensors(run, Watch(()))).runs[-1]
    for name in ("guided", "settings", "why_plain", "tally", "cell", "seed", "numbers", "whole"):
        assert getattr(loaded, name) == getattr(run, name), name


def test_people_come_back_with_their_masks():
    mask = torch.zeros(4, 4)
    mask[1, 2] = 1
    person = Person(1, "doctor", mask, status=Status.ASSIGNED, name="female", reason="by quota")
    run = SampledRun(MapStore((), 1, (4, 4)), result=torch.zeros(1, 4, 4, 4), people=[[person]])
    ((loaded,),) = from_tensors(*to_tensors(run, Watch(()))).runs[-1].people
    assert (loaded.group, loaded.label, loaded.status, loaded.name) == (1, "doctor", Status.ASSIGNED, "female")
    assert torch.equal(loaded.mask, mask)


def test_a_file_that_says_nothing_of_cells_has_those_of_most_models():
    tensors, metadata = to_tensors(SampledRun(MapStore((), 1, (4, 4)), result=torch.zeros(1, 4, 4, 4)), Watch(()))
    older = {k: v for k, v in metadata.items() if k not in ("cell", "guided", "settings")}
    loaded = from_tensors(tensors, older).runs[-1]
    assert (loaded.cell, loaded.guided, loaded.settings) == (8, "", "")


def test_the_noise_is_looked_through_when_somebody_asks_and_then_let_go(monkeypatch):
    asked = []
    monkeypatch.setattr(run_record, "image_numbers", lambda noise, seed: asked.append((noise, seed)) or (3, 1))
    noise = torch.ones(2, 4, 4, 4)
    run = SampledRun(MapStore((), 2, (4, 4)))
    run.of_noise(noise, 7)
    noise.zero_()
    assert run.seed == 7 and not asked
    assert run.numbers == run.numbers == (3, 1) and len(asked) == 1
    assert asked[0][1] == 7 and bool((asked[0][0] == 1).all())
