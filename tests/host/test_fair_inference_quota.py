"""A running quota over all runs since ComfyUI started, where the user asks for it."""

import threading

import pytest

from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.graphs import node
from fair_attention.tests.host.post_cfg import watched

ALL = "all runs since ComfyUI started"


def queue(bench, setting, seeds, **given):
    """One picture of one person a seed, each a run of its own: what each person was given, and the last run."""
    target = bench.target(assignment="running quota", **given)
    chosen = []
    for seed in seeds:
        model, attention = bench.fair(target, regions=setting.regions, masks=halves()[:1], start_percent=0.3)
        bench.sample(model, setting.positive, seed=seed, steps=3)
        chosen.append(attention.runs[-1].people[0][0].attribute)
    return chosen, attention.runs[-1]


def test_single_pictures_meet_the_shares_together(bench, setting):
    chosen, run = queue(bench, setting, range(6), running_quota_over=ALL, quota_name="six")
    assert sorted(chosen) == [0, 0, 0, 1, 1, 1]
    assert run.tally == "quota 'six' of all runs since ComfyUI started: female 3, male 3"
    again, run = queue(bench, setting, range(6, 8), running_quota_over=ALL, quota_name="six", seed=99)
    assert sorted(again) == [0, 1] and run.tally.endswith("female 4, male 4")  # another seed counts on


def test_another_name_or_other_shares_start_anew_and_a_run_by_itself_is_not_counted(bench, setting):
    queue(bench, setting, [0], running_quota_over=ALL, quota_name="a")
    _, other = queue(bench, setting, [0], running_quota_over=ALL, quota_name="b")
    assert sorted(other.tally.split(": ")[1].split(", ")) in (["female 0", "male 1"], ["female 1", "male 0"])
    _, shares = queue(
        bench, setting, [0], preset="own list", attributes="female 1\nmale 3", running_quota_over=ALL, quota_name="a"
    )
    assert sum(int(part.split()[-1]) for part in shares.tally.split(": ")[1].split(", ")) == 1
    _, alone = queue(bench, setting, [0], quota_name="a")
    assert alone.tally == ""


def test_what_was_cancelled_is_not_counted(bench, setting, host):
    target = bench.target(assignment="running quota", running_quota_over=ALL, quota_name="cancelled")
    model, attention = bench.fair(target, regions=setting.regions, masks=halves())

    def stop(_):
        if attention.runs[-1].people:
            raise host.comfy.model_management.InterruptProcessingException()

    broken = watched(model, stop)
    with pytest.raises(host.comfy.model_management.InterruptProcessingException):
        bench.sample(broken, setting.positive)
    bench.sample(model, setting.positive)
    assert attention.runs[-1].tally.endswith("female 1, male 1")


def test_it_counts_on_through_the_queue_and_its_cache(run_prompt, tiny_name):
    """Three prompts differ in the sampler's seed only, so the target's node runs once; the third is queued twice."""

    def prompt(seed):
        return {
            "1": node("CheckpointLoaderSimple", ckpt_name=tiny_name),
            "2": node("CLIPTextEncode", clip=["1", 1], text="a doctor"),
            "3": node("EmptyLatentImage", width=64, height=64, batch_size=1),
            "4": node(
                "FairTargetDistribution",
                preset="gender",
                attributes="",
                assignment="running quota",
                seed=0,
                running_quota_over=ALL,
                quota_name="through the queue",
            ),
            "5": node("SolidMask", value=1.0, width=64, height=64),
            "6": node(
                "FairInference", model=["1", 0], clip=["1", 1], target=["4", 0], masks=["5", 0], strength=3.0,
                start_percent=0.3, end_percent=0.9,
            ),
            "7": node(
                "KSampler", model=["6", 0], positive=["2", 0], negative=["2", 0], latent_image=["3", 0], seed=seed, steps=3,
                cfg=4.0, sampler_name="euler", scheduler="normal", denoise=1.0,
            ),
            "8": node("FairReport", attention=["6", 1], latent=["7", 0]),
        }  # fmt: skip

    told = []
    for seed in (0, 1, 2, 2, 3):
        run = run_prompt(prompt(seed))
        assert run.errors == []
        if "8" in run.values:
            told.append(run.values["8"][0][0].splitlines()[-1])
    assert all(line.startswith("quota 'through the queue' of all runs") for line in told)
    counted = [sum(int(part.split()[-1]) for part in line.split(": ")[1].split(", ")) for line in told]
    assert counted == [1, 2, 3, 3, 4] and told[-1].endswith("female 2, male 2")


def test_only_the_running_quota_can_be_shared(bench):
    with pytest.raises(ValueError, match=r"Target Distribution, running_quota_over: indexed quota does not look"):
        bench.target(assignment="indexed quota", running_quota_over=ALL)


def test_runs_at_once_are_all_counted(host, bench):
    tally = host.pack.guidance.fair.shared_quota
    target = bench.target(assignment="running quota", running_quota_over=ALL, quota_name="threads")
    start = tally.RunningCounts((0, 0), (0.0, 0.0))

    def count():
        for _ in range(200):
            tally.TALLY.standing(target)
            tally.TALLY.add(target, start, [0, 1, 1])

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.TALLY.standing(target).counts == (800, 1600)
