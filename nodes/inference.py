"""Fair Inference (LAG): each person in the picture gets an attribute of the target distribution."""

from comfy.utils import common_upscale
from comfy_api.latest import io

from ..attention.records import Watch, check_blocks, warm_up_watch
from ..attention.watching import readable_blocks
from ..guidance.fair.edits import parse_edits
from ..guidance.fair.outcome import settings, why_off
from ..guidance.fair.people import as_masks, check_mask_size, check_masks, larger_than, named_people, separate_parts
from ..guidance.fair.plan import (
    AUTO,
    BLENDED,
    BY_NEED,
    IN_FULL,
    NONE,
    SOFT,
    FairPlan,
    attribute_prompts,
    columns_of,
    held_axes,
    held_columns,
)
from ..guidance.fair.whom import whom
from ..guidance.run_record import Recording
from ..guidance.schedule import check_window
from .fair.blended_run import BlendedRun
from .fair.run import FairRun
from .fair.steer import steer
from .sampling.clip_text import check_clip, encode
from .sampling.conditionings import conditionings, require_same_texts, require_width
from .sampling.observe import open_run, require_maps
from .sampling.picture_models import cell_of, distilled_guidance, require_one_frame, require_pictures
from .sampling.session import Session
from .types import FAIRNESS, Attention, Regions, Target, advanced, edits_input, schema

NODE = "Fair Inference"
KEY = "fair_attention.inference"
ONE, PARTS = "one person", "one person for each separate part"
IN_CONTEXT, ALONE = "the prompt with the attribute inserted", "the attribute alone"


class FairInference(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairInference",
            display_name="Fair Inference",
            category=FAIRNESS,
            search_aliases=["fairness", "debias", "diversity", "inclusive", "representation", "stereotype", "ethnicity", "gender", "race", "skin tone", "age", "person"],
            description="Gives every person the prompt names an attribute of the target distribution, inside that person's "
            "own region. The people are found during the first steps of the same sampling, or come as masks.",
            inputs=[
                io.Model.Input("model", tooltip="With masks: any image model. Without: one with a Stable Diffusion 1.x, 2.x or SDXL U-Net, or Flux, "
                               "Chroma, Qwen-Image, SD 3, Lumina 2, Z-Image, PixArt."),
                io.Clip.Input("clip", tooltip="The CLIP the sampled prompt is encoded with."),
                Target.Input("target", tooltip="From Target Distribution: which attributes, in which shares."),
                Regions.Input("regions", optional=True, tooltip="From Block Voting: finds the people while sampling."),
                io.Mask.Input("masks", optional=True,
                              tooltip="One mask per person, from any node, instead of finding them. Used for every image of the batch."),
                io.Float.Input("strength", default=7.0, min=0.0, max=30.0, step=0.1,
                               tooltip="How hard each person is steered, measured like cfg. Try 7 first. Too low: people stay as the model draws them. Too high: "
                               "clothes and occupations change too, colours burn. 0: exactly the plain picture. Flux dev has its guidance of 3.5 in every "
                               "prediction: try 2 there."),
                io.Float.Input("start_percent", default=0.4, min=0.0, max=1.0, step=0.01,
                               tooltip="Warm-up: up to this share of the sampling the picture is the plain one and the people are located. "
                               "Earlier: stronger, and less of the plain picture is kept."),
                io.Float.Input("end_percent", default=0.9, min=0.0, max=1.0, step=0.01,
                               tooltip="Steer up to this share of the sampling. 1: many uneven shares are met a little more closely, and a few "
                               "occupations more are lost."),
                advanced(io.Combo.Input(
                    "steer_by", options=[IN_CONTEXT, ALONE], default=IN_CONTEXT, optional=True,
                    tooltip="How the model is told the attribute. Inserted: your own prompt with the word put in, three female doctors; it keeps the "
                    "scene (try this first). Alone: just female person, which knows nothing of your scene. With masks and no regions it "
                    "is always the attribute alone.",
                )),
                advanced(io.Int.Input(
                    "every", default=2, min=1, max=10, optional=True,
                    tooltip="How often it is computed where each person is pushed to. 2: at every second step, and the same push again in between, "
                    "which costs half (try this first); steered by need, a run of more than 20 steps computes it no more often than one of 20. "
                    "1: at every step. Higher: cheaper, and coarser.",
                )),
                advanced(io.Float.Input(
                    "quantile", default=0.0, min=0.0, max=0.99, step=0.01, optional=True,
                    tooltip="Leave out the weakest part of each change. 0: nothing is left out (try this first). 0.9: only the strongest tenth "
                    "steers, so less of the person changes. Too high: the attribute does not arrive.",
                )),
                advanced(io.Float.Input(
                    "momentum", default=0.0, min=0.0, max=1.0, step=0.05, optional=True,
                    tooltip="Carry on a part of what earlier steps did (SEGA). 0: nothing (try this first). Too high: the change overshoots, colours burn.",
                )),
                advanced(io.Float.Input(
                    "momentum_beta", default=0.6, min=0.0, max=0.99, step=0.05, optional=True,
                    tooltip="Only with momentum: how long earlier steps are remembered. 0.6: about the last three; 0.9: about the last ten.",
                )),
                io.Combo.Input(
                    "preservation", options=[NONE, SOFT, BLENDED], default=SOFT, optional=True,
                    tooltip="What keeps the rest of the picture. soft: people are steered inside their masks. blended: outside "
                    "the people it is the unedited picture exactly, which Unedited Latent gives too; the steps after "
                    "warm-up are computed twice. none: the whole picture is steered.",
                ),
                io.Combo.Input(
                    "steering", options=[BY_NEED, IN_FULL], default=BY_NEED, optional=True,
                    tooltip="by need: a person is pushed as far as the attribute is missing, and left alone where it is there "
                    "already; a quota's attributes go to those of a picture whom they change least. in full: everybody at "
                    "full strength at every step, as before version 0.2.",
                ),
                advanced(io.String.Input(
                    "hold", default=AUTO, optional=True,
                    tooltip="What people are to keep while something else is steered by need. auto: skin tone while gender is, "
                    "gender while skin tone or race is, else nothing. Or names of ready-made sets, as in: skin "
                    "tone, age. Empty: nothing. Each value costs a few predictions a run.",
                )),
                Attention.Input(
                    "people_of", optional=True,
                    tooltip="For a second pass over a picture that was decoded and encoded again: the attention output of the Fair "
                    "Inference it was first sampled with. Its people keep their attributes.",
                ),
                advanced(io.Combo.Input(
                    "each_mask", options=[ONE, PARTS], default=ONE, optional=True,
                    tooltip="For masks painted over several people at once: every separate part of a mask is a person.",
                )),
                edits_input(),
            ],
            outputs=[
                io.Model.Output(display_name="model", tooltip="Sample with this one."),
                Attention.Output(display_name="attention", tooltip="What it saw and did, for Fair Report and Locate Regions."),
            ],
        )  # fmt: skip

    @classmethod
    def execute(cls, model, clip, target, regions=None, masks=None, strength=7.0, start_percent=0.4, end_percent=0.9,
                steer_by=IN_CONTEXT, every=2, quantile=0.0, momentum=0.0, momentum_beta=0.6,
                preservation=SOFT, steering=BY_NEED, hold=AUTO, people_of=None, each_mask=ONE, edits="") -> io.NodeOutput:  # fmt: skip
        require_pictures(model, NODE)
        blocks = list(readable_blocks(model.model.diffusion_model))
        if masks is None:
            require_maps(model, NODE, "Or connect masks.")
        check_window(start_percent, end_percent, NODE)
        if regions is None and masks is None:
            raise ValueError(f"{NODE}: connect regions (from Block Voting) or masks, to say who is to change")
        if masks is None and start_percent == 0:
            raise ValueError(
                f"{NODE}, start_percent: it is 0, so no step is left before it in which to find the people; set it above 0 "
                "(0.2, say), or connect masks"
            )
        if masks is not None:
            masks = as_masks(masks, NODE)
            masks = separate_parts(masks) if each_mask == PARTS else masks
            check_masks(masks, regions, NODE)
        if regions is not None:
            if blocks:
                check_blocks(regions, blocks, NODE, "this model")
            check_clip(clip, regions.aligned, NODE)
        in_context = steer_by == IN_CONTEXT and regions is not None
        steer, axes = columns_of(target, steering == BY_NEED)
        kept, held = held_columns(target, held_axes(hold, target, bool(axes), regions, NODE), len(steer))
        columns = (*steer, *kept)
        texts = attribute_prompts(regions, target, columns, in_context)
        prompts = {key: encode(clip, text)[0] for key, text in texts.items()}
        for conditioning in prompts.values():
            require_width(model, conditioning[0][0], NODE)
        plan = FairPlan(
            target, columns, axes, prompts, in_context, strength, start_percent, end_percent, every, quantile, momentum, momentum_beta,
            preservation, parse_edits(edits, NODE), held,
        )  # fmt: skip
        watch = warm_up_watch(regions, start_percent, recorded=bool(blocks))
        capture = Recording(watch)
        return io.NodeOutput(install(model.clone(), plan, watch, regions, masks, capture, people_of), capture)


