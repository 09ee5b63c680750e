"""Ask for Words: maps of any word after the sampling, from the queries that a capture has kept; nothing is sampled again."""

from comfy_api.latest import io

from ..attention.kept_queries import asked
from ..attention.records import Watch, parse_blocks
from ..guidance.find_run import run_of
from ..guidance.run_record import Recording, SampledRun
from .capture import OWN, PADDED, words_watch
from .types import ATTENTION, Attention, advanced, schema

NODE = "Ask for Words"


class FairAskWords(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairAskWords",
            display_name="Ask for Words",
            category=ATTENTION,
            search_aliases=["open vocabulary", "OVAM", "words afterwards", "attribution prompt", "any word", "phrase"],
            description="Where the model looked for words you think of afterwards, in the prompt or not: from the queries that Capture "
            "Cross-Attention has kept. Nothing is sampled again.",
            inputs=[
                Attention.Input("attention", tooltip="From Capture Cross-Attention, its keep_queries above 0."),
                io.Latent.Input("latent", tooltip="The latent sampled with it."),
                io.Clip.Input("clip", tooltip="The CLIP the sampled prompt is encoded with."),
                io.String.Input("attribution_prompt", multiline=True, default="",
                                tooltip="A text with the words to look for. It is not drawn."),
                io.String.Input("words", default="", optional=True,
                                tooltip="Words or phrases of that text, separated by commas. Empty: every word."),
                advanced(io.Combo.Input(
                    "attribution_softmax", options=[OWN, PADDED], default=OWN, optional=True,
                    tooltip="The words among which the model's looking is shared out. its own tokens: the words of that text alone (try this "
                    "first). padded: also the empty places that fill a prompt up, which take most of it.",
                )),
                advanced(io.String.Input(
                    "blocks", default="", optional=True,
                    tooltip="Only these blocks, as in: output.3, output.4. Empty: all that were kept.",
                )),
            ],
            outputs=[Attention.Output(display_name="attention", tooltip="The maps of these words: for Explore Maps, Cross-Attention Heatmaps and others.")],
        )  # fmt: skip

    @classmethod
    def execute(
        cls, attention, latent, clip, attribution_prompt, words="", attribution_softmax=OWN, blocks=""
    ) -> io.NodeOutput:
        run = run_of(attention, latent, NODE)
        if not attribution_prompt.strip():
            raise ValueError(f"{NODE}, attribution_prompt: it is empty; write a text with the words to look for")
        require_queries(run, f"{NODE}, attention")
        kept = run.queries
        watch = words_watch(clip, "", words, attribution_prompt, attribution_softmax, NODE)
        chosen = parse_blocks(blocks, list(kept.projections), NODE)
        require_width(watch, kept)
        shape = run.store.images, run.store.latent_size
        store = asked(kept, watch.attribution, watch.words, *shape, attention.watch.heads, chosen)
        found = SampledRun(store, set(kept.steps), result=run.result)
        found.note(f"asked afterwards, at {len(kept.steps)} of {len(run.steps)} recorded steps")
        return io.NodeOutput(Recording(watch, [found]))


def require_queries(run: SampledRun, where: str) -> None:
    """ValueError, with what to do, if the run has kept none. where: node and input."""
    if run.queries is not None and run.queries.steps:
        return
    why = f" ({run.queries.note})" if run.queries is not None and run.queries.note else ""
    raise ValueError(
        f"{where}: no queries were kept{why}. Set keep_queries of Capture Cross-Attention to some megabytes (100, say) "
        "and sample again; the queries of the latest sampling only are kept"
    )


def require_width(watch: Watch, kept) -> None:
    """ValueError for the text of another model's CLIP."""
    width, wanted = watch.attribution.shape[-1], next(iter(kept.projections.values())).shape[0]
    if width != wanted:
        raise ValueError(
            f"{NODE}, clip: it encodes in {width} numbers a token, the model takes {wanted}; connect the model's own"
        )


NODES = [FairAskWords]
