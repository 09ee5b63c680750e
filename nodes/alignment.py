"""Linguistic Alignment (LAG): which words of a prompt denote the same people, and where their tokens are."""

from comfy_api.latest import io, ui

from ..attention.prompt.language import PARSERS, PeopleGroup, people_groups
from ..attention.prompt.tokens import Span, find_words
from ..attention.records import AlignedPrompt
from .sampling.clip_text import encode, locate
from .types import PEOPLE, Tokens, advanced, schema

NODE = "Linguistic Alignment"


def align(clip, prompt: str, parser: str, subject: str, edit_fixed: bool) -> tuple[AlignedPrompt, list]:
    groups = named_groups(prompt, subject, parser) if subject.strip() else people_groups(prompt, parser)
    if not groups:
        raise ValueError(
            f'{NODE}, prompt: {prompt!r} names no person. Name one ("three doctors"), or write the word that denotes '
            "the people into `subject`."
        )
    conditioning, context = encode(clip, prompt)
    words = tuple(tuple(locate(clip, prompt, list(g.members), NODE)) for g in groups)
    return AlignedPrompt(prompt, context, groups, words, edit_fixed), conditioning


def named_groups(prompt: str, subject: str, parser: str = "rules") -> tuple[PeopleGroup, ...]:
    """One group for each comma-separated entry; "faces + doctors" links words by hand.

    What the prompt says of these words (an attribute, a number) is read as of any person noun.
    """
    groups = []
    for entry in (e for e in subject.split(",") if e.strip()):
        members: list[Span] = []
        for name in entry.split("+"):
            try:
                members.append(find_words(prompt, name.strip())[0])
            except ValueError as error:
                raise ValueError(f"{NODE}, subject: {error}") from None
        ordered = tuple(sorted(members, key=lambda s: s.start))
        read = people_groups(prompt, parser, ordered)
        fixed = tuple(dict.fromkeys(stated for group in read for stated in group.fixed))
        count = next((group.count for group in reversed(read) if group.count != 1), None)
        plural = any(group.plural for group in read)
        groups.append(PeopleGroup(ordered[-1], ordered, None, count, plural, fixed, ("named by the user",)))
    return tuple(groups)


def describe(aligned: AlignedPrompt) -> str:
    lines = []
    for group, words in zip(aligned.groups, aligned.words, strict=True):
        tokens = ", ".join(f"{w.label} (token {' '.join(map(str, w.positions))})" for w in words)
        lines.append(f"{group.label}: {tokens}")
        lines += [f"  {reason}" for reason in group.why]
        if group.count is not None:
            lines.append(f"  the prompt asks for {group.count}")
        if group.fixed and not aligned.edit_fixed:
            fixed = ", ".join(f'{axis} by "{word}"' for axis, word in group.fixed)
            lines.append(f"  already stated, so left alone: {fixed}")
    return "\n".join(lines)


class FairLinguisticAlignment(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairLinguisticAlignment",
            display_name="Linguistic Alignment",
            category=PEOPLE,
            search_aliases=["people in prompt", "person", "nouns", "tokens", "faces", "parse prompt", "subject"],
            description="Finds the words of the prompt that denote people, links the words that denote the same people "
            "(faces of doctors, smiling doctors) and finds their tokens. Use its conditioning as the sampler's positive.",
            inputs=[
                io.Clip.Input("clip", tooltip="The CLIP the prompt is encoded with; its own tokenizer is used."),
                io.String.Input("prompt", multiline=True, dynamic_prompts=True, default="a photo of three doctors",
                                tooltip="The positive prompt. Must name at least one person."),
                advanced(io.Combo.Input(
                    "parser", options=list(PARSERS), default="auto", optional=True,
                    tooltip="auto: spaCy if it and an English model are installed, else the built-in rules.",
                )),
                advanced(io.String.Input(
                    "subject", default="", optional=True,
                    tooltip="Name the people words yourself instead of parsing, proper names too: one entry a group, commas "
                    "between; link words of one group with +, as in: faces + doctors.",
                )),
                advanced(io.Boolean.Input(
                    "edit_fixed", default=False, optional=True,
                    tooltip="Also change people whose attribute the prompt already states (a female doctor).",
                )),
            ],
            outputs=[
                Tokens.Output(display_name="tokens", tooltip="The people words and their tokens."),
                io.Conditioning.Output(display_name="conditioning", tooltip="The encoded prompt: the sampler's positive."),
                io.String.Output(display_name="linked", tooltip="What was linked and why."),
            ],
        )  # fmt: skip

    @classmethod
    def execute(cls, clip, prompt, parser="auto", subject="", edit_fixed=False) -> io.NodeOutput:
        aligned, conditioning = align(clip, prompt, parser, subject, edit_fixed)
        text = describe(aligned)
        return io.NodeOutput(aligned, conditioning, text, ui=ui.PreviewText(text))


NODES = [FairLinguisticAlignment]
