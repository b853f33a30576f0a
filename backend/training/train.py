"""Trains the starter model; may be killed and goes on where it was, to the same weights.

    python -I launch.py backend.training train EXAMPLES RUN --steps 6000

`RUN/checkpoint.pt` holds weights, their running average, optimizer and the number of steps; `RUN/log.csv` the loss.
"""

import argparse
import math
import random
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import distributed
from torch.multiprocessing.spawn import start_processes
from torch.nn import functional

from .batches import Batch, Examples
from .network import Starter, features_of_unit_scale, new_scheduler, new_starter
from .vocabulary import new_tokenizer

STOPS = (999, 749, 666, 666, 499, 333, 333, 249)
"""The timesteps of runs of one to four steps, which training visits most; twice those that the styles take."""

MISSING = {"depth": 0.35, "normal": 0.4, "lineart": 0.1, "colour": 0.05}
"""How often a step goes without a condition, so that a painter may do without any of them."""

SCALED, SCALES = 0.25, (0.5, 1.5)
"""How often a condition's scale is another than 1, and between which values."""

CARRIED = (0.4, 1.0)
"""How much of what an earlier step painted lies under a later step's noise. The rest is what the painting began with:
DDIM takes it for noise and keeps it, 29 % of it from timestep 666 to 333."""

STROKES = 0.4
"""How much the contrast and direction of strokes count beside their place."""

STYLING, STYLING_PACE = ("text.", "add_embedding", "time_emb_proj"), 3.0
"""What carries the prompt into every block learns at a multiple of the rate: few weights with a large effect."""

AVERAGE = 0.998
"""The running average's memory of one step."""

STORED_EVERY, LOGGED_EVERY = 200, 25
"""Steps."""


def starting_pictures(batch: Batch, when: torch.Tensor, dice: random.Random) -> torch.Tensor:
    """What the noise is laid over: the beauty picture (img2img), the target, or some of each (a painter's mask).

    A later step starts from what an earlier one has painted: mostly the target, but softer. when: timesteps (N,).
    """
    count, _, height, width = batch.picture.shape
    share = torch.zeros(count, 1, height, width)
    target = batch.target.clone()
    for row, step in enumerate(when.tolist()):
        kind = dice.random() * (0.6 if step < 550 else 1.0)
        if kind < 0.2:
            blobs = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(dice.getrandbits(32)))
            share[row] = functional.interpolate(blobs, (height, width), mode="bicubic")[0] > 0
        elif kind < 0.5:
            share[row] = dice.uniform(*CARRIED) if step < 550 else 1.0
        if dice.random() < 0.5:
            soft = functional.avg_pool2d(functional.pad(target[row], (1, 1, 1, 1), mode="reflect"), 3, 1)
            target[row].lerp_(soft, dice.random())
    return batch.picture + share * (target - batch.picture)


def timesteps(dice: random.Random, count: int) -> torch.Tensor:
    """Random timesteps (count,), mostly near `STOPS`."""
    picked = [
        dice.choice(STOPS) + dice.randint(-30, 30) if dice.random() < 0.75 else dice.randrange(1000)
        for _ in range(count)
    ]
    return torch.tensor([min(max(step, 0), 999) for step in picked])


def scales(dice: random.Random, count: int) -> torch.Tensor:
    """Conditioning scales (count, 1, 1, 1), mostly 1."""
    drawn = [dice.uniform(*SCALES) if dice.random() < SCALED else 1.0 for _ in range(count)]
    return torch.tensor(drawn).view(-1, 1, 1, 1)


