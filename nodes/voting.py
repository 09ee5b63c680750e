"""Block Voting (LAG): the rule by which the U-Net's blocks agree on where the people are."""

from comfy_api.latest import io

from ..attention.records import RegionFinder
from ..attention.regions import VotingRule
from ..attention.trace import Block
from ..attention.voting import RHO, TAU, UNIFORM
from .types import PEOPLE, Regions, Tokens, advanced, schema

NODE = "Block Voting"
BY_RESOLUTION, EMOJI, CUSTOM = "by resolution (SD)", "emoji world (calibrated)", "custom"


def parse_weights(text: str) -> dict[Block, float]:
    """ "output.3 1, output.4 0.5" -> weights; ValueError that names the entry."""
    weights = {}
    for entry in (e.strip() for e in text.replace("\n", ",").split(",")):
        if not entry:
            continue
        name, _, number = entry.replace("=", " ").replace(":", " ").partition(" ")
        try:
            block, weight = Block.parse(name), float(number or 1)
        except ValueError as error:
            raise ValueError(f"{NODE}, custom_weights, {entry!r}: {error}") from None
        if not 0 <= weight < float("inf"):
            raise ValueError(f"{NODE}, custom_weights, {entry!r}: a weight is a number of 0 or more")
        weights[block] = weight
    if not any(weights.values()):
        raise ValueError(
            f"{NODE}, custom_weights: {text!r} gives no block a weight; write, say, output.3 1, output.4 0.5"
        )
    return weights


class FairBlockVoting(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairBlockVoting",
            display_name="Block Voting",
            category=PEOPLE,
            search_aliases=["mask from attention", "threshold", "regions", "people", "person"],
            description="How the cross-attention blocks vote on where the people are: each block's map is cut at tau, "
            "the weighted share of votes must reach rho. Feed it to Locate Regions or Fair Inference.",
            inputs=[
                Tokens.Input("tokens", tooltip="From Linguistic Alignment."),
                io.Combo.Input("weights", options=[BY_RESOLUTION, UNIFORM, EMOJI, CUSTOM], default=BY_RESOLUTION,
                               tooltip="Whose vote counts how much. The model looks with many blocks, some sharper than others. Try this first: by "
                               "resolution for every Stable Diffusion, emoji world for the model of this pack. uniform: all alike. custom: "
                               "what custom_weights says."),
                io.Float.Input("tau", default=TAU, min=0.05, max=0.95, step=0.05,
                               tooltip="How strongly one block must look at a place to vote for it; its strongest place is 1. Try 0.4 first. Too low: the "
                               "outline takes in what stands beside the person. Too high: only a part of the person is left, or nobody."),
                io.Float.Input("rho", default=RHO, min=0.05, max=1.0, step=0.05,
                               tooltip="How many of the votes a place needs, as a share: 0.5 is the majority. Try 0.5 first. Too low: islands far from the "
                               "person. Too high: holes in the person, or nobody."),
                io.Combo.Input("individuals", options=["separate", "one region"], default="separate",
                               tooltip="separate: each person its own mask, so each can get its own attribute. one region: all people of a group together, "
                               "who then get the same."),
                advanced(io.Boolean.Input(
                    "use_count", default=True, optional=True,
                    tooltip="Take the number in the prompt (three doctors) as a hint when people touch.",
                )),
                advanced(io.Combo.Input(
                    "method", options=["vote", "mean (DAAM)"], default="vote", optional=True,
                    tooltip="How the blocks agree. vote: each says yes or no (try this first). mean: their maps are averaged, then cut at tau, as DAAM does.",
                )),
                advanced(io.Boolean.Input(
                    "align", default=True, optional=True,
                    tooltip="Find people by all words that denote them (faces and doctors). Off: by the noun alone.",
                )),
                advanced(io.String.Input(
                    "custom_weights", default="", optional=True,
                    tooltip="For weights = custom: block and weight, as in: output.3 1, output.4 0.5, input.7 1",
                )),
            ],
            outputs=[Regions.Output(display_name="regions", tooltip="For Fair Inference, Locate Regions and Cross-Attention Heatmaps.")],
        )  # fmt: skip

    @classmethod
    def execute(cls, tokens, weights=BY_RESOLUTION, tau=TAU, rho=RHO, individuals="separate", use_count=True,
                method="vote", align=True, custom_weights="") -> io.NodeOutput:  # fmt: skip
        chosen = {
            BY_RESOLUTION: lambda: None,
            UNIFORM: lambda: UNIFORM,
            EMOJI: emoji_weights,
            CUSTOM: lambda: parse_weights(custom_weights),
        }
        rule = VotingRule(chosen[weights](), tau, rho, align=align, vote=method == "vote",
                          split=individuals == "separate", use_count=use_count)  # fmt: skip
        return io.NodeOutput(RegionFinder(tokens, rule))


def emoji_weights() -> dict[Block, float]:
    from ..emoji_world.calibration import BLOCK_WEIGHTS

    return {Block.parse(name): weight for name, weight in BLOCK_WEIGHTS.items()}


NODES = [FairBlockVoting]
