"""SoftIoU Energy Guidance (BiasMap): sample to where two concepts look at different places of the picture."""

import re
from functools import partial

from comfy.patcher_extension import WrappersMP
from comfy_api.latest import io

from ..attention.capture import MapStore, WordQuery
from ..attention.prompt.tokens import find_words
from ..attention.records import CONDITIONAL, UNCONDITIONAL, Watch
from ..attention.trace import Block, block_levels
from ..guidance.energy.energy import PRESETS
from ..guidance.energy.plan import EnergyPlan, EnergyTerms
from ..guidance.run_record import Recording, SampledRun
from ..guidance.schedule import check_window
from .energy.run import EnergyRun
from .sampling.clip_text import locate, own_context
from .sampling.conditionings import conditionings, require_width
from .sampling.observe import require_cross_attention
from .sampling.session import Session, patch
from .types import ENTANGLEMENT, Attention, advanced, schema

NODE = "SoftIoU Energy Guidance"
KEY = "fair_attention.energy"
AS_PRESET = "as the preset says"  # for blocks: ALL, in both presets
QUARTER, ALL = "quarter resolution and below", "all but the middle (BiasMap's 15 layers)"
AS_SET = "start_percent to end_percent"  # and every
NO_LIMIT = 1e30


def read_pairs(clip, prompt: str, text: str) -> tuple[tuple[WordQuery, ...], tuple[tuple[int, int], ...]]:
    """ "gender ~ doctor, race ~ doctor" -> (words of the attribution prompt, pairs of their columns)."""
    words: list[WordQuery] = []
    pairs = []
    for entry in (e.strip() for e in re.split(r"[,\n]", text) if e.strip()):
        names = [name.strip() for name in entry.split("~")]
        if len(names) != 2 or not all(names) or names[0].lower() == names[1].lower():
            raise ValueError(
                f"{NODE}, concept_pairs: {entry!r} is no pair; write two different concepts: gender ~ doctor"
            )
        pairs.append(tuple(_column(words, clip, prompt, name) for name in names))
    if not pairs:
        raise ValueError(f"{NODE}, concept_pairs: {text!r} holds no pair; write at least one, as in: gender ~ doctor")
    return tuple(words), tuple(pairs)


def _column(words: list[WordQuery], clip, prompt: str, name: str) -> int:
    """The word's place among the words so far, added if it is new; all its occurrences count, "doctor#2" is one."""
    try:
        spans = find_words(prompt, name)
    except ValueError as error:
        raise ValueError(f"{NODE}, concept_pairs: {error} Add it to the attribution_prompt.") from None
    found = locate(clip, prompt, spans, NODE)
    word = WordQuery(name, tuple(p for w in found for p in w.positions))
    if word not in words:
        words.append(word)
    return words.index(word)


def energy_blocks(model, choice: str) -> frozenset[Block]:
    levels = block_levels(model.model.diffusion_model)
    wanted = {b for b, level in levels.items() if (level >= 2 if choice == QUARTER else b.part != "middle")}
    if not wanted:
        raise ValueError(f"{NODE}, blocks: this model has no cross-attention at {choice}; choose {ALL}")
    return frozenset(wanted)


def settings_text(
    preset, strength, branch, blocks, every: int, during: tuple[float, float], asked: tuple[float, float]
) -> str:
    """What a run was guided with, in one line. during: the window in use, the preset's where it is not the one asked."""
    often = f"a gradient every {every} steps, " if every > 1 else ""
    text = f"preset {preset}, lambda {strength:g}, {branch} branch, {blocks}, {often}{during[0]:.0%} to {during[1]:.0%} of the sampling"
    return (
        text
        if during == asked
        else f"{text} (as the preset says; window: {AS_SET} guides {asked[0]:.0%} to {asked[1]:.0%})"
    )


