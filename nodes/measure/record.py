"""Record People: saves pictures with what each person was given and read, and adds them to a study."""

import re
from pathlib import Path

import folder_paths
import nodes as core
from comfy_api.latest import io, ui

from ...guidance.find_run import pixel_size, run_of
from ...metrics.axes import measure_axis
from ...metrics.people import reading_at
from ...metrics.readers import ReadAttributes
from ...metrics.study import CellRows, StudyError, StudyStore
from ...metrics.study.provenance import seed_behind, text_behind
from ...metrics.study.rows import rows_of
from ...metrics.study.so_far import in_words as said
from ...metrics.study.so_far import so_far
from ...pictures.bias_chart import measurement_chart
from ...pictures.drawing import to_tensor
from ..types import MEASURE, Attention, Attributes, schema
from ..user.theme import current

NODE, FOLDER = "Record People", "fair_studies"


def folder_of(study: str) -> Path:
    """Where a study is kept. ValueError for a name that is no plain file name."""
    if not re.fullmatch(r"[\w][\w .-]{0,79}", study) or study.endswith((".", " ")):
        raise ValueError(
            f"{NODE}, study: {study!r} cannot be a folder's name; use letters, digits, spaces, - and _, at most 80, or leave it empty"
        )
    return Path(folder_paths.get_output_directory(), FOLDER, study)


def places(latent, pictures: int) -> list[int]:
    """Each picture's place in the batch of its seed, as Latent From Batch has kept it; as they stand where that does not tell them apart."""
    kept = list((latent or {}).get("batch_index") or ())
    return kept if len(set(kept)) == len(kept) == pictures else list(range(pictures))


def given_by(attention, latent, image, read: ReadAttributes) -> list:
    """Of each picture: which attribute the person of each reading was given, and those given where nobody is read."""
    if attention is None:
        return []
    if latent is None:
        raise ValueError(f"{NODE}, latent: connect the latent sampled with this attention too")
    run, size, found = run_of(attention, latent, NODE, image), pixel_size(latent, image), []
    for people, readings in zip(run.people or [[]] * len(image), read.images, strict=True):
        places, unread = {id(r): j for j, r in enumerate(readings)}, []
        given: dict[int, tuple[str, str]] = {}
        for person in people if not run.whole else ():
            seen = reading_at(person.mask, readings, size)
            if seen is not None and places[id(seen)] not in given:
                given[places[id(seen)]] = (person.name, person.status.value)
            elif person.name:
                unread.append(person.name)
        if run.whole and people:  # its one "person" is the picture
            given = {j: (people[0].name, people[0].status.value) for j in range(len(readings))}
        found.append((given, unread))
    return found


def save(node, image, prefix: str, rows: CellRows, about: dict) -> list[dict]:
    """Every picture by the host's own Save Image; its metadata hold its rows, its prompt, its seed and its place in the batch."""
    saved = []
    for number, (one, row) in enumerate(zip(image, rows.pictures, strict=True)):
        people = [{"box": p.box, "read": p.read, "given": p.given, "status": p.status} for p in row.people]
        known = {**about, "batch_index": row.batch_index, "reader": rows.reader, "people": people}
        info = {**(node.hidden.extra_pnginfo or {}), "fair_people": known}
        done = core.SaveImage().save_images(
            one[None], prefix.replace("%batch_num%", str(number)), node.hidden.prompt, info
        )
        saved += done["ui"]["images"]
    return saved