def install(
    model, plan: FairPlan, watch: Watch, regions, masks, capture: Recording, people_of: Recording | None = None
):
    """Patch the model clone: the run's session, the attribute prompts before each call, the guidance after CFG."""

    def start(guider, latent, noise, seed) -> Session:
        require_one_frame(latent, guider.model_patcher, NODE)
        cell = cell_of(guider.model_patcher)
        if masks is not None:
            check_mask_size(masks, tuple(latent.shape[-2:]), NODE, cell)
        observer = open_run(watch, guider, latent, NODE)
        observer.run.cell = cell
        texts = [cond for cond in conditionings(guider) if cond["uuid"] in observer.uuids]
        require_same_texts(texts, plan.prompts.values(), NODE)
        off = why_off(plan, regions, masks)
        people = None if off else whom(plan, regions, masks, capture, people_of, latent, NODE, common_upscale)
        capture.begin(observer.run)
        if masks is None:
            observer.run.named = named_people(regions)
        observer.run.settings = settings(
            regions is None, plan.strength, distilled_guidance(guider.model_patcher, texts)
        )
        if people is None:
            observer.run.why_plain = off
            return observer
        people.begin(observer.run)
        if masks is not None and (said := larger_than(masks, tuple(latent.shape[-2:]), cell)):
            observer.run.note(said)
        observer.quiet = masks is not None
        kind = BlendedRun if plan.preservation == BLENDED else FairRun
        return kind(plan, people, seed, guider, observer)

    return steer(model, f"{KEY}.{id(capture)}", start, NODE, capture)


NODES = [FairInference]
