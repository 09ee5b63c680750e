"""The workflow that fills a study, by hand or from `python -m fair_attention.audit`."""

from .draw import NOTE, Graph
from .graph_parts import (
    DECODE,
    EMOJI_READER,
    NEGATIVE,
    PICTURE,
    SAMPLED,
    SAMPLER,
    SAVE,
    VOTING,
    graph,
    node,
    note,
    own_model,
    target,
)
from .graphs_fair import MODEL_AND_PICTURE, fair_people


def record_a_study() -> Graph:
    nodes = {
        **target("14", "gender"),
        **fair_people(["14", 0], "a photo of three pilots", 8),
        "12": node("FairReadAttributes", image=PICTURE, reader="emoji world"),
        "13": node(
            "FairRecordPeople", image=PICTURE, attributes=["12", 0], study="my study", method="fair", axis="gender",
            filename_prefix="fair/people", attention=["9", 1], latent=SAMPLED,
        ),
    }  # fmt: skip
    del nodes["10"], nodes[SAVE]
    return graph(
        "Fill a study",
        note(
            "*Record People* saves the pictures and adds everybody in them to *my study*; below it stands how fair the study is so far.",
            "Set *KSampler*, control after generate, to *increment*, and press Run again and again, or give Run a number. Then "
            "set *Fair Inference*, strength, to 0, *method* to *plain* and the seed back: both are compared, picture by picture.",
            "Many prompts, days, several machines: `python -m fair_attention.audit` runs this file and writes a report.",
            own=own_model(every=f"{VOTING} {EMOJI_READER}"),
        ),
        nodes,
        [[NOTE, *MODEL_AND_PICTURE], ["7", NEGATIVE, "14", "8"], ["9", SAMPLER, DECODE], ["12"], ["13"]],
        {
            "Model and picture": MODEL_AND_PICTURE, "Who becomes what": ["7", NEGATIVE, "14", "8"],
            "Sample": ["9", SAMPLER, DECODE], "Who is there": ["12"], "The study": ["13"],
        },
        about="Run it often: how fair is the model, over many seeds?",
        heights={"12": 150, "13": 300},
    )  # fmt: skip


GRAPHS = {"record-a-study": record_a_study}
