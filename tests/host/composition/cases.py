"""The rows of docs/composition.md. Each is tested with each of our nodes, and where it stands in the model's line, on
both sides of it; what is not right is written here, where the test that sees it looks it up."""

from fair_attention.tests.host.composition import community, core_nodes, options, ours, packs, ways
from fair_attention.tests.host.composition.case import CAPTURE, FAIR, REFUSED, RIGHT, SOFTIOU, Case, Verdict
from fair_attention.tests.host.composition.core_nodes import core
from fair_attention.tests.host.composition.ways import HALF, another, guided_by, negative

# What the notes of the table say.
NO_WARM_UP = Verdict(
    REFUSED, "Sampling begins after Fair Inference's start_percent, so there is no warm-up in which to find the people. Set "
    "start_percent above 1 - denoise, or connect masks."
)  # fmt: skip
NESTED = Verdict(
    RIGHT, "The guider scales all that its inner guidance gives, so Fair Inference's strength too is multiplied by its second "
    "scale (cfg_cond2_negative)."
)  # fmt: skip
OUT_OF_FORCE = Verdict(
    REFUSED, "Steps in which the prompt is not in force are not steered; the log and Fair Report say so."
)
SKIPPED = Verdict(REFUSED, "Steps that the cache skips are not guided; the log and Fair Report say so.")
REGIONS = Verdict(
    REFUSED, "The attention holds other rows than the picture: nothing is recorded, and the log says so. Give Fair Inference "
    "masks; it steers by them."
)  # fmt: skip
BY_MASKS = Verdict(RIGHT, "With masks. Without them nobody can be found, and sampling is refused.")
TILES = Verdict(
    REFUSED, "The model never sees the whole picture, and where a tile lies is not known: nothing is recorded or guided, and the "
    "log says so. Give Fair Inference masks; it steers by them."
)  # fmt: skip
REGIONS_ENERGY = Verdict(
    REFUSED, "As the attention holds other rows than the picture, no step is guided; the log says so."
)