class FairSoftIoUGuidance(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairSoftIoUGuidance",
            display_name="SoftIoU Energy Guidance",
            category=ENTANGLEMENT,
            search_aliases=["BiasMap", "energy", "gradient", "disentangle", "concepts", "stereotype"],
            description="Pulls two concepts apart while sampling: wherever the model looks for both at once (gender and "
            "doctor, say), the latent is moved so that it looks for them at different places. Read it with Fair Report.",
            inputs=[
                io.Model.Input("model", tooltip="Any model with a Stable Diffusion 1.x, 2.x or SDXL U-Net."),
                io.Clip.Input("clip", tooltip="The CLIP the sampled prompt is encoded with."),
                io.String.Input("attribution_prompt", multiline=True, default="a photo of the face of a doctor and gender",
                                tooltip="A text that names all concepts. It need not be the sampled prompt and is not drawn."),
                io.String.Input("concept_pairs", multiline=True, default="gender ~ doctor",
                                tooltip="Which words of it to pull apart, as in: gender ~ doctor, race ~ doctor."),
                io.Float.Input("strength", default=100.0, min=0.0, max=10000.0, step=1.0,
                               tooltip="How hard the two concepts are pulled apart (lambda in the paper). It goes with the picture's side: try 100 at 512 px, "
                               "200 at 1024, 25 to 45 at 128 (the emoji world). Too low: the overlap stays. Too high: the whole picture changes, "
                               "occupations are lost. 0: exactly the plain picture, at no cost."),
                io.Float.Input("start_percent", default=0.0, min=0.0, max=1.0, step=0.01, tooltip="Push from this share of the sampling on; 0: from the first step."),
                io.Float.Input("end_percent", default=0.6, min=0.0, max=1.0, step=0.01,
                               tooltip="Push up to this share of the sampling; the rest settles the details, at no cost. Higher: less overlap, rougher "
                               "pictures. The preset paper pushes all the way, whatever is set here (see window)."),
                advanced(io.Combo.Input(
                    "preset", options=["corrected", "paper"], default="corrected", optional=True,
                    tooltip="corrected: stops pushing where two concepts overlap no more than by chance, and shortens a push that is too long "
                    "(try this first). paper: computes as the authors' released code does, for results to hold beside theirs: it pushes "
                    "on, leaves out a step whose push is too long, and reads the negative prompt. The help page has both side by side.",
                )),
                advanced(io.Combo.Input(
                    "branch", options=[AS_PRESET, CONDITIONAL, UNCONDITIONAL], default=AS_PRESET, optional=True,
                    tooltip="At each step the model draws twice, by your prompt (conditional) and by the negative one (unconditional): in which of the "
                    "two the overlap is read. As the preset says: conditional for corrected, unconditional for paper. Try that first.",
                )),
                advanced(io.Combo.Input(
                    "blocks", options=[AS_PRESET, QUARTER, ALL], default=AS_PRESET, optional=True,
                    tooltip="In which parts (blocks) of the model the overlap is read. As the preset says: in all but the middle one (try this "
                    "first). A quarter of the resolution and below: cheaper, but so coarse that it often finds no overlap to push at.",
                )),
                advanced(io.Float.Input(
                    "longest_gradient", default=1.0, min=0.0, max=1000.0, step=0.1, optional=True,
                    tooltip="The longest push of one step. A longer one is shortened (corrected) or, by the skip rule of paper, left out: that step "
                    "does nothing then. Try 1 first. Too low with paper: hardly a step is guided; Fair Report counts them. 0: no limit.",
                )),
                advanced(io.Combo.Input(
                    "window", options=[AS_PRESET, AS_SET], default=AS_PRESET, optional=True,
                    tooltip="Which part of the sampling is guided: corrected goes by start_percent, end_percent and every; paper "
                    "guides every step unless you choose the other option.",
                )),
                advanced(io.Int.Input(
                    "every", default=2, min=1, max=10, optional=True,
                    tooltip="How often the push is computed. 2: at every second step, and the same push again in between, which costs half (try "
                    "this first). 1: at every step. The preset paper computes it at every step (see window).",
                )),
                advanced(io.Boolean.Input(
                    "measure", default=False, optional=True,
                    tooltip="With strength 0: measure the overlap at the same steps, at the cost of a gradient, so that Fair Report can "
                    "draw this plain run beside a guided one (plain_attention). The picture stays exactly the plain one.",
                )),
            ],
            outputs=[
                io.Model.Output(display_name="model", tooltip="Sample with this one."),
                Attention.Output(display_name="attention", tooltip="What it did at each step, for Fair Report."),
            ],
        )  # fmt: skip

    @classmethod
    def execute(cls, model, clip, attribution_prompt, concept_pairs, strength=100.0, start_percent=0.0, end_percent=0.6,
                preset="corrected", branch=AS_PRESET, blocks=AS_PRESET, longest_gradient=1.0,
                window=AS_PRESET, every=2, measure=False) -> io.NodeOutput:  # fmt: skip
        require_cross_attention(model, NODE)
        check_window(start_percent, end_percent, NODE)
        if not attribution_prompt.strip():
            raise ValueError(
                f"{NODE}, attribution_prompt: it is empty; write a text that names all concepts of the pairs"
            )
        chosen = PRESETS[preset]
        words, pairs = read_pairs(clip, attribution_prompt, concept_pairs)
        blocks = ALL if blocks == AS_PRESET else blocks
        branch = chosen.branch if branch == AS_PRESET else branch
        asked = start_percent, end_percent
        during, every = (chosen.window, 1) if chosen.window and window == AS_PRESET else (asked, every)
        context = own_context(clip, attribution_prompt)
        require_width(model, context, NODE)
        plan = EnergyPlan(
            EnergyTerms(words, pairs, context, energy_blocks(model, blocks), chosen.soft_mask, chosen.stop_at_chance),
            tuple(f"{words[a].label} ~ {words[b].label}" for a, b in pairs),
            partial(chosen.rule, limit=longest_gradient or NO_LIMIT),
            strength,
            branch,
            *during,
            every,
            settings_text(preset, strength, branch, blocks, every, during, asked),
            measure,
        )
        capture = Recording(Watch(()))
        return io.NodeOutput(install(model.clone(), plan, capture), capture)


def install(model, plan: EnergyPlan, capture: Recording):
    """Patch the model clone: a run of its own for each sampling, and the correction of each prediction."""

    def start(guider, latent, *_) -> Session:
        if not conditionings(guider, plan.branch):
            raise ValueError(f"{NODE}, branch: this sampler has no {plan.branch} conditioning; choose the other branch")
        run = SampledRun(MapStore((), latent.shape[0], tuple(latent.shape[-2:])))
        capture.begin(run)
        run.pairs = plan.labels
        if plan.strength == 0:
            run.why_plain = "strength is 0"
        return EnergyRun(plan, guider, run) if plan.strength > 0 or plan.measure else Session(run)

    key = f"{KEY}.{id(capture)}"
    current = patch(model, key, start, NODE, capture)

    def predict_noise(executor, x, timestep, model_options=None, seed=None):
        options = model_options or {}
        run = current[-1] if current else None
        if isinstance(run, EnergyRun):
            return run.predict(executor, x, timestep, options, seed)
        return executor(x, timestep, options, seed)

    model.add_wrapper_with_key(WrappersMP.PREDICT_NOISE, key, predict_noise)
    return model


NODES = [FairSoftIoUGuidance]
