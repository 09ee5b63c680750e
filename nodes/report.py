"""Fair Report: who was found in each picture, which attribute each was given and why; how energy guidance went."""

from collections import Counter
from collections.abc import Sequence

import torch
from comfy_api.latest import io

from ..guidance.fair.outcome import fewer_found, headline
from ..guidance.fair.steering import Steered
from ..guidance.find_run import pixel_size, run_of
from ..guidance.run_record import Person, Recording, SampledRun
from ..metrics.people import reached, reading_at
from ..metrics.readers import ReadAttributes, Reading
from ..pictures.drawing import draw_people, to_tensor
from ..pictures.energy_report import describe_energy, energy_curve, why_not_beside
from .types import FAIRNESS, Attention, Attributes, picture_and_text, schema
from .user.theme import current

NODE = "Fair Report"


def describe(
    run: SampledRun, read: ReadAttributes | None = None, size: tuple[int, int] = (0, 0), plain: SampledRun | None = None
) -> str:
    """The report as text: image by image, person by person, left to right; then the totals and what was noted.

    read: what a reader saw in the decoded pictures of `size` (height, width), to be said beside what was given.
    plain: the run without energy guidance, to be said beside the one with.
    """
    if run.energy:
        return "\n".join([describe_energy(run, plain), *run.notes])
    lines = headline(run)
    if not run.people:
        return "\n".join([*lines, *run.notes])
    totals, readings = Counter[str](), []
    for number, found in enumerate(run.people, 1):
        if run.whole:
            lines += [f"image {number}: {as_a_whole(p, run, read and read.images[number - 1])}" for p in found]
            totals.update(given(p) for p in found if p.attribute is not None)
            continue
        lines.append(f"image {number}: {len(found)} found" + ("" if found else "; left as it is"))
        for j, person in enumerate(found, 1):
            lines.append(f"  {j} {person.label}: {'; '.join([person.why, *map(steered_in_words, person.steered)])}")
            if person.attribute is not None:
                totals[given(person)] += 1
            if read is not None and person.attribute is not None and run.target is not None:
                wanted = dict(run.target.attributes[person.attribute].axis_values)
                seen = reading_at(person.mask, read.images[number - 1], size)
                lines[-1] += "; " + read_in_words(wanted, seen, read)
                readings.append((wanted, seen))
    asked = {a.name: a.share for a in run.target.attributes} if run.target else {}
    met = reached(readings)
    for name, count in sorted(totals.items()):
        line = f"{name}: {count} of {totals.total()} ({count / totals.total():.0%})"
        line += f", asked for {asked[name]:.0%}" if name in asked else ""
        lines.append(line + (f", read as such {met[name][0]}" if name in met else ""))
    lines += [*fewer_found(run), *filter(None, (run.guided, run.settings))]
    if run.tally:
        lines.append(run.tally)
    return "\n".join([*lines, *run.notes])


def as_a_whole(picture: Person, run: SampledRun, seen: Sequence[Reading] | None) -> str:
    """What a picture that was steered as a whole got, and how many of its people are read as such."""
    said = "; ".join([picture.why, *map(steered_in_words, picture.steered)])
    if seen is None or picture.attribute is None or run.target is None:
        return said
    wanted = run.target.attributes[picture.attribute].axis_values
    such = sum(all(r.labels.get(axis) == value for axis, value in wanted) for r in seen)
    return f"{said}; {such} of {len(seen)} people read as such"


def steered_in_words(s: Steered) -> str:
    """What was read of a person on one axis and what was done about it."""
    if not s.before:
        return f"steered in full in {s.steps} steps" if s.steps else "no step was steered"
    at = s.values.index(s.given)
    if s.held:
        return f"{s.axis} held: {s.given} ({s.before[at]:.2f})"
    leading = s.values[max(range(len(s.before)), key=s.before.__getitem__)]
    was = (
        f"was becoming {leading} ({s.given} {s.before[at]:.2f})"
        if s.changing
        else f"{s.given} already ({s.before[at]:.2f})"
    )
    if not s.steps:
        return f"{was}, not steered"
    return f"{was}, steered in {s.steps} steps by {s.push:.1f} in the mean, {s.given} {s.after[at]:.2f} at the end"


