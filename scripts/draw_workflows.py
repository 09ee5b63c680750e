"""Write the workflows this pack ships, from the graphs described beside: `python -m fair_attention.scripts.draw_workflows`.

Generated so that names, order and number of every input follow the nodes' own schemas. Names given: only those.
"""

import json
import sys
from pathlib import Path

from ..host import hosts
from ..host.server import running
from . import graphs_audit, graphs_baselines, graphs_fair, graphs_guidance, graphs_measure, graphs_transformers
from .draw import to_workflow

FOLDER = hosts.ROOT / "workflows"
CARDS = hosts.ROOT / "web" / "templates.json"  # web/js/templates.js shows them
GRAPHS = {
    **graphs_fair.GRAPHS,
    **graphs_guidance.GRAPHS,
    **graphs_baselines.GRAPHS,
    **graphs_audit.GRAPHS,
    **graphs_measure.GRAPHS,
    **graphs_transformers.GRAPHS,
}  # file name -> the function that describes it, as one learns

NEEDS_NEWEST = {"measure-photographs", "fair-inference-flux"}  # have core nodes that 0.3.75 does not know
NEED_FILES = frozenset(graphs_transformers.GRAPHS)  # models that the user has to get: they do not run as they are


def offered(name: str) -> bool:
    """Whether the host in use knows every node of that workflow."""
    return hosts.version() == hosts.NEWEST or name not in NEEDS_NEWEST


def content(name: str, object_info: dict) -> str:
    """The file of that name, as it is to be."""
    saved = to_workflow(GRAPHS[name](), object_info, hosts.pack_version())
    return json.dumps(saved, indent=1, ensure_ascii=False) + "\n"


def cards() -> str:
    """What the template browser says of each, in order."""
    graphs = {name: describe() for name, describe in GRAPHS.items()}
    listed = [{"name": name, "title": graph.title, "description": graph.about} for name, graph in graphs.items()]
    return json.dumps(listed, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    CARDS.write_text(cards(), encoding="utf-8")
    FOLDER.mkdir(exist_ok=True)
    with running(Path("output/draw")) as server:
        info = server.object_info()
    for name in sys.argv[1:] or GRAPHS:
        (FOLDER / f"{name}.json").write_text(content(name, info), encoding="utf-8")
        print(f"wrote workflows/{name}.json")


if __name__ == "__main__":
    main()
