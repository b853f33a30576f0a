"""Training the starter model goes on after a kill, to the very same weights, and may be shared by processes."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from flowbrush.backend.training import train
from flowbrush.backend.training.examples import VARIANTS
from flowbrush.backend.training.filters import FILTERS
from flowbrush.backend.training.words import Manner
from torch import distributed

SIDE, STEPS = 128, 3
OPTIONS = ("--steps", str(STEPS), "--crops", "1", "--threads", "1")

# Trains as the command does, but stores every step; stands still after the first one, to be killed there.
STANDS_STILL = f"""
import sys, time
from flowbrush.backend.models.vision import import_torchvision
import_torchvision()
from flowbrush.backend.training import train
train.STORED_EVERY = 1
store = train.Trainer.store
def store_and_wait(trainer):
    store(trainer)
    if trainer.steps == 1:
        print("stored", flush=True)
        time.sleep(600)
train.Trainer.store = store_and_wait
train.main([*sys.argv[1:], *{OPTIONS!r}])
"""


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three made-up scenes in the form that `training examples` writes."""
    folder = tmp_path_factory.mktemp("examples")
    names = [f"{style}_{variant}" for style in FILTERS for variant in range(VARIANTS)]
    manners = {name: asdict(Manner(tone=1.0, tint="blue")) for name in names}
    for number in (1, 2, 3):
        dice = np.random.default_rng(number)
        colours = {name: dice.integers(0, 256, (SIDE, SIDE, 3), np.uint8) for name in ("picture", "normal", *names)}
        planes = {name: dice.integers(0, 256, (SIDE, SIDE), np.uint8) for name in ("depth", "lineart")}
        np.savez(folder / f"{number:04d}.npz", **colours, **planes, manners=np.array(json.dumps(manners)))
    return folder


def trained(examples: Path, run: Path) -> dict[str, torch.Tensor]:
    """All weights and their averages after the command has come to its end."""
    train.main([str(examples), str(run), *OPTIONS])
    stored = torch.load(run / "checkpoint.pt", weights_only=True)
    assert stored["steps"] == STEPS
    return {f"{kind} {name}": value for kind in ("weights", "average") for name, value in stored[kind].items()}


def test_a_killed_run_goes_on_to_the_same_weights(examples: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    with subprocess.Popen(
        [sys.executable, "-c", STANDS_STILL, str(examples), str(killed)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "stored\n"
        process.kill()
    stopped = torch.load(killed / "checkpoint.pt", weights_only=True)
    assert stopped["steps"] == 1
    whole, resumed = trained(examples, tmp_path / "whole"), trained(examples, killed)
    assert any(not torch.equal(value, whole[f"weights {name}"]) for name, value in stopped["weights"].items())
    assert whole.keys() == resumed.keys()
    different = [name for name in whole if not torch.equal(whole[name], resumed[name])]
    assert not different, f"{len(different)} of {len(whole)} differ, as {different[:3]}"


def test_shared_gradients_keep_the_memory_format_of_their_weights(tmp_path: Path) -> None:
    """The fused optimizer reads both by address: another order gives every weight the gradient of another one."""

    def stepped(*, shared: bool) -> torch.Tensor:
        values = torch.linspace(-1.0, 1.0, 4 * 3 * 3 * 3).view(4, 3, 3, 3)
        weight = torch.nn.Parameter(values.clone(memory_format=torch.channels_last))
        weight.grad = values.clone(memory_format=torch.channels_last)
        if shared:
            train.average_gradients([weight])
        torch.optim.AdamW([weight], 0.1, weight_decay=0.0, fused=True).step()
        return weight.detach()

    distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1)
    try:
        assert torch.equal(stepped(shared=True), stepped(shared=False))
    finally:
        distributed.destroy_process_group()
