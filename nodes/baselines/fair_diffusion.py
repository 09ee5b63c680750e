"""Fair Diffusion (SEGA): every picture as a whole is moved towards one attribute of the target and away from the others."""

from dataclasses import replace

import torch
from comfy.utils import common_upscale
from comfy_api.latest import io

from ...attention.records import UNCONDITIONAL, Watch
from ...guidance.baselines.sega import README, SCRIPT, Concept, Sega, in_words, is_off
from ...guidance.fair.plan import NONE, FairPlan
from ...guidance.fair.whom import whom
from ...guidance.run_record import Recording
from ...guidance.schedule import check_window
from ..fair.steer import steer
from ..sampling.clip_text import encode
from ..sampling.conditionings import conditionings, require_width
from ..sampling.observe import open_run, require_cross_attention
from ..sampling.session import Session
from ..types import BASELINES, Attention, Target, advanced, schema
from .fair_diffusion_run import OWN_NEGATIVE, FairDiffusionRun

NODE = "Fair Diffusion (SEGA)"
KEY = "fair_attention.fair_diffusion"
AS_SET = "as set"
PUBLISHED = {"published: README": README, "published: the paper's script": SCRIPT}
SAME = -1.0  # of an input for what is decreased: as for what is increased


class FairDiffusion(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        def other(name: str, most: float, what: str) -> io.Input:
            return advanced(io.Float.Input(
                name, default=SAME, min=SAME, max=most, step=0.05, optional=True,
                tooltip=f"{what}, for the attributes a picture is moved away from. -1: as for the one it is moved towards.",
            ))  # fmt: skip

        return schema(
            node_id="FairDiffusion",
            display_name=NODE,
            category=BASELINES,
            search_aliases=["SEGA", "semantic guidance", "fairness", "debias", "baseline", "gender", "race", "diversity"],
            description="The published baseline: each picture as a whole is moved towards one attribute of the target "
            "and away from the others (Friedrich et al. 2023, by SEGA). All people of a picture become alike.",
            inputs=[
                io.Model.Input("model", tooltip="Any model with a Stable Diffusion 1.x, 2.x or SDXL U-Net."),
                io.Clip.Input("clip", tooltip="The CLIP the sampled prompt is encoded with."),
                Target.Input("target", tooltip="From Target Distribution: which attributes, in which shares. Each picture gets one; the published "
                             "pair is the preset gender."),
                io.Combo.Input("settings", options=[AS_SET, *PUBLISHED], default=AS_SET,
                               tooltip="as set: what the inputs below say; as they come they are those of Fair Diffusion's README. published: "
                               "exactly those, whatever stands below; the paper's script warms up for 5 of 50 steps, with momentum .5."),
                io.Float.Input("scale", default=4.0, min=0.0, max=50.0, step=0.1,
                               tooltip="How hard a picture is moved. Too low: it stays as the model draws it. Too high: colours burn. 0: exactly "
                               "the plain picture."),
                io.Float.Input("start_percent", default=0.2, min=0.0, max=1.0, step=0.01,
                               tooltip="Warm-up: up to this share of the sampling nothing is moved. 0.2 is 10 of 50 steps."),
                io.Float.Input("end_percent", default=1.0, min=0.0, max=1.0, step=0.01,
                               tooltip="Cool-down: from this share of the sampling on nothing is moved any more, but for what momentum "
                               "carries on. 1: to the end, as published."),
                advanced(io.Float.Input("threshold", default=0.95, min=0.0, max=0.99, step=0.01, optional=True,
                                        tooltip="Leave out this share of each change, the weakest first. 0: nothing is left out.")),
                advanced(io.Float.Input("momentum", default=0.3, min=0.0, max=1.0, step=0.05, optional=True,
                                        tooltip="How much of what earlier steps did is carried on. It gathers during warm-up, which therefore "
                                        "costs as much as the steps after it; 0: nothing, and warm-up costs nothing.")),
                advanced(io.Float.Input("momentum_beta", default=0.6, min=0.0, max=0.99, step=0.05, optional=True,
                                        tooltip="How long earlier steps are remembered. 0.6: about the last three; 0.9: about the last ten.")),
                advanced(io.Float.Input("weight", default=1.0, min=0.0, max=10.0, step=0.05, optional=True,
                                        tooltip="What the change towards the attribute counts in the sum.")),
                other("scale_away", 50.0, "The scale"),
                other("start_percent_away", 1.0, "The warm-up"),
                other("end_percent_away", 1.0, "The cool-down"),
                other("threshold_away", 0.99, "The threshold"),
                other("weight_away", 10.0, "The weight, shared among them"),
            ],
            outputs=[
                io.Model.Output(display_name="model", tooltip="Sample with this one."),
                Attention.Output(display_name="attention", tooltip="What each picture got, for Fair Report."),
            ],
        )  # fmt: skip

    @classmethod
    def execute(cls, model, clip, target, settings=AS_SET, scale=4.0, start_percent=0.2, end_percent=1.0, threshold=0.95, momentum=0.3,
                momentum_beta=0.6, weight=1.0, scale_away=SAME, start_percent_away=SAME, end_percent_away=SAME,
                threshold_away=SAME, weight_away=SAME) -> io.NodeOutput:  # fmt: skip
        require_cross_attention(model, NODE)
        towards = Concept(scale, threshold, weight, start_percent, end_percent)
        given = {"scale": scale_away, "threshold": threshold_away, "weight": weight_away,
                 "start": start_percent_away, "end": end_percent_away}  # fmt: skip
        away = replace(towards, **{name: value for name, value in given.items() if value != SAME})
        sega = PUBLISHED.get(settings) or Sega(towards, away, momentum, momentum_beta)
        for concept in (sega.towards, sega.away):
            check_window(concept.start, concept.end, NODE)
        texts = {(0, k): attribute.prompt for k, attribute in enumerate(target.attributes)} | {OWN_NEGATIVE: ""}
        prompts = {key: encode(clip, text)[0] for key, text in texts.items()}
        for conditioning in prompts.values():
            require_width(model, conditioning[0][0], NODE)
        plan = plan_of(target, sega, prompts)
        capture = Recording(Watch((), blocks=frozenset()))
        return io.NodeOutput(install(model.clone(), plan, sega, capture), capture)


def plan_of(target, sega: Sega, prompts: dict) -> FairPlan:
    """As a Fair Inference of whole pictures: what the run, the report and the quota go by."""
    start = min(sega.towards.start, sega.away.start)
    end = max(sega.towards.end, sega.away.end)
    return FairPlan(
        target,
        target.attributes,
        (),
        prompts,
        False,
        sega.towards.scale,
        start,
        end,
        1,
        0.0,
        sega.momentum,
        sega.beta,
        NONE,
    )


def install(model, plan: FairPlan, sega: Sega, capture: Recording):
    """Patch the model clone. Nothing is predicted beside the sampler's own where nothing is moved."""
    off = is_off(sega, len(plan.target.attributes))
    everywhere = torch.ones(1, 8, 8)

    def start(guider, latent, noise, seed) -> Session:
        observer = open_run(capture.watch, guider, latent, NODE)
        own = plan
        if conditionings(guider, UNCONDITIONAL):
            own = replace(plan, prompts={key: c for key, c in plan.prompts.items() if key != OWN_NEGATIVE})
        picture = None if off else whom(own, None, everywhere, capture, None, latent, NODE, common_upscale)
        capture.begin(observer.run)
        observer.run.settings, observer.run.whole = in_words(sega), True
        if off:
            observer.run.why_plain = "scale is 0, so no picture is moved"
            return observer
        observer.quiet = True
        return FairDiffusionRun(sega, own, picture, seed, guider, observer)

    return steer(model, f"{KEY}.{id(capture)}", start, NODE, capture, needs_negative=not off)


NODES = [FairDiffusion]
