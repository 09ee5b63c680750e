"""Ethical Intervention (SD-EI): a sentence behind the prompt that asks for fairness in words."""

from comfy_api.latest import io, ui

from ...attention.prompt.language import people_groups
from ...attention.prompt.lexicon import is_plural
from ...guidance.baselines.ethical import AXES, PUBLISHED, WORDINGS, Subject, intervened, subjects_of
from ..types import BASELINES, advanced, schema

NODE = "Ethical Intervention (SD-EI)"


def subjects(prompt: str, named: str) -> tuple[Subject, ...]:
    """Whom the sentences are about: those named, commas between, else those the prompt names. ValueError for nobody."""
    if not prompt.strip():
        raise ValueError(f"{NODE}, prompt: it is empty; write the prompt that the sentence is to be added to")
    found = tuple(Subject(n.strip(), is_plural(n.strip().rpartition(" ")[2])) for n in named.split(",") if n.strip())
    found = found or subjects_of(people_groups(prompt, "rules"))
    if not found:
        raise ValueError(
            f'{NODE}, prompt: {prompt!r} names no person. Name one ("three doctors"), or write whom the sentence is about '
            "into `subject`."
        )
    return found


class FairEthicalIntervention(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairEthicalIntervention",
            display_name=NODE,
            category=BASELINES,
            search_aliases=["SD-EI", "entigen", "fairness", "debias", "baseline", "prompt", "diversity"],
            description="Adds a sentence to the prompt that asks for fairness in words, as Bansal et al. (2022) do. It changes "
            "nothing but the prompt: the baseline that every other method has to beat.",
            inputs=[
                io.String.Input("prompt", multiline=True, dynamic_prompts=True, default="a photo of three doctors",
                                tooltip="The prompt; it must name at least one person."),
                io.Combo.Input("axis", options=list(AXES), default="gender",
                               tooltip="What is to be irrelevant. gender and skin colour are published; the others, marked ours, are "
                               "the same sentence with other words."),
                io.Combo.Input("wording", options=list(WORDINGS), default=PUBLISHED,
                               tooltip="published: letter by letter, with one occupation in the singular and always the article a. the "
                               "other phrase: published too, shorter. ours: grammatical, plural where the prompt is."),
                advanced(io.String.Input(
                    "subject", default="", optional=True,
                    tooltip="Whom the sentence is about, where the words found in the prompt are not the right ones, as in: "
                    "flight attendant. Several with commas between. Empty: found in the prompt.",
                )),
            ],
            outputs=[io.String.Output(display_name="prompt", tooltip="For CLIP Text Encode, in the place of your prompt.")],
        )  # fmt: skip

    @classmethod
    def execute(cls, prompt, axis="gender", wording=PUBLISHED, subject="") -> io.NodeOutput:
        text = intervened(prompt, subjects(prompt, subject), axis, wording)
        return io.NodeOutput(text, ui=ui.PreviewText(text))


NODES = [FairEthicalIntervention]
