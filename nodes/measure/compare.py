"""Compare Bias: before and after on the same seeds, what changed, with the interval of the difference."""

from comfy_api.latest import io

from ...metrics.axes import named_axes
from ...metrics.comparison_report import compared, format_comparison
from ...metrics.pooling import pairs
from ...pictures.bias_chart import comparison_chart
from ...pictures.drawing import to_tensor
from ..types import MEASURE, Attributes, picture_and_text, schema
from ..user.theme import current

NODE = "Compare Bias"


class FairCompareBias(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairCompareBias",
            display_name="Compare Bias",
            category=MEASURE,
            search_aliases=["before after", "difference", "significance", "paired", "improvement"],
            description="Whether a method changed the bias: both on the same prompts and seeds, picture by picture in pairs. Says "
            "by how much, where the difference lies in 95 % of studies, and whether it may be chance.",
            inputs=[
                Attributes.Input("before", tooltip="From Read Attributes or Pool Attributes: the plain pictures."),
                Attributes.Input("after", tooltip="The pictures of the same prompts and seeds, in the same order, read by the same reader."),
                io.String.Input("axis", default="gender", tooltip="What to compare: gender, skin tone, occupation; crossed: gender x skin tone."),
            ],
            outputs=[
                io.Float.Output(display_name="difference", tooltip="Bias-W after less Bias-W before. Below 0: fairer."),
                io.Float.Output(display_name="low", tooltip="Where the difference lies at least, in 95 % of studies."),
                io.Float.Output(display_name="high", tooltip="Where it lies at most. Below 0: fairer, and not by chance."),
                io.String.Output(display_name="report", tooltip="What changed, in words."),
                io.Image.Output(display_name="chart", tooltip="Each class's share before and after, and Bias-W of both."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, before, after, axis="gender") -> io.NodeOutput:
        names = named_axes(before, axis, NODE)
        try:
            found = compared(before, after, names, *pairs(before, after))
        except ValueError as error:
            raise ValueError(f"{NODE}, after: {error}") from error
        text, drawn = format_comparison(found), to_tensor([comparison_chart(found, current())])
        shown = picture_and_text(cls, drawn, text)
        d = found.difference
        return io.NodeOutput(d.value, d.low, d.high, text, drawn, ui=shown)


NODES = [FairCompareBias]
