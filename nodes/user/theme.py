"""The colours that charts are drawn in: a node's own in the theme the user has chosen."""

import json
from pathlib import Path

import folder_paths

from ...pictures.theme import NODES, Theme, theme


def current() -> Theme:
    """Of the theme in the settings of ComfyUI's default user; the front end's own default where none is chosen."""
    file = Path(folder_paths.get_user_directory(), "default", "comfy.settings.json")
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        chosen = settings.get("Comfy.ColorPalette", "dark").removeprefix("custom_")
        own = settings.get("Comfy.CustomColorPalettes", {}).get(chosen, {}).get("colors", {}).get("litegraph_base", {})
        return theme(NODES.get(chosen) or own.get("NODE_DEFAULT_BGCOLOR") or NODES["dark"])
    except (OSError, ValueError, AttributeError):  # no settings yet, or none that can be read
        return theme(NODES["dark"])
