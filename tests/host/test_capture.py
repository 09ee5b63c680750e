"""Capture on the real host: the picture stays bit-identical by every sampler, and the maps equal an explicit softmax."""

import comfy.samplers
import pytest
import torch

from fair_attention.tests.host.capture_bench import PROMPT, CaptureBench


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return CaptureBench(host, tiny_checkpoint)


@pytest.mark.parametrize("sampler", comfy.samplers.KSampler.SAMPLERS)
def test_every_sampler_gives_the_same_picture(bench, sampler):
    positive = bench.encode(PROMPT)
    try:
        plain = bench.sample(bench.model, positive, steps=3, sampler=sampler)
    except Exception as error:  # noqa: BLE001  whatever it is, it is not ours
        pytest.skip(f"{sampler} fails without us: {error}")
    model, attention = bench.record()
    assert torch.equal(bench.sample(model, positive, steps=3, sampler=sampler), plain)
    run = attention.runs[-1]
    assert len(run.store.blocks) == 16 and run.steps and run.notes == []


@pytest.mark.parametrize("scheduler", comfy.samplers.KSampler.SCHEDULERS)
def test_every_scheduler_has_its_steps_recorded(bench, scheduler):
    model, attention = bench.record(blocks="output.3")
    sampler = comfy.samplers.KSampler(model, 4, model.load_device, "euler", scheduler, 1.0, model.model_options)
    noise = torch.randn(1, 4, 8, 8, generator=torch.manual_seed(1))
    sampler.sample(noise, bench.encode(PROMPT), bench.negative, 4.0, torch.zeros_like(noise), disable_pbar=True)
    assert attention.runs[-1].steps == set(range(len(sampler.sigmas) - 1))


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpm_2", "dpmpp_2s_ancestral", "dpmpp_sde", "uni_pc", "ddim"])
def test_the_first_call_of_each_step_is_kept(bench, sampler):
    run = bench.check(lambda m: bench.sample(m, bench.encode(PROMPT), steps=3, sampler=sampler))
    assert run.steps == {0, 1, 2}


@pytest.mark.parametrize("cfg", [1.0, 5.0])
@pytest.mark.parametrize("batch", [1, 3])
def test_cfg_and_batches(bench, cfg, batch):
    run = bench.check(lambda m: bench.sample(m, bench.encode(PROMPT), batch=batch, steps=2, cfg=cfg))
    maps = run.store.mean(run.store.blocks[0])
    assert maps.shape == (batch, 3, 8, 8)
    assert batch == 1 or not torch.equal(maps[0], maps[1])


@pytest.mark.parametrize(("height", "width"), [(64, 96), (72, 56), (40, 104)])
def test_sizes_that_are_not_square(bench, height, width):
    """Sides that do not halve evenly round up in the U-Net."""

    def sample(model):
        latent = {"samples": torch.zeros(1, 4, height // 8, width // 8)}
        args = (model, 3, 2, 5.0, "euler", "normal", bench.encode(PROMPT), bench.negative, latent)
        return bench.host.nodes.common_ksampler(*args)[0]["samples"]

    assert bench.check(sample).store.latent_size == (height // 8, width // 8)


def test_a_window_of_steps(bench):
    model, attention = bench.record(start_percent=0.3, end_percent=0.7)
    bench.sample(model, bench.encode(PROMPT), steps=6)
    assert 0 < len(attention.runs[-1].steps) < 6 and 0 not in attention.runs[-1].steps


def test_memory_does_not_grow_with_the_steps(bench):
    model, attention = bench.record()
    for steps in (1, 6):
        bench.sample(model, bench.encode(PROMPT), steps=steps)
    one, six = (run.store.bytes() for run in attention.runs)
    assert one == six