class FairRecordPeople(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairRecordPeople",
            display_name="Record People",
            category=MEASURE,
            search_aliases=["audit", "study", "save image", "log", "dataset", "experiment", "statistics"],
            description="Saves the pictures, and adds everybody in them to a study: one row a person, with what was given and what is read. "
            "Run it fifty times with changing seeds, and it says how fair the model is.",
            inputs=[
                io.Image.Input("image", tooltip="The decoded pictures; each is saved with what is known about its people."),
                Attributes.Input("attributes", tooltip="From Read Attributes, of the same pictures."),
                io.String.Input("study", default="my study", tooltip="The name of the study to add to, a folder in output/fair_studies. Empty: pictures are saved, and nothing is added."),
                io.String.Input("method", default="plain", tooltip="What these pictures are drawn with: plain, fair, the name of a LoRA. Methods of one study are compared by prompt and seed."),
                io.String.Input("axis", default="gender", tooltip="What the summary compares: gender, skin tone; crossed: gender x skin tone. All axes are recorded."),
                io.String.Input("filename_prefix", default="fair/people", tooltip="As in Save Image."),
                Attention.Input("attention", optional=True, tooltip="From Fair Inference or Fair Diffusion: what each person was given is recorded too."),
                io.Latent.Input("latent", optional=True, tooltip="The sampled latent, with attention; or for the places in a batch that Latent From Batch has cut out."),
                io.String.Input("prompt", optional=True, force_input=True, tooltip="The prompt. Not connected: as found in the graph."),
                io.Int.Input("seed", default=0, min=0, max=0xFFFFFFFFFFFFFFFF, optional=True, force_input=True, tooltip="The sampler's seed. Not connected: as found in the graph."),
            ],
            outputs=[
                Attributes.Output(display_name="attributes", tooltip="Everybody recorded under this method so far, for Bias-W / Bias-P and Compare Bias."),
                io.String.Output(display_name="report", tooltip="How the study stands, in words."),
                io.Image.Output(display_name="chart", tooltip="Each class's share with its interval; Bias-W beside floor and chance."),
            ],
            hidden=[io.Hidden.unique_id, io.Hidden.prompt, io.Hidden.extra_pnginfo],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(
        cls, image, attributes, study="my study", method="plain", axis="gender", filename_prefix="fair/people", attention=None,
        latent=None, prompt=None, seed=None,
    ) -> io.NodeOutput:  # fmt: skip
        if len(attributes.images) != len(image):
            raise ValueError(f"{NODE}, attributes: read in {len(attributes.images)} pictures, but image holds {len(image)}; connect Read Attributes of these")  # fmt: skip
        folder = folder_of(study.strip()) if study.strip() else None
        graph, me = cls.hidden.prompt or {}, str(cls.hidden.unique_id)
        about = {
            "method": method.strip(),
            "prompt": text_behind(graph, me, "image") if prompt is None else prompt.strip(),
            "seed": seed_behind(graph, me, "image") if seed is None else seed,
        }
        given = given_by(attention, latent, image, attributes)
        rows = rows_of(attributes, (image.shape[2], image.shape[1]), places(latent, len(image)), given)
        saved = save(cls, image, filename_prefix, rows, about)
        text, everybody, found = kept(folder, about, rows, attributes, axis)
        drawn = to_tensor([measurement_chart(found, current())]) if found else image[:1]
        shown = ui.PreviewImage(drawn, cls=cls).as_dict()["images"] if found else []
        return io.NodeOutput(
            everybody, text, drawn,
            ui={"images": [*shown, *saved], "text": (text,), "fair_rows": (rows.dumps(),), "fair_saved": saved},
        )  # fmt: skip


def kept(folder: Path | None, about: dict, rows: CellRows, read: ReadAttributes, axis: str):
    """Rows added to the study, if there is one: (how it stands, everybody of the method, their measurement)."""
    try:
        if folder is None:
            found = measure_axis(read, axis, NODE)
            return "not added to a study\n" + said(about["method"], found), read, found
        with StudyStore(folder) as store:
            replaced = store.write(about["method"], about["prompt"], about["seed"], rows)
            text, everybody, found = so_far(store, about["method"], axis, NODE)
    except StudyError as error:
        raise ValueError(f"{NODE}, study: {error}") from error
    seed = "seed unknown, so added without being compared" if about["seed"] is None else f"seed {about['seed']}"
    first = f"added {len(rows.pictures)} pictures of {about['prompt'] or '(prompt unknown)'!r}, {seed}"
    again = f"; {replaced} of them were there already and have been replaced" if replaced else ""
    return f"{first}{again}\n{text}", everybody, found


NODES = [FairRecordPeople]
