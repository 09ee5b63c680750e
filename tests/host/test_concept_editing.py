"""UCE on the real host: the equations are met by the weights that sample, a LoRA stacks, nothing is left behind."""

from types import SimpleNamespace

import pytest
import torch

from fair_attention.guidance.baselines.concepts import parse_concepts
from fair_attention.guidance.baselines.uce import PAPER, REWRITE, VARIANTS, normal_matrix, residual
from fair_attention.guidance.baselines.uce_rounds import edit_of, preserved_rows
from fair_attention.metrics.readers import ReadAttributes, Reading
from fair_attention.tests.host.composition import core_nodes

CONCEPTS = "doctors | female 2, male -2"
BOTH = pytest.mark.parametrize("variant", [REWRITE, PAPER])


def edit(bench, concepts=CONCEPTS, **kw):
    """(edited model, report)"""
    model, target = kw.pop("model", bench.model), kw.pop("target", None) or bench.target()
    return bench.node["FairConceptEditing"].execute(model, bench.clip, target, concepts, **kw).result


def in_force(bench, model) -> dict[str, torch.Tensor]:
    """The projections as they are while this model samples, read off the modules themselves."""
    bench.host.comfy.model_management.load_models_gpu([model])
    modules = dict(model.model.diffusion_model.named_modules())
    ends = (".attn2.to_k", ".attn2.to_v")
    found = {n: m.weight.detach().clone().float() for n, m in modules.items() if n.endswith(ends)}
    bench.host.comfy.model_management.load_models_gpu([bench.model])
    return found


def encode(bench):
    nodes = bench.host.pack.nodes.baselines.concept_editing
    return nodes.encoder(bench.clip)


@BOTH
def test_the_weights_that_sample_meet_the_equations(bench, variant):
    """In fp32; the tiny model's own fp16 rounds them, so what is asked of them is that precision."""
    model, report = edit(bench, f"{CONCEPTS}\nnurse | female -1, male 1", variant=variant, preserved_concepts="judge")
    settings, encoder = VARIANTS[variant], encode(bench)
    (concepts,) = parse_concepts(
        f"{CONCEPTS}\nnurse | female -1, male 1", ("female", "male"), ("female", "male"), settings
    )
    edits = [edit_of(c, encoder, settings) for c in concepts]
    matrix = normal_matrix([e.concept for e in edits], [preserved_rows("judge", encoder, settings)], settings)
    old, new = in_force(bench, bench.model), in_force(bench, model)
    assert len(old) == 32
    patches = {n: model.patches[f"diffusion_model.{n}.weight"][0][1][0] for n in old}
    for name, weight in old.items():
        assert residual(weight.double() + patches[name].double(), weight, edits, matrix, settings) < 1e-4
        assert residual(new[name], weight, edits, matrix, settings) < 2e-3
        assert residual(weight, weight, edits, matrix, settings) > 5e-3
    assert "32 projections changed" in report and "residual of the equations" in report


def test_sampling_the_loaded_model_again_is_the_plain_picture_bit_for_bit(bench, setting):
    model, _ = edit(bench)
    edited = bench.sample(model, setting.positive)
    assert not torch.equal(edited, setting.plain)
    assert torch.equal(bench.sample(bench.model, setting.positive), setting.plain)
    assert torch.equal(bench.sample(model, setting.positive), edited)


def test_strength_zero_is_the_plain_picture_bit_for_bit(bench, setting):
    model, _ = edit(bench, strength=0.0)
    assert not model.patches
    assert torch.equal(bench.sample(model, setting.positive), setting.plain)


def test_a_lora_stacks_before_it_and_behind_it(bench, setting):
    """Before: the edit is of the weights with the LoRA. Behind: both changes are added."""
    lora = core_nodes.lora(bench, bench.model)
    plain, with_lora = in_force(bench, bench.model), in_force(bench, lora)
    edited, behind, before = (
        in_force(bench, m) for m in (edit(bench)[0], core_nodes.lora(bench, edit(bench)[0]), edit(bench, model=lora)[0])
    )
    name = max(plain, key=lambda n: float((with_lora[n] - plain[n]).abs().max()))
    changed, tuned = edited[name] - plain[name], with_lora[name] - plain[name]
    assert changed.abs().max() > 1e-2 and tuned.abs().max() > 1e-2
    assert torch.allclose(behind[name] - plain[name], changed + tuned, atol=4e-3)
    settings, encoder = VARIANTS[REWRITE], encode(bench)
    ((concept,),) = parse_concepts(CONCEPTS, ("female", "male"), ("female", "male"), settings)
    edits = [edit_of(concept, encoder, settings)]
    matrix = normal_matrix([edits[0].concept], [], settings)
    assert residual(before[name], with_lora[name], edits, matrix, settings) < 2e-3
    assert residual(before[name], plain[name], edits, matrix, settings) > 1e-2
    assert bench.sample(edit(bench, model=lora)[0], setting.positive).isfinite().all()


