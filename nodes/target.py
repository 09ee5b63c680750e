"""Target Distribution: which attributes people are to have, in which shares, and how they are dealt out."""

from comfy_api.latest import io

from ..guidance.assignment import ASSIGNMENTS
from ..guidance.target import PRESETS, TargetDistribution, cross, parse_attributes
from .types import CATEGORY, Target, advanced, schema

NODE = "Target Distribution"
OWN = "own list"
THIS_RUN, ALL_RUNS = "this run", "all runs since ComfyUI started"


class FairTargetDistribution(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairTargetDistribution",
            display_name="Target Distribution",
            category=CATEGORY,
            search_aliases=["attributes", "gender", "race", "skin tone", "age", "shares", "diversity"],
            description="The attributes the people in the pictures are to be perceived with, and their shares. Cross two of "
            "them (gender with skin tone) by connecting one to the other.",
            inputs=[
                io.Combo.Input("preset", options=[*PRESETS, OWN], default="gender",
                               tooltip="A ready-made set with equal shares; own list: the attributes written below."),
                io.String.Input("attributes", multiline=True, default="female 1\nmale 1",
                                tooltip="For own list: one attribute a line with its share, as in: female 1. After | its own "
                                "prompt, as in: dark 2 | person with dark skin."),
                io.Combo.Input("assignment", options=list(ASSIGNMENTS), default=ASSIGNMENTS[0],
                               tooltip="running quota: within about one person of the shares over all pictures of a run. quota per image: as "
                               "near as whole people allow in each picture. indexed quota: running, and each picture of a batch "
                               "as if alone. independent draws: chance."),
                io.Int.Input("seed", default=0, min=0, max=2**64 - 1, control_after_generate=True, tooltip="Who gets which attribute; another seed deals the same shares anew."),
                Target.Input("cross_with", optional=True, tooltip="Another target: every pair of attributes, shares multiplied. How "
                             "they are dealt out is said here, not there."),
                advanced(io.Combo.Input(
                    "running_quota_over", options=[THIS_RUN, ALL_RUNS], default=THIS_RUN, optional=True,
                    tooltip="Over what the running quota counts. All runs: for queues of single pictures, which then meet the "
                    "shares together; who gets what then depends on the pictures before.",
                )),
                advanced(io.String.Input(
                    "quota_name", default="", optional=True,
                    tooltip="For all runs: targets of the same attributes, shares and name are counted together. Another name "
                    "starts a new count.",
                )),
            ],
            outputs=[Target.Output(display_name="target", tooltip="For Fair Inference; for Bias-W / Bias-P, to compare with.")],
        )  # fmt: skip

    @classmethod
    def execute(cls, preset, attributes, assignment, seed, cross_with=None, running_quota_over=THIS_RUN,
                quota_name="") -> io.NodeOutput:  # fmt: skip
        quota = quota_name.strip() if running_quota_over == ALL_RUNS else None
        if quota is not None and assignment != ASSIGNMENTS[0]:
            raise ValueError(
                f"{NODE}, running_quota_over: {assignment} does not look at other pictures; choose the assignment "
                f"{ASSIGNMENTS[0]} to count over {ALL_RUNS}, or choose {THIS_RUN}"
            )
        try:
            chosen = PRESETS[preset] if preset in PRESETS else parse_attributes(attributes)
            axis = chosen[0].axis_values[0][0]
            target = TargetDistribution(axis, chosen, assignment, seed, quota)
        except ValueError as error:
            raise ValueError(f"{NODE}, attributes: {error}") from None
        if cross_with is None:
            return io.NodeOutput(target)
        if cross_with.quota is not None and quota is None:
            raise ValueError(
                f"{NODE}, running_quota_over: the target in cross_with counts over {ALL_RUNS}, this one over {THIS_RUN}, "
                "and it is this one that deals out; choose the same in both"
            )
        try:
            return io.NodeOutput(cross(target, cross_with))
        except ValueError as error:
            raise ValueError(f"{NODE}, cross_with: {error}") from None


NODES = [FairTargetDistribution]
