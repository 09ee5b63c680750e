"""Read Attributes: who is in a picture, and with which attributes a viewer perceives them."""

from comfy import model_management
from comfy.utils import ProgressBar
from comfy_api.latest import io
from PIL import ImageDraw
from torch import Tensor

from ...metrics.readers import ReadAttributes, Reading
from ...metrics.readers.crops import square
from ...metrics.readers.detector import CONFIDENCE, open_detector
from ...metrics.readers.find_people import CONNECTED, DRAWN, NONE, WAYS, Helpers, find_people, nobody
from ...metrics.readers.folders import look_into
from ...metrics.readers.readings_report import describe_readings
from ...metrics.readers.whereabouts import check_picture, count_people
from ...pictures.drawing import COLOURS, enlarge, label, to_tensor
from ..types import MEASURE, Attributes, Boxes, Reader, advanced, extra, picture_and_text, schema
from .reader_folders import detectors, managed, path_of

NODE = "Read Attributes"
EMOJI, EMOJI_AGED = "emoji world", "emoji world with age"


def make_reader(name: str):
    """The reader of that name; imported when first used, so that loading the pack stays cheap."""
    from ...emoji_world.dit.reader import AgedReader
    from ...emoji_world.reader import EmojiReader

    return {EMOJI: EmojiReader, EMOJI_AGED: AgedReader}[name]()


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


def told(done: ProgressBar, people: int) -> None:
    """After each batch: progress, and an end where the user wants one."""
    done.update(people)
    model_management.throw_exception_if_processing_interrupted()


def read_by(loaded_reader, image: Tensor, people: str, bboxes, masks, detector: str, confidence: float) -> tuple:
    """(ReadAttributes, a sentence about who was found how). ValueError begins with the input it is about."""
    helpers = Helpers(
        lambda name: open_detector(look_into(path_of(name)), managed),
        lambda: make_reader(EMOJI),
        lambda n: model_management.throw_exception_if_processing_interrupted(),
    )
    found, how = find_people(image, people, bboxes, masks, detector, confidence, helpers)
    done = ProgressBar(max(1, count_people(found)))
    where = "bboxes" if bboxes is not None else "masks" if masks is not None else "people"
    try:
        for box, _ in (person for in_picture in found for person in in_picture):
            square(box, loaded_reader.expand)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    try:
        readings = loaded_reader.read(image, found, lambda n: told(done, n))
    except ValueError as error:
        raise ValueError(f"loaded_reader: {error}") from error
    images = tuple(map(tuple, readings))
    return ReadAttributes(loaded_reader.name, loaded_reader.axes, images, loaded_reader.certificate), how


def read_by_emoji(reader: str, image: Tensor, people: str, bboxes, masks) -> tuple:
    """As above. The emoji reader finds its people itself."""
    for name, given in (
        ("bboxes", bboxes is not None),
        ("masks", masks is not None),
        ("people", people not in (CONNECTED, DRAWN)),
    ):
        if given:
            raise ValueError(
                f"{name}: the {reader} reader finds its people itself, and reads nothing but emoji. Connect Load Attribute Reader to "
                f"loaded_reader, or {'leave people as it was' if name == 'people' else 'take the wire off'}"
            )
    chosen = make_reader(reader)
    images = tuple(map(tuple, chosen.read(image)))
    return ReadAttributes(chosen.name, chosen.axes, images, chosen.certificate), "found by the emoji reader"


class FairReadAttributes(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairReadAttributes",
            display_name="Read Attributes",
            category=MEASURE,
            search_aliases=["classify", "gender", "ethnicity", "skin tone", "detect people", "person"],
            description="Finds the people in pictures and reads their attributes, as perceived. The emoji reader reads the "
            "embedded emoji world exactly; photographs are read by a model of yours. A reading it is not sure of is left open.",
            inputs=[
                io.Image.Input("image", tooltip="Decoded pictures, a batch counts as one run."),
                io.Combo.Input("reader", options=[EMOJI, EMOJI_AGED], default=EMOJI, tooltip="Who reads where no loaded_reader is connected. emoji world: for pictures of the embedded model. with age: for those of its transformer."),
                Reader.Input("loaded_reader", optional=True, tooltip="From Load Attribute Reader: it reads the people that people says."),
                extra(Boxes.Input("bboxes", optional=True, tooltip="Boxes of people or faces in these very pictures, from RT-DETR, MediaPipe, SDPose or SAM 3 (ComfyUI 0.3.75 has none of these nodes)."), forceInput=True),
                io.Mask.Input("masks", optional=True, tooltip="One picture: a mask for each person. A batch: one mask a picture."),
                advanced(io.Combo.Input("people", options=list(WAYS), default=CONNECTED, optional=True, tooltip="Where the people are that loaded_reader reads: in what is connected, or found here.")),
                advanced(io.Combo.Input("detector", options=[NONE, *detectors()], default=NONE, optional=True, tooltip="With people = a detector's folder: an object detector of transformers below models/fair_readers.")),
                advanced(io.Float.Input("detector_confidence", default=CONFIDENCE, min=0.0, max=1.0, step=0.01, optional=True, tooltip="Below it the detector, or yuface, has found nobody.")),
            ],
            outputs=[
                Attributes.Output(display_name="attributes", tooltip="Who was read as what, for Bias-W / Bias-P."),
                io.Image.Output(display_name="labelled", tooltip="The pictures with boxes and labels."),
                io.String.Output(display_name="report", tooltip="Who was found how, and how many were read as what."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, detector=NONE) -> bool | str:
        if detector in (NONE, None) or path_of(detector).is_dir():  # None: a wire will bring it
            return True
        return (
            f"{NODE}, detector: there is no folder {path_of(detector)}; put an object detector's config.json, preprocessor_config.json and "
            "model.safetensors into it, press R, and choose it"
        )

    @classmethod
    def execute(
        cls, image, reader=EMOJI, loaded_reader=None, bboxes=None, masks=None, people=CONNECTED, detector=NONE,
        detector_confidence=CONFIDENCE,
    ) -> io.NodeOutput:  # fmt: skip
        try:
            check_picture(image)
        except ValueError as error:
            raise ValueError(f"{NODE}, image: {error}") from error
        try:
            if loaded_reader is None:
                found, how = read_by_emoji(reader, image, people, bboxes, masks)
            else:
                found, how = read_by(loaded_reader, image, people, bboxes, masks, detector, detector_confidence)
        except ValueError as error:
            raise ValueError(f"{NODE}, {error}") from error
        drawn = draw_readings(image, found.images)
        text = describe_readings(found, how, nobody(found.images, people if loaded_reader is not None else DRAWN))
        return io.NodeOutput(found, drawn, text, ui=picture_and_text(cls, drawn, text))


NODES = [FairReadAttributes]
