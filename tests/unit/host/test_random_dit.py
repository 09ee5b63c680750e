"""The README's table of image models is that of the families whose tests run."""

import re

from fair_attention.host import hosts
from fair_attention.host.random_dit import FAMILIES


def test_the_readme_lists_the_families_that_are_tested_and_no_other():
    text = (hosts.ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("### Image models")[2].partition("## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| yes \|", section, re.MULTILINE)
    assert rows[0].startswith("Stable Diffusion") and rows[1:] == list(FAMILIES)
