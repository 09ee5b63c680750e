"""Distribution alignment through the sampler: who learns, in which direction, and that the host takes what is written."""

import argparse
import json

import pytest
import torch

from fair_attention.emoji_world import fine_tune_alignment as tuning
from fair_attention.emoji_world.alignment_loss import WEIGHTS, Bank, Eyes, charged
from fair_attention.emoji_world.autoencoder import shipped_decoder
from fair_attention.emoji_world.fine_tune import adapted, trained_model
from fair_attention.emoji_world.report import phrase
from fair_attention.emoji_world.words import Words
from fair_attention.emoji_world.world import CHECKPOINT

STEPS = 3


@pytest.fixture(autouse=True)
def learning():
    """As in a process of the training's own."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


@pytest.fixture
def parts(host):
    """(U-Net, its changes, decoder, context, noise) of two pictures of two pilots."""
    torch.manual_seed(0)
    words = Words()
    text, unet = trained_model(words)
    changes = adapted(unet, 2)
    for change in changes.values():
        torch.nn.init.normal_(change.up, std=0.01)
    context = text(tuning.ids_of(words, phrase("pilot", 2))).expand(2, -1, -1)
    return unet, changes, shipped_decoder().requires_grad_(False), context, torch.randn(2, 4, 16, 16)


def charge(decoder, latents) -> torch.Tensor:
    return (decoder(latents)[:, 0] - 1).square().mean()


def test_of_one_step_the_gradient_is_the_true_one_but_for_its_coefficient(parts):
    unet, changes, decoder, context, noise = parts
    learnt = [p for change in changes.values() for p in change.parameters()]
    tuning.step_back(unet, decoder, noise, context, lambda x: ((x[:, 0] - 1).square().mean(), {}), 1, [0])
    adjusted = [p.grad.clone() for p in learnt]
    t = torch.full((2,), 999)
    alpha = tuning.noise_schedule()[999]
    eps = unet(noise, t, context=context, transformer_options={})
    true = torch.autograd.grad(charge(decoder, (noise - (1 - alpha).sqrt() * eps) / alpha.sqrt()), learnt)
    size = ((1 - alpha) / alpha).sqrt()
    for ours, theirs in zip(adjusted, true, strict=True):
        torch.testing.assert_close(ours * size, theirs, rtol=1e-3, atol=1e-4 * float(theirs.abs().max()) + 1e-9)


def test_only_the_lora_learns_and_a_step_makes_the_loss_smaller(parts):
    unet, changes, decoder, context, noise = parts
    eyes, bank = Eyes("gender"), Bank(torch.eye(96), torch.arange(96) % 2)
    with torch.no_grad():
        before = decoder(tuning.sampled(unet, noise, context, STEPS)[0])

    def loss(pictures):
        return charged(eyes, WEIGHTS["gender"], bank, pictures, before)

    first, said = tuning.step_back(unet, decoder, noise, context, loss, STEPS, list(range(STEPS)))
    assert said["people"] and said["targets"]
    learnt = [p for change in changes.values() for p in change.parameters()]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in learnt)
    others = [p for p in (*unet.parameters(), *decoder.parameters(), *eyes.net.parameters()) if p.grad is not None]
    assert {id(p) for p in others} == {id(p) for p in learnt}
    length = torch.stack([p.grad.norm() for p in learnt]).norm()
    with torch.no_grad():
        for p in learnt:
            p -= 0.05 * p.grad / length
        after, _ = loss(decoder(tuning.sampled(unet, noise, context, STEPS)[0]))
    assert float(after) < float(first)


def test_the_host_takes_what_is_saved_and_training_goes_on_from_it(parts, host, tmp_path):
    _, changes, *_ = parts
    learnt = [p for change in changes.values() for p in change.parameters()]
    average = [2 * p.detach() for p in learnt]
    optimiser = torch.optim.AdamW(learnt, 1e-3)
    a = argparse.Namespace(out=tmp_path / "aligned.safetensors", axis="gender", seed=17)
    tuning.saved(a, changes, learnt, average, optimiser, 5)
    model = host.comfy.sd.load_checkpoint_guess_config(str(CHECKPOINT), output_clip=False, output_vae=False)[0]
    lora = host.comfy.utils.load_torch_file(str(a.out))
    patched, _ = host.comfy.sd.load_lora_for_models(model, None, lora, 1.0, 0)
    assert len(patched.patches) == len(changes) == 16 * 8
    name, change = next(iter(changes.items()))
    torch.testing.assert_close(
        lora[f"diffusion_model.{name}.lora_up.weight"].float(), 2 * change.up.detach(), atol=1e-3, rtol=1e-2
    )
    kept = torch.load(tmp_path / "aligned.pt", weights_only=True)
    assert kept["step"] == 5 and all(torch.equal(x, p) for x, p in zip(kept["learnt"], learnt, strict=True))


def test_training_writes_its_curve_and_goes_on(host, tmp_path):
    a = argparse.Namespace(
        out=tmp_path / "aligned.safetensors", axis="gender", steps=1, people=[1], sampler_steps=2, through=1, batch=2,
        noises=1, bank=4, rank=2, lr=1e-3, seed=17,
    )  # fmt: skip
    tuning.train(a)
    a.steps = 2
    tuning.train(a)
    rows = [json.loads(line) for line in a.out.with_suffix(".log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2] and [row["prompt"] for row in rows] == [
        "a photo of a doctor",
        "a photo of a pilot",
    ]
    assert all(set(row) >= {"loss", "align", "image", "face", "people", "first"} for row in rows)
