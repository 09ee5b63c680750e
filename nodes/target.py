"""Target Distribution: which attributes people are to have, in which shares, and how they are dealt out."""

from comfy_api.latest import io

from ..guidance.fair.assignment import ASSIGNMENTS
from ..guidance.fair.attribute_list import parse_attributes, write_attributes
from ..guidance.fair.target import PRESETS, Attribute, TargetDistribution, cross
from .types import FAIRNESS, Target, advanced, extra, schema
from .user import presets

NODE = "Target Distribution"
OWN = "own list"
THIS_RUN, ALL_RUNS = "this run", "all runs since ComfyUI started"


def lists() -> dict[str, str]:
    """Preset -> the list it stands for: the ready-made sets, then what the user has kept."""
    return {axis: write_attributes(attributes) for axis, attributes in PRESETS.items()} | {
        name: text for name, text in presets.saved().items() if name not in (*PRESETS, OWN)
    }


def chosen_attributes(preset: str, written: str) -> tuple[Attribute, ...]:
    """What counts: the preset's attributes, or those of the list. A kept preset names its own axis."""
    if preset in PRESETS:
        return PRESETS[preset]
    kept = presets.saved().get(preset)
    attributes = parse_attributes(written if kept is None else kept)
    own_axis = attributes[0].axis_values[0][0] not in PRESETS
    return parse_attributes(kept, preset) if kept is not None and own_axis else attributes


class FairTargetDistribution(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        choices = lists()
        return schema(
            node_id="FairTargetDistribution",
            display_name="Target Distribution",
            category=FAIRNESS,
            search_aliases=["attributes", "gender", "race", "ethnicity", "skin tone", "age", "shares", "diversity", "representation", "inclusive", "preset"],
            description="The attributes the people in the pictures are to be perceived with, and their shares. Cross two of "
            "them (gender with skin tone) by connecting one to the other.",
            inputs=[
                extra(io.Combo.Input(
                    "preset", options=[*PRESETS, OWN, *(name for name in choices if name not in PRESETS)], default="gender",
                    tooltip="A ready-made set with equal shares, a list you saved before, or own list: what you write below. "
                    "Start with gender.",
                ), lists=choices),
                io.String.Input("attributes", multiline=True, default="female 1\nmale 1",
                                tooltip="What counts. With a preset it shows the preset; change it, and it is your own list: one attribute a "
                                "line with its share, as in female 2 or female 50%. Longer wording after |, as in: "
                                "dark 2 | person with dark skin."),
                io.Combo.Input("assignment", options=list(ASSIGNMENTS), default=ASSIGNMENTS[0],
                               tooltip="How the shares are dealt out. running quota: all pictures of a run together come out at your shares, to about one "
                               "person (try this first). indexed quota: the same, and each picture gets what it would get alone, so that one "
                               "can be drawn again by itself. quota per image: each picture by itself, as near as whole people allow. independent "
                               "draws: by chance. running quota per group: pilots and teachers of one prompt are counted apart."),
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
                advanced(io.String.Input(
                    "save_as", default="", optional=True,
                    tooltip="A name: the list is kept under it when the graph runs, and is a preset from then on (press R to see it "
                    "in the list). Empty: nothing is kept.",
                )),
            ],
            outputs=[Target.Output(display_name="target", tooltip="For Fair Inference; for Bias-W / Bias-P, to compare with.")],
        )  # fmt: skip

    @classmethod
    def fingerprint_inputs(cls, preset, **_) -> str:
        return presets.saved().get(preset, "")

    @classmethod
    def execute(cls, preset, attributes, assignment, seed, cross_with=None, running_quota_over=THIS_RUN,
                quota_name="", save_as="") -> io.NodeOutput:  # fmt: skip
        quota = quota_name.strip() if running_quota_over == ALL_RUNS else None
        if quota is not None and assignment != ASSIGNMENTS[0]:
            raise ValueError(
                f"{NODE}, running_quota_over: {assignment} does not look at other pictures; choose the assignment "
                f"{ASSIGNMENTS[0]} to count over {ALL_RUNS}, or choose {THIS_RUN}"
            )
        try:
            chosen = chosen_attributes(preset, attributes)
            axis = chosen[0].axis_values[0][0]
            target = TargetDistribution(axis, chosen, assignment, seed, quota)
        except ValueError as error:
            raise ValueError(f"{NODE}, attributes: {error}") from None
        if save_as.strip():
            try:
                presets.save(save_as.strip(), write_attributes(chosen), [*PRESETS, OWN])
            except (ValueError, OSError) as error:
                raise ValueError(f"{NODE}, save_as: {error}") from None
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
