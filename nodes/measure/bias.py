"""Bias-W and Bias-P of a batch of pictures, with their definitions, floors and the faces they rest on."""

import re

from comfy_api.latest import io, ui

from ...metrics.bias import BiasResult, measure_bias
from ...metrics.bias_report import format_report
from ...metrics.readers import ReadAttributes, labels_of
from ...pictures.bias_chart import chart
from ...pictures.drawing import to_tensor
from ..types import MEASURE, Attributes, Target, schema
from ..user.theme import current

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


class FairBiasMetrics(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairBiasMetrics",
            display_name="Bias-W / Bias-P",
            category=MEASURE,
            search_aliases=["bias", "fairness", "metric", "measure", "diversity", "representation", "stereotype"],
            description="How unequal the attributes are over all people of the batch (Bias-W) and inside each picture "
            "(Bias-P), as the mean difference of shares. 0: equal. Each number comes with the floor its face counts allow.",
            inputs=[
                Attributes.Input("attributes", tooltip="From Read Attributes."),
                io.String.Input("axis", default="gender", tooltip="What to compare: gender, skin tone, occupation; crossed: gender x skin tone."),
                Target.Input("target", optional=True, tooltip="Measure the distance to this distribution too."),
            ],
            outputs=[
                io.Float.Output(display_name="Bias-W", tooltip="How unequally often the classes occur among all people of all pictures. 0: equally often. 1 (of two classes): everybody is alike."),
                io.Float.Output(display_name="Bias-P", tooltip="The same inside each picture, and the mean of that over the pictures. 0: each picture is evenly mixed."),
                io.Float.Output(display_name="Bias-P floor", tooltip="The least Bias-P that is possible here: three people cannot be half and half. Hold Bias-P beside this, not beside 0."),
                io.String.Output(display_name="report", tooltip="All numbers in words."),
                io.Image.Output(display_name="chart", tooltip="Each class's share, beside the share asked for."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, attributes, axis="gender", target=None) -> io.NodeOutput:
        result = measure(attributes, axis, target)
        text, drawn = format_report(result), to_tensor([chart(result, current())])
        shown = {**ui.PreviewImage(drawn, cls=cls).as_dict(), "text": (text,)}
        return io.NodeOutput(result.bias_w, result.bias_p, result.bias_p_floor, text, drawn, ui=shown)


NODES = [FairBiasMetrics]
