"""The colours of charts: those of the theme that the user has chosen in the settings."""

import json


def test_the_theme_is_the_one_in_the_settings(host):
    current = host.pack.nodes.user.theme.current
    file = host.base / "user/default/comfy.settings.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    own = {"mine": {"colors": {"litegraph_base": {"NODE_DEFAULT_BGCOLOR": "#102030"}}}}
    try:
        for settings, paper in (
            ("{}", (53, 53, 53)),
            ("no json", (53, 53, 53)),
            (json.dumps({"Comfy.ColorPalette": "light"}), (245, 245, 245)),
            (json.dumps({"Comfy.ColorPalette": "mine", "Comfy.CustomColorPalettes": own}), (16, 32, 48)),
            (json.dumps({"Comfy.ColorPalette": "gone"}), (53, 53, 53)),
        ):
            file.write_text(settings, encoding="utf-8")
            assert current().paper == paper
    finally:
        file.unlink()
    assert current().paper == (53, 53, 53)
