"""The second emoji world as it is shipped: its people obey the prompt and are given an age by their words."""

import numpy as np
import pytest

from fair_attention.emoji_world.dit.reader import AgedReader
from fair_attention.emoji_world.world import DIT_CHECKPOINT
from fair_attention.host import hosts
from fair_attention.host.workflow import read_prompt

WORKFLOW = hosts.ROOT / "workflows" / "fair-inference-age.json"


@pytest.fixture
def workflow(run_prompt, object_info):
    """(prompt, strength) -> the run of the shipped workflow: "5" its pictures, "9" what was recorded."""

    def run(text: str, strength: float):
        graph = read_prompt(WORKFLOW, object_info)
        graph["7"]["inputs"]["prompt"] = text
        graph["9"]["inputs"]["strength"] = strength
        found = run_prompt(graph)
        assert found.errors == []
        return found

    return run


def people(run) -> list:
    ((pictures,),) = run.values["5"]
    return [person for image in AgedReader().read(pictures) for person in image]


def test_it_is_small_and_offered(host):
    assert DIT_CHECKPOINT.stat().st_size < 25e6
    assert DIT_CHECKPOINT.name in host.folder_paths.get_filename_list("checkpoints")


def test_its_people_are_as_the_prompt_states(workflow):
    found = people(workflow("a photo of two old dark female judges", 0.0))
    assert 6 <= len(found) <= 10  # four pictures of two
    for axis, value in (("age", "old"), ("gender", "female"), ("occupation", "judge"), ("skin tone", "dark")):
        assert np.mean([person.labels[axis] == value for person in found]) >= 0.6, axis


def test_ages_are_given_by_words_in_joint_attention(workflow):
    """Judges are old; Fair Inference finds them without a mask and gives half of them youth."""
    plain, fair = (people(workflow("a photo of two judges", strength)) for strength in (0.0, 7.0))
    before, after = (np.mean([p.labels["age"] == "young" for p in who]) for who in (plain, fair))
    assert before <= 0.3 and 0.3 <= after <= 0.7
