"""Load Attribute Reader: a classifier or a zero-shot model that says how a viewer perceives a person."""

from comfy_api.latest import io, ui

from ...metrics.readers.label_presets import ZERO_SHOT
from ...metrics.readers.opening import CHOICES, FITTING, open_reader, texts_of_table, with_own_certificate
from ...metrics.readers.person_reader import EXPAND, THRESHOLD, PersonReader
from ...metrics.readers.readings_report import describe_reader
from ..types import MEASURE, Reader, advanced, schema
from .graph_clip import zero_shot_of_graph
from .reader_folders import managed, path_of, places, readers

NODE, GRAPH = "Load Attribute Reader", "clip_vision and clip"
FILES = "config.json, preprocessor_config.json and model.safetensors (a zero-shot model's tokenizer files too)"


def check_folder(folder: str) -> str:
    """What is wrong with the choice, with what to download into where; "" if nothing is."""
    if folder == GRAPH:
        return ""
    try:
        path = path_of(folder)
    except ValueError as error:
        return f"{NODE}, folder: {error}"
    if path.is_dir():
        return ""
    there = ", ".join(readers()) or "none"
    return (
        f"{NODE}, folder: there is no folder {folder!r} (there: {there}). Download a model's {FILES} into {places()[0] / folder}, press R, "
        "and choose it; the help page lists models"
    )


def loaded(folder: str, labels: str, table: str, clip_vision=None, clip=None) -> tuple:
    """(instrument, its folder or None). ValueError begins with the input it is about."""
    given = {"clip_vision": clip_vision, "clip": clip}
    if folder != GRAPH:
        for name, socket in given.items():
            if socket is not None:
                raise ValueError(
                    f"{name}: the reader is read from the folder {folder!r}; take the wire off, or choose {GRAPH!r}"
                )
        path = path_of(folder)
        return open_reader(path, labels, table, managed), path
    for name, socket in given.items():
        if socket is None:
            raise ValueError(
                f"folder: {GRAPH!r} is chosen, but nothing is connected to {name}: connect both, or put a model's {FILES} into a folder of "
                f"{places()[0]}, press R and choose it"
            )
    return zero_shot_of_graph(clip_vision, clip, texts_of_table(table)), None


class FairAttributeReader(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairAttributeReader",
            display_name=NODE,
            category=MEASURE,
            search_aliases=["classifier", "FairFace", "zero-shot", "CLIP", "SigLIP", "gender", "race", "age", "load model"],
            description="Loads a model that reads how a viewer perceives a person: an image classifier or a zero-shot model in the format of "
            "transformers, from a folder of yours. Nothing is fetched.",
            inputs=[
                io.Combo.Input("folder", options=[*readers(), GRAPH], tooltip="A folder below models/fair_readers with the files of a model "
                               f"(press R after adding one); or {GRAPH}: zero-shot with what is connected below."),
                io.Combo.Input("labels", options=list(CHOICES), default=FITTING, tooltip="What a classifier's labels mean: known label sets, "
                               "or your own table. A zero-shot model reads by the texts in table."),
                io.String.Input("table", multiline=True, default=ZERO_SHOT, tooltip="Zero-shot: the texts of each value, value = text | text "
                                "under [axis]. Classifier with labels = own table: value = label | label."),
                io.Float.Input("confidence", default=THRESHOLD, min=0.0, max=1.0, step=0.01, tooltip="A reading the model is less sure of "
                               "is left open, never guessed."),
                advanced(io.Float.Input("expand", default=EXPAND, min=0.0, max=4.0, step=0.05, tooltip="How much of the box's side is "
                                        "added around a person before it is read. 0.5: as Shen et al. cut faces.")),
                io.ClipVision.Input("clip_vision", optional=True, tooltip="From Load CLIP Vision, a CLIP with its projection."),
                io.Clip.Input("clip", optional=True, tooltip="The same CLIP's text encoder with its projection (SDXL's, SD 2.x's; SD 1.x has none)."),
            ],
            outputs=[
                Reader.Output(display_name="reader", tooltip="For Read Attributes, into loaded_reader."),
                io.String.Output(display_name="what it reads", tooltip="Its axes, whose labels they are, and its certificate, in words."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, folder) -> bool | str:
        return folder is None or check_folder(folder) or True  # None: a wire will bring it

    @classmethod
    def fingerprint_inputs(cls, folder, **_) -> float:
        """A file that was added or replaced is read anew; what a wire brings is not known yet, and read every time."""
        if folder is None:
            return float("nan")
        files = path_of(folder).glob("*") if folder != GRAPH else ()
        return max((f.stat().st_mtime for f in files), default=0.0)

    @classmethod
    def execute(
        cls, folder, labels=FITTING, table=ZERO_SHOT, confidence=THRESHOLD, expand=EXPAND, clip_vision=None, clip=None
    ) -> io.NodeOutput:
        if problem := check_folder(folder):
            raise ValueError(problem)
        try:
            instrument, path = loaded(folder, labels, table, clip_vision, clip)
            reader = PersonReader(instrument, confidence, expand)
        except ValueError as error:
            raise ValueError(f"{NODE}, {error}") from error
        reader, certificate = with_own_certificate(reader, path) if path else (reader, "no certificate")
        text = describe_reader(reader, certificate)
        return io.NodeOutput(reader, text, ui=ui.PreviewText(text))


NODES = [FairAttributeReader]
