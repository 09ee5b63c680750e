"""Pool Attributes: a list of runs becomes one measurement."""

from comfy_api.latest import io

from ...metrics.pooling import pool
from ..types import MEASURE, Attributes, schema

NODE = "Pool Attributes"


class FairPoolAttributes(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairPoolAttributes",
            display_name="Pool Attributes",
            category=MEASURE,
            search_aliases=["merge", "collect", "list of runs", "several prompts", "combine"],
            description="Several runs as one measurement. Runs of the same prompt belong together; with several prompts Bias-W "
            "is the mean over prompts, and each prompt has a row of its own.",
            inputs=[
                Attributes.Input("attributes", tooltip="From Read Attributes: a list, or one run after another through Create List."),
                io.String.Input("prompt", optional=True, force_input=True, tooltip="The prompt of each run, as a list in the same order, or one for all. Not connected: all runs count as one prompt."),
                io.Int.Input("seed", default=0, min=0, max=0xFFFFFFFFFFFFFFFF, optional=True, force_input=True, tooltip="The seed of each run, as a list in the same order, or one for all: Compare Bias pairs pictures by it."),
            ],
            outputs=[Attributes.Output(display_name="attributes", tooltip="All runs together, for Bias-W / Bias-P or Compare Bias.")],
            is_input_list=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, attributes, prompt=None, seed=None) -> io.NodeOutput:
        try:
            return io.NodeOutput(pool(attributes, prompt or [], seed or []))
        except ValueError as error:
            raise ValueError(f"{NODE}, {error}") from error


NODES = [FairPoolAttributes]
