"""Ways to sample: conditionings, latents, guiders, several samplers."""

import torch
from torch import Tensor

from fair_attention.tests.host.composition.case import PIXELS, SEED, STEPS, call, empty, plainly
from fair_attention.tests.host.composition.core_nodes import controlnet, lora_file

HALF = PIXELS // 2


def guided_by(kind: str, **settings):
    """SamplerCustomAdvanced with this guider; settings may be functions of the bench."""

    def sample(bench, model, positive: list) -> Tensor:
        given = {name: value(bench) if callable(value) else value for name, value in settings.items()}
        first = "conditioning" if kind == "BasicGuider" else "cond1" if kind == "DualCFGGuider" else "positive"
        return call(
            bench,
            "SamplerCustomAdvanced",
            noise=call(bench, "RandomNoise", noise_seed=SEED),
            guider=call(bench, kind, model=model, **{first: positive}, **given),
            sampler=call(bench, "KSamplerSelect", sampler_name="euler"),
            sigmas=call(bench, "BasicScheduler", model=model, scheduler="normal", steps=STEPS, denoise=1.0),
            latent_image=empty(),
        )["samples"]

    return sample


def larger(bench, model, positive: list) -> Tensor:
    """Core's Self-Attention Guidance and FreeU V2 need more than one cell in the middle of the U-Net."""
    return plainly(bench, model, positive, latent=empty(2 * PIXELS))


def negative(bench) -> list:
    return bench.negative


def another(bench) -> list:
    return bench.encode("a cat on a mat")


def beside_another(kind: str, **settings):
    """The positive confined by a core node, another prompt elsewhere."""

    def sample(bench, model, positive: list) -> Tensor:
        confined = call(bench, kind, conditioning=positive, **settings)
        return plainly(bench, model, [*confined, *another(bench)])

    return sample


def combined(bench, model, positive: list) -> Tensor:
    return plainly(
        bench, model, call(bench, "ConditioningCombine", conditioning_1=positive, conditioning_2=another(bench))
    )


def concatenated(bench, model, positive: list) -> Tensor:
    longer = call(bench, "ConditioningConcat", conditioning_to=positive, conditioning_from=another(bench))
    return plainly(bench, model, longer)


def masked(bench, model, positive: list) -> Tensor:
    return beside_another("ConditioningSetMask", mask=left_half()[None], strength=1.0, set_cond_area="default")(
        bench, model, positive
    )


def left_half() -> Tensor:
    mask = torch.zeros(PIXELS, PIXELS)
    mask[:, :HALF] = 1
    return mask


def controlled(bench, model, positive: list) -> Tensor:
    both = bench.node["ControlNetApplyAdvanced"]().apply_controlnet(
        positive, bench.negative, controlnet(bench), left_half()[None, ..., None].expand(-1, -1, -1, 3), 0.5, 0.0, 1.0
    )
    return plainly(bench, model, *both)


def scheduled_lora(bench, model, positive: list) -> Tensor:
    """A LoRA on the positive alone, at half strength first."""
    frames = call(bench, "CreateHookKeyframe", strength_mult=0.5, start_percent=0.0)
    frames = call(bench, "CreateHookKeyframe", strength_mult=1.0, start_percent=0.4, prev_hook_kf=frames)
    hooks = call(bench, "CreateHookLora", lora_name=lora_file(bench), strength_model=0.7, strength_clip=0.0)
    hooks = call(bench, "SetHookKeyframes", hooks=hooks, hook_kf=frames)
    hooked = call(
        bench, "ConditioningSetProperties", cond_NEW=positive, strength=1.0, set_cond_area="default", hooks=hooks
    )
    return plainly(bench, model, hooked)


def picture() -> dict:
    return {"samples": torch.randn(1, 4, PIXELS // 8, PIXELS // 8, generator=torch.Generator().manual_seed(8))}


def inpainted(bench, model, positive: list) -> Tensor:
    latent = call(bench, "SetLatentNoiseMask", samples=picture(), mask=left_half()[None])
    return plainly(bench, model, positive, latent=latent)


def differential(bench, model, positive: list) -> Tensor:
    return inpainted(bench, call(bench, "DifferentialDiffusion", model=model), positive)


def image_to_image(bench, model, positive: list) -> Tensor:
    return plainly(bench, model, positive, latent=picture(), denoise=0.6)


def hires_fix(bench, model, positive: list) -> Tensor:
    small = {"samples": plainly(bench, model, positive)}
    sizes = {"width": 96, "height": 96, "crop": "disabled"}
    large = call(bench, "LatentUpscale", samples=small, upscale_method="bilinear", **sizes)
    return plainly(bench, model, positive, latent=large, denoise=0.6)
