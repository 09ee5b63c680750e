"""Fair Attention: see where a Stable Diffusion U-Net draws the people a prompt names, and make each of them fair."""

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    """Called by ComfyUI, which alone makes the host's modules importable; the other rooms work without it."""
    from .nodes import FairAttentionExtension, offer_emoji_world

    offer_emoji_world()
    return FairAttentionExtension()


__all__ = ["WEB_DIRECTORY", "comfy_entrypoint"]
