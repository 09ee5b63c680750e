"""Why a run has left the picture as it is: each way in which that can happen, in words for the report."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ...attention.records import RegionFinder
from ..batch_index import SHARED
from ..run_record import Person, SampledRun, Status
from ..schedule import Window, no_step_in_window, step_of
from .cast import Cast
from .plan import FairPlan, of_target

LEFT = "left as drawn"  # whoever was to be steered, and was not
PLAIN = "Nobody was changed: the picture is the plain one"
UNGUIDED = "Nothing was guided: the picture is the plain one"
GONE_ON = "In this sampling nobody was steered; the people are those of the sampling before"
OFF = "strength is 0, so nobody is steered"
ALONE = "steered by the attribute alone: with masks and no regions there is no prompt to insert it into"


def why_off(plan: FairPlan, regions: RegionFinder | None, masks: Tensor | None) -> str:
    """Why this plan steers nobody, whatever is sampled; "" if it may."""
    if plan.strength == 0:
        return OFF
    if not plan.prompts and regions is not None:  # without regions every attribute has its prompt
        return all_stated(plan, regions)
    if masks is not None and not bool((masks > 0).any()):
        return "the masks are empty, so there is nobody to steer"
    return ""


def settings(alone: bool, strength: float, guidance: float | None) -> str:
    """How people are steered where it is not as the node's inputs say, a line each. alone: there is no prompt to say the
    attribute in. guidance: of a model that is distilled for it."""
    said = ALONE if alone else "", "" if guidance is None else distilled(strength, guidance)
    return "\n".join(filter(None, said))


def distilled(strength: float, guidance: float) -> str:
    """What the strength comes to in a model that is distilled for guidance g. Its predictions are D_u + g (D_c - D_u), so that
    their differences are g times as large as those of the model it was taught by: strength s pushes as g s does there."""
    return (
        f"this model is distilled for guidance, and {guidance:g} is in its predictions already: strength {strength:g} pushes about "
        f"as {strength * guidance:g} would elsewhere (7 there is {7 / guidance:.2g} here)"
    )


def all_stated(plan: FairPlan, regions: RegionFinder) -> str:
    """The words by which the prompt has fixed the target's axes for everybody it names."""
    aligned, wanted = regions.aligned, of_target(plan.target)
    said = [f"{group.noun.text}: {', '.join(aligned.stated(g, wanted))}" for g, group in enumerate(aligned.groups)]
    return (
        f"the prompt already states the {plan.target.axis} of everybody it names ({'; '.join(said)}); to change them "
        "all the same, switch on edit_fixed in Linguistic Alignment"
    )


@dataclass
class Progress:
    """What a run of Fair Inference has come by, prediction by prediction. levels: noise levels of the sampler's loop."""

    levels: list[float] = field(default_factory=list)
    guided: set[int] = field(default_factory=set)  # steps of the loop, from 1, at which guidance was added
    asked: int = 0  # predictions
    out_of_range: int = 0  # predictions in the window at which the prompt that names the people is not in force
    steered: int = 0  # predictions to which guidance was added

    def steer(self, sigma: float) -> None:
        """Guidance was added to a prediction at this noise level."""
        self.steered += 1
        self.guided.add(step_of(sigma, torch.tensor(self.levels), 0) + 1)

    def in_words(self) -> str:
        """At which steps of how many people were steered: in a few-step model they may be one or two."""
        first, last, total = min(self.guided), max(self.guided), len(self.levels)
        steps = f"step {first}" if first == last else f"steps {first} to {last}"
        return f"steered at {steps} of {total}"


def settle(cast: Cast, progress: Progress, window: Window, sampling: Any) -> None:
    """At the end of a run: if it has steered nobody, say why, and take back what its people were to get.

    sampling: the host's model_sampling.
    """
    run = cast.run
    if len(set(run.numbers)) < len(run.numbers) and cast.plan.target.assignment != "running quota":
        run.note(SHARED)
    if progress.steered:
        run.guided = progress.in_words() if progress.guided else ""
        if progress.out_of_range:
            run.note(
                f"at {progress.out_of_range} predictions in the window the prompt that names the people was not in force (a "
                "scheduled prompt, a range of steps); nobody was steered there"
            )
        return
    run.why_plain = _why_nobody(cast, progress, window, sampling)
    if cast.people is None:  # whoever had an attribute before has it still
        known = cast.find.known(run)
        run.people = known if any(known) else []
    else:
        run.people = [[_undone(p) for p in people] for people in cast.people]


def _undone(person: Person) -> Person:
    """Somebody who was dealt an attribute, or was to be, as left alone; what a sampling before has given stays."""
    if person.status in (Status.KEPT, Status.STATED, Status.DROPPED):
        return person
    return Person(person.group, person.label, person.mask, reason=LEFT)


def _why_nobody(cast: Cast, progress: Progress, window: Window, sampling: Any) -> str:
    plan = cast.plan
    if not progress.asked:
        return "the sampler never asked the model for a prediction"
    if not any(map(window.holds, progress.levels)):
        return no_step_in_window(sampling, progress.levels, plan.start_percent, plan.end_percent)
    if not any(cast.people or []):
        return (
            "nobody was found. Show the people's words more clearly in the prompt, lower tau or rho in Block Voting, raise "
            "start_percent, or connect masks"
        )
    if all(p.status is Status.DROPPED for people in cast.people or [] for p in people):
        return "everybody who was found was dropped by hand"
    if not cast.active:
        return "the prompt already states the attribute of everybody who was found"
    if progress.out_of_range:
        return (
            "the prompt that names the people is limited to a range of steps, and is not in force between "
            f"start_percent {plan.start_percent:g} and end_percent {plan.end_percent:g}"
        )
    return "another patch kept the attribute prompts from being predicted"


def headline(run: SampledRun) -> list[str]:
    """What a report begins with, where a run has steered nobody."""
    if not run.why_plain and run.people:
        return []
    kept = any(p.attribute is not None for people in run.people for p in people)
    said = UNGUIDED if run.pairs else GONE_ON if kept else PLAIN
    return [f"{said}: {run.why_plain}." if run.why_plain else f"{said}."]


def fewer_found(run: SampledRun) -> list[str]:
    """Where a prompt names more people than were found, group by group and image by image."""
    lines = []
    for group, noun, count in run.named:
        found = [sum(p.group == group for p in people) for people in run.people]
        short = [f"image {image}: {n}" for image, n in enumerate(found, 1) if n < count]
        if short:
            lines.append(f"fewer {noun} were found than the {count} the prompt names ({', '.join(short)})")
    return lines