def read_in_words(wanted: dict[str, str], seen: Reading | None, read: ReadAttributes) -> str:
    if seen is None:
        return f"nobody read there by the {read.reader}"
    known = [axis for axis in wanted if axis in read.axes]
    if not known:
        return f"the {read.reader} does not read {', '.join(wanted)}"
    values = " ".join(seen.labels.get(axis) or f"unreadable in {axis}" for axis in known)
    return f"read as {values}: {'reached' if all(seen.labels.get(a) == wanted[a] for a in known) else 'not reached'}"


def given(person: Person) -> str:
    """What stands on the picture beside a person's number: the attribute, or that it was left alone."""
    return person.name or person.why.partition(",")[0]


def plain_run(run: SampledRun, attention: Recording | None, latent: dict | None) -> tuple[SampledRun | None, list[str]]:
    """The run to be drawn beside one under energy guidance; or None, and why it would say nothing.

    No error: both runs are sampled by then, and the report of the guided one is right without it.
    """
    if attention is None or latent is None or not run.energy:
        return None, []
    plain = run_of(attention, latent, NODE)
    why = why_not_beside(run, plain)
    return (None, [f"plain_attention is not drawn beside: {why}"]) if why else (plain, [])


class FairReport(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairReport",
            display_name="Fair Report",
            category=FAIRNESS,
            search_aliases=["fairness", "log", "explain", "what was changed"],
            description="What Fair Inference did: the people found in each picture, the attribute each was given, and why. "
            "What SoftIoU Energy Guidance did: how far the concepts overlapped, step by step.",
            inputs=[
                Attention.Input("attention", tooltip="From Fair Inference, Fair Diffusion or SoftIoU Energy Guidance."),
                io.Latent.Input("latent", tooltip="The latent sampled with it."),
                io.Image.Input("image", optional=True, tooltip="The decoded picture, to outline the people on."),
                Attributes.Input(
                    "attributes",
                    optional=True,
                    tooltip="From Read Attributes, of the decoded picture: says of each person whether what it was given is "
                    "what is read.",
                ),
                Attention.Input(
                    "plain_attention",
                    optional=True,
                    tooltip="From another SoftIoU Energy Guidance with the same concepts, strength 0 and measure on: its curve is drawn "
                    "beside the guided one.",
                ),
                io.Latent.Input(
                    "plain_latent",
                    optional=True,
                    tooltip="The latent sampled with plain_attention, from the same seed.",
                ),
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
    def execute(
        cls, attention, latent, image=None, attributes=None, plain_attention=None, plain_latent=None
    ) -> io.NodeOutput:
        run = run_of(attention, latent, NODE, image)
        if attributes is not None and len(attributes.images) != run.store.images:
            raise ValueError(
                f"{NODE}, attributes: read in {len(attributes.images)} pictures, but the latent holds {run.store.images}; "
                "connect Read Attributes of the whole batch, decoded"
            )
        refused = [f"a later sampling was refused: {refusal}" for refusal in attention.refused]
        plain, apart = plain_run(run, plain_attention, plain_latent)
        text = "\n".join([describe(run, attributes, pixel_size(latent, image, run.cell), plain), *apart, *refused])
        if run.energy:
            drawn = to_tensor([energy_curve(run, current(), plain)])
        else:
            canvas = (
                image
                if image is not None
                else torch.full((run.store.images, *pixel_size(latent, None, run.cell), 3), 0.25)
            )
            drawn = draw_people(canvas, run.people or [[] for _ in canvas], given)
        return io.NodeOutput(text, drawn, ui=picture_and_text(cls, drawn, text))


NODES = [FairReport]
