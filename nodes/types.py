"""The pack's own sockets, declared once. Everything else that nodes pass is core ComfyUI."""

from dataclasses import fields

from comfy_api.latest import io, ui

CATEGORY = "fair attention"  # and below it, in the order of a graph:
PEOPLE, ATTENTION, FAIRNESS, ENTANGLEMENT, MEASURE, BASELINES = (
    f"{CATEGORY}/{name}" for name in ("people", "attention", "fairness", "entanglement", "measure", "baselines")
)

Tokens = io.Custom("FAIR_TOKENS")
Regions = io.Custom("FAIR_REGIONS")
Attention = io.Custom("FAIR_ATTENTION")
Target = io.Custom("FAIR_TARGET")
Attributes = io.Custom("FAIR_ATTRIBUTES")
Reader = io.Custom("FAIR_READER")
# The host's own, which 0.3.75 has no name for. Its front end draws a widget for it where no socket is forced.
Boxes = io.Custom("BOUNDING_BOX")


def schema(**given) -> io.Schema:
    """A node's schema. What the host does not know yet is left out: 0.3.75 has no search words."""
    known = {f.name for f in fields(io.Schema)}
    return io.Schema(**{name: value for name, value in given.items() if name in known})


def extra(widget: io.Input, **options) -> io.Input:
    """An input with options for the front end beyond the host's own. Not arguments, since 0.3.75 takes none for its widgets."""
    widget.extra_dict = {**widget.extra_dict, **options}
    return widget


def edits_input() -> io.Input:
    """Of the nodes whose people a user may edit: text that the map viewer writes."""
    tooltip = (
        "Whom you dropped, split, merged, drew or gave an attribute: Explore Maps writes it while you edit people there. "
        "Each is of one seed's picture and a place in it. Empty: as found."
    )
    return advanced(io.String.Input("edits", default="", optional=True, tooltip=tooltip))


def picture_and_text(node: type[io.ComfyNode], pictures, text: str) -> dict:
    """What a node shows on itself: pictures [B,H,W,3] and, below, a text. The host has a preview for either alone."""
    return {**ui.PreviewImage(pictures, cls=node).as_dict(), "text": (text,)}


def advanced(widget: io.Input) -> io.Input:
    """A rare input, behind the node's advanced switch."""
    return extra(widget, advanced=True)
