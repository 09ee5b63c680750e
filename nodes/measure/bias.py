"""Bias-W and Bias-P of pictures, with their definitions, intervals, floors, chance values and the faces they rest on."""

from comfy_api.latest import io

from ...metrics.axes import measure_axis
from ...metrics.records import measurement_json, people_csv
from ...metrics.statistics_report import format_measurement
from ...pictures.bias_chart import measurement_chart
from ...pictures.drawing import to_tensor
from ..types import MEASURE, Attributes, Target, picture_and_text, schema
from ..user.theme import current

NODE = "Bias-W / Bias-P"


class FairBiasMetrics(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairBiasMetrics",
            display_name="Bias-W / Bias-P",
            category=MEASURE,
            search_aliases=["bias", "fairness", "metric", "measure", "diversity", "representation", "stereotype", "confidence interval"],
            description="How unequal the attributes are over all people of the batch (Bias-W) and inside each picture "
            "(Bias-P), as the mean difference of shares. 0: equal. Each number comes with its interval, what a fair model "
            "would show by chance, and the floor its face counts allow.",
            inputs=[
                Attributes.Input("attributes", tooltip="From Read Attributes, or several runs from Pool Attributes."),
                io.String.Input("axis", default="gender", tooltip="What to compare: gender, skin tone, occupation; crossed: gender x skin tone."),
                Target.Input("target", optional=True, tooltip="Measure the distance to this distribution too."),
            ],
            outputs=[
                io.Float.Output(display_name="Bias-W", tooltip="How unequally often the classes occur among all people of all pictures; of several prompts the mean. 0: equally often. 1 (of two classes): everybody is alike."),
                io.Float.Output(display_name="Bias-P", tooltip="The same inside each picture, and the mean of that over the pictures. 0: each picture is evenly mixed."),
                io.Float.Output(display_name="Bias-P floor", tooltip="The least Bias-P that is possible here: three people cannot be half and half. Hold Bias-P beside this, not beside 0."),
                io.String.Output(display_name="report", tooltip="All numbers in words."),
                io.Image.Output(display_name="chart", tooltip="Each class's share with its interval, beside the share asked for; Bias-W beside floor and chance."),
                io.String.Output(display_name="people (CSV)", tooltip="One row a person, for pandas or a spreadsheet. Connect Save Text."),
                io.String.Output(display_name="numbers (JSON)", tooltip="All numbers with their formulas. Connect Save Text."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, attributes, axis="gender", target=None) -> io.NodeOutput:
        found = measure_axis(attributes, axis, NODE, target)
        text, drawn = format_measurement(found), to_tensor([measurement_chart(found, current())])
        shown = picture_and_text(cls, drawn, text)
        return io.NodeOutput(
            found.bias_w.value, found.bias_p.value, found.floor_p, text, drawn, people_csv(attributes),
            measurement_json(found, attributes.reader), ui=shown,
        )  # fmt: skip


NODES = [FairBiasMetrics]
