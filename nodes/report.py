"""Fair Report: who was found in each picture, which attribute each was given and why; how energy guidance went."""

import torch
from comfy_api.latest import io, ui

from .drawing import draw_people, to_tensor
from .energy_report import describe_energy, energy_curve
from .runs import pixel_size, run_of
from .types import CATEGORY, Attention, Person, SampledRun, schema

NODE = "Fair Report"


def describe(run: SampledRun) -> str:
    """The report as text: image by image, person by person, left to right; then the totals and what was noted."""
    if run.energy:
        return "\n".join([describe_energy(run), *run.notes])
    if not run.people:
        return "\n".join(["Nobody was changed: the picture is the plain one.", *run.notes])
    lines, totals = [], {}
    for number, found in enumerate(run.people, 1):
        lines.append(f"image {number}: {len(found)} found" + ("" if found else "; left as it is"))
        for j, person in enumerate(found, 1):
            lines.append(f"  {j} {person.label}: {person.why}")
            if person.attribute is not None:
                name = given(person)
                totals[name] = totals.get(name, 0) + 1
    total = sum(totals.values())
    lines += [f"{name}: {count} of {total} ({count / total:.0%})" for name, count in sorted(totals.items())]
    if run.tally:
        lines.append(run.tally)
    return "\n".join([*lines, *run.notes])


def given(person: Person) -> str:
    return person.why.partition(",")[0]


class FairReport(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairReport",
            display_name="Fair Report",
            category=CATEGORY,
            search_aliases=["fairness", "log", "explain"],
            description="What Fair Inference did: the people found in each picture, the attribute each was given, and why. "
            "What SoftIoU Energy Guidance did: how far the concepts overlapped, step by step.",
            inputs=[
                Attention.Input("attention", tooltip="From Fair Inference or SoftIoU Energy Guidance."),
                io.Latent.Input("latent", tooltip="The latent sampled with it."),
                io.Image.Input("image", optional=True, tooltip="The decoded picture, to outline the people on."),
            ],
            outputs=[
                io.String.Output(display_name="report", tooltip="What was done, person by person and step by step."),
                io.Image.Output(
                    display_name="picture",
                    tooltip="Each person outlined, with the attribute given; of energy guidance, the curve.",
                ),
            ],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, attention, latent, image=None) -> io.NodeOutput:
        run = run_of(attention, latent, NODE, image)
        text = describe(run)
        if run.energy:
            drawn = to_tensor([energy_curve(run)])
        else:
            canvas = image if image is not None else torch.full((run.store.images, *pixel_size(latent, None), 3), 0.25)
            drawn = draw_people(canvas, run.people or [[] for _ in canvas], given)
        return io.NodeOutput(text, drawn, ui={**ui.PreviewImage(drawn, cls=cls).as_dict(), "text": (text,)})


NODES = [FairReport]
