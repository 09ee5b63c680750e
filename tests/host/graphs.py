"""Prompts (API format) of core nodes that several tests start from."""


def stock_graph(checkpoint: str, steps: int = 2, pixels: int = 128, seed: int = 7) -> dict[str, dict]:
    """Checkpoint to saved picture, as in the front end's default workflow."""
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=checkpoint),
        "2": node("CLIPTextEncode", clip=["1", 1], text="three doctors next to flowers"),
        "3": node("CLIPTextEncode", clip=["1", 1], text=""),
        "4": node("EmptyLatentImage", width=pixels, height=pixels, batch_size=1),
        "5": node(
            "KSampler",
            model=["1", 0],
            positive=["2", 0],
            negative=["3", 0],
            latent_image=["4", 0],
            seed=seed,
            steps=steps,
            cfg=7.0,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
        ),
        "6": node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "7": node("SaveImage", images=["6", 0], filename_prefix="test"),
    }


def node(kind: str, **inputs) -> dict:
    """One node of a prompt."""
    return {"class_type": kind, "inputs": inputs}