def test_rounds_edit_what_the_one_before_has_left(bench):
    """Two rounds of one concept are the second's edit of the first's model."""
    twice = edit(bench, f"{CONCEPTS}\n\n{CONCEPTS}")[0].patches
    once, model = edit(bench)[0].patches, edit(bench)[0]
    again = edit(bench, model=model)[0].patches
    for name, ((_, (change,), *_),) in twice.items():
        assert torch.allclose(change, once[name][0][1][0] + again[name][1][1][0], atol=1e-5)


def people(*genders: str) -> ReadAttributes:
    images = tuple((Reading((0, 0, 1, 1), {"gender": g}, 1.0),) for g in genders)
    return ReadAttributes("by hand", {"gender": ("female", "male")}, images)


def test_what_was_read_says_how_far_a_concept_is_leaned(bench):
    _, report = edit(bench, "doctor", attributes=people("male", "male", "male", "female"))
    assert "doctor: female +0.25, male -0.25" in report
    _, report = edit(bench, "doctor", attributes=people("male", "male", "male", "female"), variant=PAPER)
    assert "photo of doctor: female +0.025, male -0.025" in report


def test_occupations_are_preserved_but_for_those_that_are_edited(bench):
    _, report = edit(bench, "doctor | female 1", preserve="occupations")
    assert f"{len(bench.host.pack.guidance.baselines.occupations.OCCUPATIONS) - 1} concepts preserved" in report


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"concepts": ""}, r"concepts: there is no concept: write one a line"),
        ({"concepts": "doctor | tall 1"}, r"concepts: 'tall 1' in .* is no attribute of the target .*female, male"),
        ({"concepts": "doctor | female 1\ndoctor | male 1"}, r"concepts: 'doctor' occurs twice in one round"),
        ({"concepts": "female | male 1"}, r"concepts: 'female' is one of the attributes themselves"),
        ({"concepts": "doctor | male 1", "preserved_concepts": "doctor"}, r"concepts: 'doctor' is both edited and preserved"),
        ({"concepts": "doctor"}, r"concepts: 'doctor' has no numbers\. Write .* or connect attributes"),
        ({"concepts": "doctor", "attributes": people()}, r"attributes: nobody in these pictures was read on gender"),
        ({"concepts": "() | male 1"}, r"concepts: '\(\)' has no token of its own; write a word"),
    ],
)  # fmt: skip
def test_refusals_name_node_input_and_remedy(bench, given, said):
    with pytest.raises(ValueError, match=r"Unified Concept Editing \(UCE\), " + said):
        edit(bench, **given)


def test_models_it_cannot_edit_are_refused(bench, host):
    dit = SimpleNamespace(model=SimpleNamespace(diffusion_model=torch.nn.Linear(1, 1)))
    with pytest.raises(ValueError, match=r"Unified Concept Editing \(UCE\): MODEL is a Linear, which has no U-Net"):
        edit(bench, model=dit)


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("a photo of three pilots", "a photo of three pilots if all individuals can be a pilot irrespective of their gender"),
        ("a photo of an accountant", "a photo of an accountant if all individuals can be a accountant irrespective of their gender"),
    ],
)  # fmt: skip
def test_ethical_intervention_is_the_published_sentence(bench, prompt, wanted):
    assert bench.node["FairEthicalIntervention"].execute(prompt).result == (wanted,)


def test_ethical_intervention_needs_somebody(bench):
    node = bench.node["FairEthicalIntervention"]
    with pytest.raises(ValueError, match=r"Ethical Intervention \(SD-EI\), prompt: .* names no person"):
        node.execute("a photo of a tree")
    with pytest.raises(ValueError, match=r"Ethical Intervention \(SD-EI\), prompt: it is empty"):
        node.execute("  ")
    (said,) = node.execute("a photo of Anna", wording="ours", subject="two firefighters").result
    assert said.endswith("if all individuals can be two firefighters irrespective of their gender")
