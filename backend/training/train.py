"""Trains the starter model; may be killed and goes on where it was.

    python -I launch.py backend.training train EXAMPLES RUN --vocabulary FILE --minutes 60

`RUN/checkpoint.pt` holds weights, their running average, optimizer and elapsed time; `RUN/log.csv` the loss.
"""

import argparse
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from .examples import GEOMETRY
from .examples import noise as example_noise
from .filters import FILTERS
from .network import Starter, new_scheduler, new_starter, new_tokenizer

PROMPTS = {
    "ink": ("ink drawing, line and wash", "pen and ink with light washes on paper", "ink sketch", "ink"),
    "cel": ("cel shaded, anime", "cel animation, flat colours, clean outlines", "anime cel", "cel"),
    "watercolour": ("watercolour painting", "watercolour on rough paper", "watercolor illustration", "watercolour"),
}
"""How each style is asked for in training. An empty prompt asks for the scene as it is."""

FILLERS = (
    "a", "of", "in", "the", "with", "knight", "robot", "fox", "person", "scene", "character",
    "standing", "walking", "day", "night", "beautiful",
)  # fmt: skip
"""Words that training adds anywhere: they change nothing."""

STOPS = (249, 499, 749, 999)
"""The timesteps of a four-step run, which training visits most."""

MISSING = {"depth": 0.35, "normal": 0.5, "lineart": 0.1, "colour": 0.05}
"""How often a step goes without a condition, so that a painter may do without any of them."""

STYLING, STYLING_PACE = ("text.", "add_embedding", "time_emb_proj"), 5.0
"""What carries the style's name into every block learns at a multiple of the rate: few weights with a large effect."""

AVERAGE = 0.996
"""The running average's memory of one step."""


@dataclass(frozen=True)
class Batch:
    """What one step learns from; pictures are (N, 3, S, S) from -1 to 1, conditions from 0 to 1."""

    picture: torch.Tensor
    target: torch.Tensor
    noise: torch.Tensor
    conditions: dict[str, torch.Tensor]
    prompts: list[str]


