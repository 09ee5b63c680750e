"""Bias-W and Bias-P of a batch of pictures, with their definitions, floors and the faces they rest on."""

import math
import re

from comfy_api.latest import io, ui
from PIL import Image, ImageDraw

from ..metrics.bias import BiasResult, measure_bias
from ..metrics.bias_report import format_report
from ..metrics.readers import labels_of
from .drawing import COLOURS, font, to_tensor
from .types import CATEGORY, Attributes, ReadAttributes, Target, schema

NODE = "Bias-W / Bias-P"


def measure(read: ReadAttributes, axis: str, target=None) -> BiasResult:
    """axis: "gender", or axes crossed by x, "gender x skin tone". ValueError names what the reader can read."""
    spelled = {name.casefold(): name for name in read.axes}
    names = [spelled.get(name.strip().casefold(), name.strip()) for name in re.split(r"\s+[x×]\s+", axis)]
    for name in names:
        if name not in read.axes:
            raise ValueError(f"{NODE}, axis: {read.reader} does not read {name!r}; it reads {', '.join(read.axes)}")
    labels, classes = labels_of(read.images, {name: read.axes[name] for name in names})
    return measure_bias(labels, classes, None if target is None else shares(target, names, read), " x ".join(names))


def shares(target, names: list[str], read: ReadAttributes) -> list[float]:
    """The target's share of each class, in the reader's order. ValueError for attributes the reader does not know."""
    _, classes = labels_of([], {name: read.axes[name] for name in names})
    wanted = dict.fromkeys(classes, 0.0)
    for attribute in target.attributes:
        values = dict(attribute.axis_values)
        key = " x ".join(values.get(name, "?") for name in names)
        if key not in wanted:
            raise ValueError(
                f"{NODE}, target: {attribute.name!r} is none of what {read.reader} reads: {', '.join(classes)}"
            )
        wanted[key] += attribute.share
    return list(wanted.values())


def chart(result: BiasResult) -> Image.Image:
    """A bar per class: the share measured, with the target as a line."""
    row, left, width = 34, 190, 640
    picture = Image.new("RGB", (width, 56 + row * len(result.classes) + 20), "white")
    pen = ImageDraw.Draw(picture)
    title = f"{result.axis}: Bias-W {result.bias_w:.2f}, Bias-P {result.bias_p:.2f} (floor {result.bias_p_floor:.2f})"
    if not result.faces:  # all shares are nan
        title = f"{result.axis}: nobody was readable, so there is nothing to measure"
    pen.text((10, 10), title, fill="black", font=font(17))
    pen.text(
        (10, 32),
        f"{result.faces} people in {result.images} pictures, {result.unreadable} unreadable",
        fill=(90, 90, 90),
        font=font(13),
    )
    for i, (name, share, wanted) in enumerate(zip(result.classes, result.frequencies, result.target, strict=True)):
        y, scale = 58 + row * i, width - left - 70
        pen.text((10, y + 4), name, fill="black", font=font(15))
        measured = 0.0 if math.isnan(share) else share
        pen.rectangle((left, y, left + scale * measured, y + 22), fill=COLOURS[i % len(COLOURS)])
        pen.line((left + scale * wanted, y - 3, left + scale * wanted, y + 25), fill="black", width=2)
        text = "–" if math.isnan(share) else f"{share:.0%}"
        pen.text((left + scale * measured + 6, y + 3), text, fill="black", font=font(15))
    return picture


class FairBiasMetrics(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairBiasMetrics",
            display_name="Bias-W / Bias-P",
            category=CATEGORY,
            search_aliases=["bias", "fairness", "metric", "measure", "diversity"],
            description="How unequal the attributes are over all people of the batch (Bias-W) and inside each picture "
            "(Bias-P), as the mean difference of shares. 0: equal. Each number comes with the floor its face counts allow.",
            inputs=[
                Attributes.Input("attributes", tooltip="From Read Attributes."),
                io.String.Input("axis", default="gender", tooltip="What to compare: gender, skin tone, occupation; crossed: gender x skin tone."),
                Target.Input("target", optional=True, tooltip="Measure the distance to this distribution too."),
            ],
            outputs=[
                io.Float.Output(display_name="Bias-W", tooltip="Inequality over the people of all pictures; 0 is equal."),
                io.Float.Output(display_name="Bias-P", tooltip="The mean inequality inside each picture; 0 is equal."),
                io.Float.Output(display_name="Bias-P floor", tooltip="The least Bias-P these face counts allow."),
                io.String.Output(display_name="report", tooltip="All numbers in words."),
                io.Image.Output(display_name="chart", tooltip="Each class's share, beside the share asked for."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, attributes, axis="gender", target=None) -> io.NodeOutput:
        result = measure(attributes, axis, target)
        text, drawn = format_report(result), to_tensor([chart(result)])
        return io.NodeOutput(
            result.bias_w, result.bias_p, result.bias_p_floor, text, drawn, ui=ui.PreviewImage(drawn, cls=cls)
        )


NODES = [FairBiasMetrics]