def loss_of(predicted: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Absolute error of pixels and of their differences to the right and below, which keeps lines sharp, and `strokes`.

    Near lines an error counts three times: they are few pixels, and what a drawing is judged by.
    """
    weight = 1.0 + 2.0 * functional.max_pool2d(batch.conditions["lineart"][:, :1], 7, 1, 3)
    painted = functional.pixel_shuffle(predicted, 4)
    error = (painted - batch.target) * weight
    right, below = error[..., :, 1:] - error[..., :, :-1], error[..., 1:, :] - error[..., :-1, :]
    exact = (error.abs().mean() + 0.5 * (right.abs().mean() + below.abs().mean())) / weight.mean()
    return exact + STROKES * stroke_error(painted, batch.target)


def stroke_error(painted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """How far the strokes in (N, 3, S, S) are from the target's in contrast and direction, wherever they lie.

    An absolute error alone is least for pale strokes, where their exact place is unsure. Compares structure tensors
    (Bigun and Granlund 1987) of windows, at full and half size.
    """
    total = torch.zeros(())
    for _ in range(2):
        wanted = structure_tensor(target)
        contrast = (wanted[:, :1] + wanted[:, 1:2]).sqrt() + 0.05
        total = total + ((structure_tensor(painted) - wanted).abs() / contrast).mean()
        painted, target = functional.avg_pool2d(painted, 2), functional.avg_pool2d(target, 2)
    return total


def structure_tensor(picture: torch.Tensor) -> torch.Tensor:
    """(N, 3, h, w): squared slope to the right, squared slope down, and their product, as means of 9x9 windows."""
    right = picture[..., :-1, 1:] - picture[..., :-1, :-1]
    down = picture[..., 1:, :-1] - picture[..., :-1, :-1]
    products = torch.stack([(right * right).sum(1), (down * down).sum(1), (right * down).sum(1)], 1)
    return functional.avg_pool2d(products, 9, 3)


class Trainer:
    """The networks, their optimizer and how far they are."""

    def __init__(self, run: Path, learning_rate: float) -> None:
        self.tokenizer = new_tokenizer()
        torch.manual_seed(1)
        self.starter: Starter = new_starter(self.tokenizer)
        self.parts = self.starter.modules()
        self.parts.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {name: value.clone() for name, value in self.parts.state_dict().items()}
        trained = {name: weight for name, weight in self.parts.named_parameters() if weight.requires_grad}
        styling = {name for name in trained if any(part in name for part in STYLING)}
        groups = (
            {"params": [weight for name, weight in trained.items() if name not in styling], "pace": 1.0},
            {"params": [trained[name] for name in trained if name in styling], "pace": STYLING_PACE},
        )
        self.optimizer = torch.optim.AdamW(groups, learning_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        self.kept = new_scheduler().alphas_cumprod.sqrt()
        self.path = run / "checkpoint.pt"
        self.steps = 0
        if self.path.exists():
            stored = torch.load(self.path, weights_only=True)
            self.parts.load_state_dict(stored["weights"])
            self.average = stored["average"]
            self.optimizer.load_state_dict(stored["optimizer"])
            self.steps = stored["steps"]

    def store(self) -> None:
        """Writes the checkpoint under its name only when it is whole."""
        part = self.path.with_suffix(".part")
        torch.save(
            {"weights": self.parts.state_dict(), "average": self.average, "optimizer": self.optimizer.state_dict(),
             "steps": self.steps}, part,
        )  # fmt: skip
        part.replace(self.path)

    def step(self, batch: Batch, dice: random.Random, learning_rate: float) -> float:
        """One optimizer step; returns the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate * group["pace"]
        loss = loss_of(self._predicted(batch, dice), batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if distributed.is_initialized():
            average_gradients(weight for group in self.optimizer.param_groups for weight in group["params"])
        torch.nn.utils.clip_grad_norm_(self.parts.parameters(), 1.0)
        self.optimizer.step()
        self.steps += 1
        self._remember()
        return float(loss.detach())

    @torch.no_grad()
    def warm_up(self, batch: Batch, dice: random.Random) -> None:
        """Fits the scale of the UNet's features to `batch`; for weights that were never trained."""
        with features_of_unit_scale(self.starter.unet):
            self._predicted(batch, dice)

    def _predicted(self, batch: Batch, dice: random.Random) -> torch.Tensor:
        count = len(batch.prompts)
        when = timesteps(dice, count)
        kept = self.kept[when].view(-1, 1, 1, 1)
        latents = kept * starting_pictures(batch, when, dice) + (1.0 - kept**2).sqrt() * batch.noise
        latents = functional.pixel_unshuffle(latents, 4).to(memory_format=torch.channels_last)
        tokens = self.tokenizer(batch.prompts, padding="max_length", truncation=True, return_tensors="pt").input_ids
        words = self.starter.text(tokens)[0]
        down, middle = None, None
        for name, net in self.starter.controls.items():
            if dice.random() < MISSING[name]:
                continue
            condition = batch.conditions[name].contiguous(memory_format=torch.channels_last)
            more_down, more_middle = net(latents, when, words, condition, return_dict=False)
            scale = scales(dice, count)
            down = [0.0] * len(more_down) if down is None else down
            down = [before + scale * more for before, more in zip(down, more_down, strict=True)]
            middle = scale * more_middle if middle is None else middle + scale * more_middle
        predicted: torch.Tensor = self.starter.unet(
            latents, when, words, down_block_additional_residuals=down, mid_block_additional_residual=middle
        ).sample
        return predicted

    @torch.no_grad()
    def _remember(self) -> None:
        memory = min(AVERAGE, self.steps / (self.steps + 20.0))
        weights = dict(self.parts.named_parameters())
        torch._foreach_lerp_([self.average[name] for name in weights], list(weights.values()), 1.0 - memory)


def crops(share: float, crop: int, count: int) -> tuple[int, int]:
    """Side in pixels and number of crops at `share` of the training: small and many at first, large at the end."""
    if share < 0.5:
        return crop, count
    if share < 0.95:
        return crop * 4 // 3, max(count // 2, 1)
    return crop * 2, max(count // 4, 1)


def average_gradients(weights: Iterable[torch.nn.Parameter]) -> None:
    """Gives every process the mean of all processes' gradients; none counts as zero."""
    weights = list(weights)
    pieces = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
    together = torch.cat([piece.flatten() for piece in pieces])
    distributed.all_reduce(together)
    together /= distributed.get_world_size()
    for weight, piece in zip(weights, together.split([weight.numel() for weight in weights]), strict=True):
        # In the weight's own memory format: the fused optimizer reads both by address, not by index.
        weight.grad = torch.empty_like(weight).copy_(piece.view_as(weight))


def train(rank: int, choice: argparse.Namespace) -> None:
    """Training in one of `choice.processes` processes, each with crops of its own; the first one writes."""
    torch.set_num_threads(max(choice.threads // choice.processes, 1))
    if choice.processes > 1:
        distributed.init_process_group(
            "gloo", init_method=f"file://{choice.meeting}", rank=rank, world_size=choice.processes
        )
    trainer = Trainer(choice.run, choice.rate)
    examples = Examples(choice.examples, choice.keep_out)
    log = (choice.run / "log.csv").open("a", buffering=1)
    if trainer.steps == 0:
        trainer.warm_up(examples.batch(random.Random("warm up"), choice.crops, choice.crop), random.Random(0))
    recent: list[float] = []
    started = time.monotonic()
    while trainer.steps < choice.steps:
        share, dice = trainer.steps / choice.steps, random.Random(trainer.steps * choice.processes + rank)
        size, count = crops(share, choice.crop, choice.crops)
        warm, fade = min(1.0, (trainer.steps + 1) / 60.0), 0.5 * (1.0 + math.cos(math.pi * share))
        recent.append(trainer.step(examples.batch(dice, count, size), dice, choice.rate * warm * max(fade, 0.03)))
        if rank > 0:
            continue
        if trainer.steps % LOGGED_EVERY == 0:
            log.write(f"{trainer.steps},{time.monotonic() - started:.0f},{sum(recent) / len(recent):.4f}\n")
            recent.clear()
        if trainer.steps % STORED_EVERY == 0 or trainer.steps == choice.steps:
            trainer.store()


def main(arguments: list[str]) -> None:
    """The command line; see this module's head."""
    parser = argparse.ArgumentParser(
        prog="training train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("examples", type=Path, help="folder that `examples` wrote")
    parser.add_argument("run", type=Path, help="folder for the checkpoint")
    parser.add_argument("--steps", type=int, default=6000, help="in all, those before a pause counted")
    parser.add_argument("--crops", type=int, default=2, help="of a process in a step; each is painted in every style")
    parser.add_argument("--crop", type=int, default=96, help="pixels, a multiple of 96; doubled at the end")
    parser.add_argument("--rate", type=float, default=2e-4, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=2, help="of all processes together")
    parser.add_argument("--processes", type=int, default=1, help="that share the work; two cores are busier with two")
    parser.add_argument("--keep-out", type=int, default=20, help="every so many scenes one is kept for judging")
    choice = parser.parse_args(arguments)
    choice.run.mkdir(parents=True, exist_ok=True)
    if choice.processes == 1:
        train(0, choice)
        return
    with tempfile.TemporaryDirectory() as folder:
        choice.meeting = Path(folder, "meeting")
        # A new interpreter would not know this package, which launch.py registers.
        start_processes(train, (choice,), choice.processes, start_method="fork")