class Examples:
    """All prepared examples of a folder in memory; new ones are found by `refresh`."""

    def __init__(self, folder: Path, keep_out: int) -> None:
        self.folder, self.keep_out = folder, keep_out
        self.scenes: dict[int, dict[str, np.ndarray]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Reads what `examples` has written since."""
        for path in sorted(self.folder.glob("????.npz")):
            number = int(path.stem)
            if number not in self.scenes and number % self.keep_out:
                with np.load(path) as file:
                    self.scenes[number] = {name: file[name] for name in file.files}

    def batch(self, dice: random.Random, count: int, size: int) -> Batch:
        """Random crops of random scenes, as they are or mirrored, each in every style; at least `count` in all."""
        rows: list[dict[str, Any]] = []
        while len(rows) < count:
            place = dice.getrandbits(32)
            rows += [self._crop(random.Random(place), dice, style, size) for style in FILTERS]
        stacked = {
            name: torch.from_numpy(np.stack([row[name] for row in rows])).permute(0, 3, 1, 2).float()
            for name in ("picture", "target", "noise", *GEOMETRY)
        }
        return Batch(
            picture=stacked["picture"] / 127.5 - 1.0,
            target=stacked["target"] / 127.5 - 1.0,
            noise=stacked["noise"],
            conditions={**{name: stacked[name] / 255.0 for name in GEOMETRY}, "colour": stacked["picture"] / 255.0},
            prompts=[row["prompt"] for row in rows],
        )

    def _crop(self, place: random.Random, dice: random.Random, style: str, size: int) -> dict[str, Any]:
        number = place.choice(list(self.scenes))
        scene, mirrored = self.scenes[number], place.randrange(2)
        height, width = scene["picture"].shape[:2]
        # Whole latent pixels, so that the noise keeps its place within them.
        top, left = place.randrange(0, height - size + 1, 4), place.randrange(0, width - size + 1, 4)
        window = (slice(top, top + size), slice(left, left + size))
        planes = {name: scene[name] for name in ("picture", *GEOMETRY)}
        if mirrored:
            planes = {name: plane[:, ::-1] for name, plane in planes.items()}
            planes["normal"] = planes["normal"] * np.array((-1, 1, 1), np.int16) + np.array((255, 0, 0), np.int16)
        row: dict[str, Any] = {name: np.ascontiguousarray(plane[window]) for name, plane in planes.items()}
        row["noise"] = example_noise(number, style, mirrored, (height, width))[window]
        row["target"] = scene[f"{style}_{mirrored}"][window]
        row["prompt"] = _prompt(dice, style)
        if dice.random() < 0.04:
            row["target"], row["prompt"] = row["picture"], ""
        return row


def _prompt(dice: random.Random, style: str) -> str:
    words = dice.choice(PROMPTS[style]).split()
    for _ in range(dice.choice((0, 0, 1, 3))):
        words.insert(dice.randint(0, len(words)), dice.choice(FILLERS))
    return " ".join(words)


def starting_pictures(batch: Batch, dice: random.Random) -> torch.Tensor:
    """What the noise is laid over: the beauty picture (img2img), the target, or some of each (a painter's mask)."""
    count, _, height, width = batch.picture.shape
    share = torch.zeros(count, 1, height, width)
    for row in share:
        kind = dice.random()
        if kind < 0.25:
            row.fill_(1.0)
        elif kind < 0.5:
            blobs = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(dice.getrandbits(32)))
            row.copy_(functional.interpolate(blobs, (height, width), mode="bicubic")[0] > 0)
    return batch.picture + share * (batch.target - batch.picture)


def timesteps(dice: random.Random, count: int) -> torch.Tensor:
    """Random timesteps (count,), mostly near `STOPS`."""
    picked = [
        dice.choice(STOPS) + dice.randint(-30, 30) if dice.random() < 0.7 else dice.randrange(1000)
        for _ in range(count)
    ]
    return torch.tensor([min(max(step, 0), 999) for step in picked])


def loss_of(predicted: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Absolute error of pixels and of their differences to the right and below, which keeps lines sharp.

    Near lines it counts three times: they are few pixels, and what a drawing is judged by.
    """
    weight = 1.0 + 2.0 * functional.max_pool2d(batch.conditions["lineart"][:, :1], 7, 1, 3)
    error = (functional.pixel_shuffle(predicted, 4) - batch.target) * weight
    right, below = error[..., :, 1:] - error[..., :, :-1], error[..., 1:, :] - error[..., :-1, :]
    return (error.abs().mean() + 0.5 * (right.abs().mean() + below.abs().mean())) / weight.mean()


class Trainer:
    """The networks, their optimizer and how far they are."""

    def __init__(self, vocabulary: Path, run: Path, learning_rate: float) -> None:
        self.tokenizer = new_tokenizer(vocabulary)
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
        self.steps, self.seconds = 0, 0.0
        if self.path.exists():
            stored = torch.load(self.path, weights_only=True)
            self.parts.load_state_dict(stored["weights"])
            self.average = stored["average"]
            self.optimizer.load_state_dict(stored["optimizer"])
            self.steps, self.seconds = stored["steps"], stored["seconds"]

    def store(self) -> None:
        """Writes the checkpoint under its name only when it is whole."""
        part = self.path.with_suffix(".part")
        torch.save(
            {"weights": self.parts.state_dict(), "average": self.average, "optimizer": self.optimizer.state_dict(),
             "steps": self.steps, "seconds": self.seconds}, part,
        )  # fmt: skip
        part.replace(self.path)

    def step(self, batch: Batch, dice: random.Random, learning_rate: float) -> float:
        """One optimizer step; returns the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate * group["pace"]
        when = timesteps(dice, len(batch.prompts))
        kept = self.kept[when].view(-1, 1, 1, 1)
        latents = kept * starting_pictures(batch, dice) + (1.0 - kept**2).sqrt() * batch.noise
        latents = functional.pixel_unshuffle(latents, 4).to(memory_format=torch.channels_last)
        tokens = self.tokenizer(batch.prompts, padding="max_length", truncation=True, return_tensors="pt").input_ids
        words = self.starter.text(tokens)[0]
        down, middle = None, None
        for name, net in self.starter.controls.items():
            if dice.random() < MISSING[name]:
                continue
            condition = batch.conditions[name].contiguous(memory_format=torch.channels_last)
            more_down, more_middle = net(latents, when, words, condition, return_dict=False)
            down = more_down if down is None else [a + b for a, b in zip(down, more_down, strict=True)]
            middle = more_middle if middle is None else middle + more_middle
        predicted = self.starter.unet(
            latents, when, words, down_block_additional_residuals=down, mid_block_additional_residual=middle
        ).sample
        loss = loss_of(predicted, batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parts.parameters(), 1.0)
        self.optimizer.step()
        self.steps += 1
        self._remember()
        return float(loss.detach())

    @torch.no_grad()
    def _remember(self) -> None:
        memory = min(AVERAGE, self.steps / (self.steps + 20.0))
        weights = dict(self.parts.named_parameters())
        torch._foreach_lerp_([self.average[name] for name in weights], list(weights.values()), 1.0 - memory)


def main(arguments: list[str]) -> None:
    """The command line; see this module's head."""
    parser = argparse.ArgumentParser(
        prog="training train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("examples", type=Path, help="folder that `examples` wrote")
    parser.add_argument("run", type=Path, help="folder for the checkpoint")
    parser.add_argument("--vocabulary", type=Path, required=True, help="bpe_simple_vocab_16e6.txt.gz")
    parser.add_argument("--minutes", type=float, default=60.0, help="training time in all, pauses not counted")
    parser.add_argument("--batch", type=int, default=9)
    parser.add_argument(
        "--crop", type=int, default=128, help="pixels; doubled, with a quarter of the batch, at the end"
    )
    parser.add_argument("--rate", type=float, default=6e-4, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep-out", type=int, default=20, help="every so many scenes one is kept for judging")
    choice = parser.parse_args(arguments)
    torch.set_num_threads(choice.threads)
    choice.run.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(choice.vocabulary, choice.run, choice.rate)
    examples = Examples(choice.examples, choice.keep_out)
    stored, log = trainer.seconds, (choice.run / "log.csv").open("a", buffering=1)
    recent: list[float] = []
    while (share := trainer.seconds / (60.0 * choice.minutes)) < 1.0:
        started = time.monotonic()
        dice = random.Random(trainer.steps)
        large = share > 0.75 and trainer.steps % 2 == 0
        batch = examples.batch(dice, max(choice.batch // 4, 1) if large else choice.batch, choice.crop * (1 + large))
        warm, fade = min(1.0, (trainer.steps + 1) / 60.0), 0.5 * (1.0 + np.cos(np.pi * share))
        recent.append(trainer.step(batch, dice, choice.rate * warm * max(float(fade), 0.02)))
        trainer.seconds += time.monotonic() - started
        if trainer.steps % 25 == 0:
            log.write(f"{trainer.steps},{trainer.seconds:.0f},{sum(recent) / len(recent):.4f}\n")
            recent.clear()
        if trainer.seconds - stored > 120.0:
            trainer.store()
            examples.refresh()
            stored = trainer.seconds
    trainer.store()
