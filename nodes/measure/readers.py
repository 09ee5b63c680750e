"""Read Attributes: who is in a picture, and with which attributes a viewer perceives them."""

from comfy_api.latest import io, ui
from PIL import ImageDraw
from torch import Tensor

from ...metrics.readers import ReadAttributes, Reading
from ...pictures.drawing import COLOURS, enlarge, label, to_tensor
from ..types import MEASURE, Attributes, schema

NODE = "Read Attributes"
EMOJI = "emoji world"


def make_reader(name: str):
    """The reader of that name; imported when first used, so that loading the pack stays cheap."""
    from ...emoji_world.reader import EmojiReader

    return {EMOJI: EmojiReader}[name]()


def caption(reading: Reading) -> str:
    return ", ".join(value or f"{axis}?" for axis, value in reading.labels.items())


def draw_readings(images: Tensor, readings: list[list[Reading]], text=caption) -> Tensor:
    pictures = []
    for image, people in zip(images, readings, strict=True):
        picture, factor = enlarge(image)
        pen = ImageDraw.Draw(picture)
        for j, person in enumerate(people):
            box = tuple(v * factor for v in person.box)
            colour = COLOURS[j % len(COLOURS)]
            pen.rectangle(box, outline=colour, width=3)
            label(picture, text(person), box[0], box[1] - 26, colour, 15)
        pictures.append(picture)
    return to_tensor(pictures)


class FairReadAttributes(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairReadAttributes",
            display_name="Read Attributes",
            category=MEASURE,
            search_aliases=["classify", "gender", "ethnicity", "skin tone", "detect people", "person"],
            description="Finds the people in pictures and reads their attributes, as perceived. The emoji reader reads the "
            "embedded emoji world exactly; it knows no photographs. A reading it is not sure of is left open.",
            inputs=[
                io.Image.Input("image", tooltip="Decoded pictures, a batch counts as one run."),
                io.Combo.Input("reader", options=[EMOJI], default=EMOJI, tooltip="Who reads. emoji world: for pictures of the embedded model."),
            ],
            outputs=[
                Attributes.Output(display_name="attributes", tooltip="Who was read as what, for Bias-W / Bias-P."),
                io.Image.Output(display_name="labelled", tooltip="The pictures with boxes and labels."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, image, reader=EMOJI) -> io.NodeOutput:
        chosen = make_reader(reader)
        readings = chosen.read(image)
        drawn = draw_readings(image, readings)
        found = ReadAttributes(chosen.name, chosen.axes, tuple(map(tuple, readings)))
        return io.NodeOutput(found, drawn, ui=ui.PreviewImage(drawn, cls=cls))


NODES = [FairReadAttributes]
