"""Unedited Latent: the plain picture of the same seed, where Fair Inference has sampled it anyway."""

from comfy_api.latest import io

from ..guidance.find_run import run_of
from .types import FAIRNESS, Attention, schema

NODE = "Unedited Latent"


class FairUneditedLatent(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairUneditedLatent",
            display_name="Unedited Latent",
            category=FAIRNESS,
            search_aliases=["before", "before and after", "original", "compare", "reference", "plain"],
            description="The latent the same seed gives without Fair Inference, bit for bit, to decode and compare. Fair "
            "Inference with preservation blended has sampled it beside the edited one: nothing is sampled again.",
            inputs=[
                Attention.Input("attention", tooltip="From Fair Inference, its preservation set to blended."),
                io.Latent.Input("latent", tooltip="The latent sampled with it."),
            ],
            outputs=[io.Latent.Output(display_name="unedited", tooltip="The same batch without Fair Inference.")],
        )

    @classmethod
    def execute(cls, attention, latent) -> io.NodeOutput:
        run = run_of(attention, latent, NODE)
        if run.plain is not None:
            return io.NodeOutput({**latent, "samples": run.plain.to(latent["samples"])})
        if run.energy or any(p.attribute is not None for people in run.people for p in people):
            raise ValueError(
                f"{NODE}, attention: the unedited picture was not sampled with this one. Set the preservation of Fair "
                "Inference to blended."
            )
        return io.NodeOutput(latent)  # nothing was changed: it is the plain one


NODES = [FairUneditedLatent]
