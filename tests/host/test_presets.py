"""Target Distribution's presets: ready-made ones, a list written anew, lists that users keep under a name."""

import pytest

from fair_attention.tests.host.graphs import node


@pytest.fixture
def target(host):
    return host.nodes.NODE_CLASS_MAPPINGS["FairTargetDistribution"]


def made(target, preset: str, attributes: str = "female 1\nmale 1", **more):
    (found,) = target.execute(preset, attributes, "running quota", 0, **more).result
    return found


def offered(target) -> tuple[list[str], dict[str, str]]:
    """(options, list by preset) as the front end gets them."""
    options = target.INPUT_TYPES()["required"]["preset"][1]
    return options["options"], options["lists"]


def test_what_counts_with_a_preset_is_told_to_the_front_end(target):
    options, lists = offered(target)
    assert options == ["gender", "race", "skin tone", "age", "own list"] and list(lists) == options[:-1]
    assert lists["race"] == "White 1\nBlack 1\nEast Asian 1\nIndian 1"
    for preset, text in lists.items():
        assert made(target, preset, "ignored").attributes == made(target, "own list", text).attributes


def test_a_list_is_kept_and_is_a_preset_from_then_on(target, host, run_prompt):
    glasses = "with glasses 25% | person with glasses\nwithout 75% | person"
    first = made(target, "own list", glasses, save_as=" glasses ")
    try:
        assert offered(target)[0][-1] == "glasses"
        again = made(target, "glasses", "ignored")
        assert again.shares == first.shares == (0.25, 0.75)
        assert again.axis == "glasses" and again.attributes[0].prompt == "person with glasses"
        kept = {"1": node("FairTargetDistribution", preset="glasses", attributes="", assignment="running quota", seed=0),
                "2": node("PreviewAny", source=["1", 0])}  # fmt: skip
        assert run_prompt(kept).errors == []
        made(target, "own list", glasses, save_as="Glasses")  # the same list again
        with pytest.raises(ValueError, match="save_as: the preset 'glasses' holds another list already"):
            made(target, "own list", "with glasses 1", save_as="glasses")
        assert made(target, "glasses").shares == (0.25, 0.75)
    finally:
        (host.base / "user/default/fair_attention/targets/glasses.txt").unlink()
    errors = run_prompt(kept).errors
    if "ConditioningMultiply" in host.nodes.NODE_CLASS_MAPPINGS:  # 0.3.75 has the result in its cache and does not ask
        assert "not in" in errors[0]


@pytest.mark.parametrize("name", ["../glasses", "a/b", "gender", "Own List", "x" * 61, ".hidden"])
def test_a_name_that_cannot_be_kept_is_refused(target, name):
    with pytest.raises(ValueError, match="Target Distribution, save_as: "):
        made(target, "own list", "with glasses 1", save_as=name)


def test_nonsense_is_refused_with_the_node_and_the_input(target):
    with pytest.raises(ValueError, match="Target Distribution, attributes: 'female/male' holds '/'"):
        made(target, "own list", "female/male")
