"""The workflows for Flux and SD 3.5 with small models in the real files' layout, through the host's stock loaders and executor.

SAM 3 is not run: its file is 1.7 GB, and the host builds no smaller one. Masks of core nodes stand in its place.
"""

import nodes
import pytest
import torch
from PIL import Image

from fair_attention.host import hosts, random_dit_files
from fair_attention.scripts.graphs_transformers import SD3_FILES, flux, flux_by_words, sd3
from fair_attention.tests.host.graphs import node

PIXELS = 64
CHECKPOINT = SD3_FILES["1"][0][0]


one_width = pytest.mark.skipif(
    hosts.version() != hosts.NEWEST, reason="this host's loader knows Flux by one width only"
)


@pytest.fixture(scope="module", autouse=True)
def small_files(host):
    with torch.inference_mode():
        random_dit_files.save_flux(host.base / "models")
        random_dit_files.save_sd3(host.base / "models", CHECKPOINT)
    with random_dit_files.small_texts():
        yield


def small(prompt: dict, **settings) -> dict:
    """A graph's prompt, small and quick, with what the front end puts into the widgets that it leaves open."""
    quick = {"width": PIXELS, "height": PIXELS, "steps": 4, **settings}
    return {
        number: {**one, "inputs": {name: quick.get(name, value) for name, value in complete(one).items()}}
        for number, one in prompt.items()
    }


def complete(one: dict) -> dict:
    required = nodes.NODE_CLASS_MAPPINGS[one["class_type"]].INPUT_TYPES()["required"]
    usual = {name: spec[1]["default"] for name, spec in required.items() if len(spec) > 1 and "default" in spec[1]}
    return {**usual, **one["inputs"]}


def left_half() -> dict[str, dict]:
    return {
        "30": node("SolidMask", value=0.0, width=PIXELS, height=PIXELS),
        "31": node("SolidMask", value=1.0, width=PIXELS // 2, height=PIXELS),
        "32": node("MaskComposite", destination=["30", 0], source=["31", 0], x=0, y=0, operation="add"),
    }


def flux_prompt() -> dict:
    """Flux's workflow, SAM's nodes replaced by a mask of the left half."""
    prompt = small({number: one for number, one in flux().prompt.items() if number not in ("14", "15", "16", "17")})
    prompt["19"]["inputs"]["masks"] = ["32", 0]
    return {**prompt, **left_half()}


def painted(host, boxes: list[tuple[int, int, int, int]]) -> None:
    """example.png of the input folder, with these places painted: the mask editor makes them transparent."""
    picture = Image.new("RGBA", (PIXELS, PIXELS), (128, 128, 128, 255))
    for box in boxes:
        picture.paste((0, 0, 0, 0), box)
    (host.base / "input").mkdir(exist_ok=True)
    picture.save(host.base / "input" / "example.png")


def latents(run) -> tuple[torch.Tensor, torch.Tensor]:
    """(plain, fair), of the samplers 11 and 4."""
    return run.values["11"][0][0]["samples"], run.values["4"][0][0]["samples"]


def report(run) -> str:
    return run.values["20"][0][0]


@one_width
def test_flux_through_its_loaders(run_prompt):
    run = run_prompt(flux_prompt())
    assert run.errors == []
    plain, fair = latents(run)
    assert plain.shape == fair.shape == (1, 16, 8, 8) and fair.isfinite().all()
    change = (fair - plain).abs()
    assert change[..., :3].mean() > 10 * change[..., -3:].mean() > 0
    assert "steered at steps 3 to 4 of 4" in report(run)
    assert "3.5 is in its predictions already: strength 2 pushes about as 7 would elsewhere" in report(run)


@one_width
def test_flux_is_plain_at_strength_0(run_prompt):
    prompt = flux_prompt()
    prompt["19"]["inputs"]["strength"] = 0.0
    plain, fair = latents(run_prompt(prompt))
    assert torch.equal(plain, fair)


@one_width
def test_flux_says_the_attribute_inside_the_prompt_by_its_own_encoders(run_prompt):
    """With regions beside the masks the prompt is known: one step adds s (D_a - D_a') of the prompts with the word put in."""
    prompt = flux_prompt()
    prompt |= {
        "9": node("FairLinguisticAlignment", clip=["7", 0], prompt="a photo of two doctors"),
        "8b": node("FairBlockVoting", tokens=["9", 0], weights="uniform"),
    }
    prompt["10"]["inputs"]["conditioning"] = prompt["2"]["inputs"]["conditioning"] = ["9", 1]
    prompt["19"]["inputs"] |= {
        "regions": ["8b", 0], "steer_by": "the prompt with the attribute inserted", "steering": "in full", "start_percent": 0.0,
        "end_percent": 1.0, "strength": 2.0,
    }  # fmt: skip
    said = {}
    for word in ("female", "male"):
        said[word] = f"60{word}"
        prompt |= {
            f"50{word}": node("CLIPTextEncode", clip=["7", 0], text=f"a photo of two {word} doctors"),
            f"55{word}": node("FluxGuidance", conditioning=[f"50{word}", 0], guidance=3.5),
            f"60{word}": {**prompt["11"], "inputs": {**prompt["11"]["inputs"], "positive": [f"55{word}", 0]}},
            f"65{word}": node("VAEDecode", samples=[f"60{word}", 0], vae=["8", 0]),
            f"70{word}": node("PreviewImage", images=[f"65{word}", 0]),
        }
    run = run_prompt(small(prompt, steps=1))
    assert run.errors == []
    plain, fair = latents(run)
    given = "female" if "female: 1 of 1" in report(run) else "male"
    female, male = (run.values[said[word]][0][0]["samples"] for word in ("female", "male"))
    wanted = 2.0 * (female - male if given == "female" else male - female)
    assert wanted.abs().max() > 1e-3
    assert torch.allclose((fair - plain)[..., :3], wanted[..., :3], atol=2e-3 * float(wanted.abs().max()))


@one_width
def test_flux_finds_people_by_their_words_without_a_mask(run_prompt):
    run = run_prompt(small(flux_by_words().prompt))
    assert run.errors == []
    fair, plain = (run.values[number][0][0]["samples"] for number in ("4", "11"))
    attention = run.values["19"][1][0]
    assert attention.runs[-1].store.blocks and attention.runs[-1].steps == {0, 1}
    assert "doctors: " in report(run) and "steered at steps 3 to 4 of 4" in report(run)
    assert (fair - plain).abs().max() > 1e-3


def test_sd3_is_plain_until_somebody_is_painted(host, run_prompt):
    painted(host, [])
    run = run_prompt(small(sd3().prompt))
    assert run.errors == []
    plain, fair = latents(run)
    assert plain.shape == (1, 16, 8, 8) and torch.equal(plain, fair)
    assert "the masks are empty, so there is nobody to steer" in report(run)


def test_each_part_painted_is_a_person_in_sd3(host, run_prompt):
    painted(host, [(0, 0, 20, 64), (28, 0, 40, 64)])
    run = run_prompt(small(sd3().prompt, strength=4.0))
    assert run.errors == []
    plain, fair = latents(run)
    assert "image 1: 2 found" in report(run) and "distilled" not in report(run)
    change = (fair - plain).abs()
    assert change[..., :2].mean() > 10 * change[..., -2:].mean() > 0


def test_the_shipped_files_need_no_node_that_is_not_there(host):
    needed = {one["class_type"] for one in (*flux().prompt.values(), *sd3().prompt.values())}
    missing = needed - set(host.nodes.NODE_CLASS_MAPPINGS)
    assert missing == (set() if hosts.version() == hosts.NEWEST else {"SAM3_Detect"})