GROUPS: dict[str, tuple[Case, ...]] = {
    "Core nodes that patch the model": (
        Case("LoRA", core_nodes.lora),
        Case("Merged models", core_nodes.merged),
        Case("Perturbed-Attention Guidance", core("PerturbedAttentionGuidance", scale=3.0)),
        Case("Self-Attention Guidance", core("SelfAttentionGuidance", scale=0.5, blur_sigma=2.0), sample=ways.larger),
        Case("FreeU", core("FreeU", b1=1.1, b2=1.2, s1=0.9, s2=0.2)),
        Case("FreeU V2", core("FreeU_V2", b1=1.3, b2=1.4, s1=0.9, s2=0.2), sample=ways.larger),
        Case("Normalized Attention Guidance", core("NAGuidance", nag_scale=5.0, nag_alpha=0.5, nag_tau=1.5),
             lacking="not in 0.3.75"),
        Case("Perp-Neg (model patch)", core_nodes.perp_neg_patch),
        Case("Rescale CFG", core("RescaleCFG", multiplier=0.7)),
        Case("HyperTile", core("HyperTile", tile_size=32, swap_size=2, max_depth=0, scale_depth=False), visible=False),
        Case("Token merging", core("TomePatchModel", ratio=0.3)),
        Case("Kohya Deep Shrink", core("PatchModelAddDownscale", block_number=3, downscale_factor=2.0, start_percent=0.0,
                                       end_percent=0.6, downscale_after_skip=True, downscale_method="bicubic",
                                       upscale_method="bicubic")),
        Case("Hypernetwork", packs.hypernetwork),
        Case("EasyCache", core("EasyCache", reuse_threshold=3.0, start_percent=0.0, end_percent=1.0, verbose=False),
             visible=False, verdicts={SOFTIOU: SKIPPED}),
        Case("LazyCache", core("LazyCache", reuse_threshold=3.0, start_percent=0.0, end_percent=1.0, verbose=False),
             visible=False),
    ),
    "Samplers and guiders": (
        Case("KSampler", visible=False),
        Case("SamplerCustomAdvanced, Basic Guider", sample=guided_by("BasicGuider")),
        Case("SamplerCustomAdvanced, CFG Guider", sample=guided_by("CFGGuider", negative=negative, cfg=5.0), visible=False),
        Case("SamplerCustomAdvanced, Dual CFG Guider, regular", sample=guided_by(
            "DualCFGGuider", cond2=another, negative=negative, cfg_conds=5.0, cfg_cond2_negative=4.0, style="regular")),
        Case("SamplerCustomAdvanced, Dual CFG Guider, nested", sample=guided_by(
            "DualCFGGuider", cond2=another, negative=negative, cfg_conds=5.0, cfg_cond2_negative=4.0, style="nested"),
             verdicts={FAIR: NESTED}),
        Case("SamplerCustomAdvanced, Perp-Neg Guider", sample=guided_by(
            "PerpNegGuider", negative=another, empty_conditioning=negative, cfg=5.0, neg_scale=1.0)),
        Case("Image to image, denoise below 1", sample=ways.image_to_image),
        Case("Image to image, people found by the attention", sample=ways.image_to_image, masks=False,
             verdicts={FAIR: NO_WARM_UP}),
        Case("Two samplers, the second on the enlarged latent", sample=ways.hires_fix),
        Case("Inpainting by a noise mask", sample=ways.inpainted),
        Case("Context windows over a batch", sample=packs.in_windows, lacking="0.3.75 cannot sample them"),
        Case("Inpainting by Differential Diffusion", sample=ways.differential),
    ),
    "Conditionings": (
        Case("ControlNet", sample=ways.controlled),
        Case("Scheduled LoRA (hooks)", sample=ways.scheduled_lora),
        Case("An area, another prompt beside it", sample=ways.beside_another(
            "ConditioningSetArea", width=HALF, height=64, x=0, y=0, strength=1.0)),
        Case("A mask, another prompt beside it", sample=ways.masked),
        Case(
            "A range of steps",
            sample=ways.beside_another("ConditioningSetTimestepRange", start=0.0, end=0.8),
            verdicts={FAIR: OUT_OF_FORCE},
        ),
        Case("Combined prompts", sample=ways.combined),
        Case("GLIGEN", sample=packs.with_a_box),
        Case("Concatenated prompts", sample=ways.concatenated),
    ),
    "Start options of the host": (
        Case("`--fp16-unet`", model=options.loaded_with("fp16_unet"), visible=False),  # stored in half precision already
        Case("`--bf16-unet`", model=options.loaded_with("bf16_unet")),
        Case("`--lowvram`, with a LoRA", core_nodes.lora, around=options.little_memory),
        Case("`--use-split-cross-attention`", around=options.attention_of("attention_split"), visible=False),
        Case("`--use-quad-cross-attention`", around=options.attention_of("attention_sub_quad"), visible=False),
        Case("`--use-pytorch-cross-attention`", around=options.attention_of("attention_pytorch"), visible=False),
    ),
    "This pack's own nodes": (
        Case("Capture Cross-Attention", ours.chain(CAPTURE), visible=False),
        Case("Fair Inference", ours.chain(FAIR)),
        Case("SoftIoU Energy Guidance", ours.chain(SOFTIOU)),
        Case("Capture, then Fair Inference", ours.chain(CAPTURE, FAIR)),
        Case("Fair Inference, then Capture", ours.chain(FAIR, CAPTURE)),
        Case("Capture, then SoftIoU", ours.chain(CAPTURE, SOFTIOU)),
        Case("SoftIoU, then Capture", ours.chain(SOFTIOU, CAPTURE)),
        Case("Fair Inference, then SoftIoU", ours.chain(FAIR, SOFTIOU)),
        Case("SoftIoU, then Fair Inference", ours.chain(SOFTIOU, FAIR)),
    ),
    "Other packs (stand-ins with the same hooks)": (
        Case("IPAdapter", community.image_prompt),
        Case("Attention Couple (regional prompts)", community.regional_prompts,
             verdicts={CAPTURE: REGIONS, FAIR: BY_MASKS, SOFTIOU: REGIONS_ENERGY}),
        Case("Attention Couple (ppm, prompt-control)", packs.couple,
             verdicts={CAPTURE: REGIONS, FAIR: BY_MASKS, SOFTIOU: REGIONS_ENERGY}),
        Case("Tiled Diffusion", packs.tiled, sample=ways.larger,
             verdicts={CAPTURE: TILES, FAIR: BY_MASKS, SOFTIOU: TILES}),
        Case("Momentum Guidance, SMC-CFG", packs.momentum),
        Case("Reference (Advanced-ControlNet)", packs.reference, sample=packs.with_the_same_random_numbers),
        Case("First-block cache (WaveSpeed)", packs.first_block_cache, verdicts={SOFTIOU: SKIPPED}),
        Case("GradualLatent", sample=packs.growing),
        Case("FreeInit", packs.repeated),
        Case("SageAttention", community.sage_attention),
        Case("A step cache (TeaCache)", community.step_cache, verdicts={SOFTIOU: SKIPPED}),
        Case("A wrapper that hands on a copy of the options", community.copying, visible=False),
    ),
}  # fmt: skip
CASES = tuple(case for group in GROUPS.values() for case in group)
