"""Judging the starter model: against targets drawn with its own noise, on a shot made without Blender."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from flowbrush.backend.take import style_settings
from flowbrush.backend.training.filters import FILTERS
from flowbrush.backend.training.frames import read_frames
from flowbrush.backend.training.judge import SEED, main, markdown, painter, score, target
from synthetic_shot import make_shot

SIDE = 64


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    return make_shot(tmp_path / "shot", size=(96, SIDE), last=5).folder


def test_frames_of_a_shot_are_spread_and_cut_from_the_middle(shot: Path) -> None:
    frames = read_frames(shot, 2)
    assert [frame.name for frame in frames] == ["shot 1", "shot 5"]
    cut = frames[0].cut(SIDE)
    assert np.array_equal(cut.picture, frames[0].picture[:, 16:80])
    assert np.array_equal(cut.conditions["depth"], frames[0].conditions["depth"][:, 16:80])
    assert np.array_equal(cut.sitter.picture, cut.conditions["colour"])


def test_there_must_be_frames(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="neither a shot nor rendered scenes"):
        read_frames(tmp_path, 1)


def test_the_target_is_drawn_with_the_noise_that_the_painter_starts_from(
    shot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that gives its noisy input back shows that noise; the target's is the very same."""
    frame = read_frames(shot, 1)[0].cut(SIDE)
    seen = []
    settings = replace(style_settings("ink"), strength=1.0, steps=1, guidance=1.0, controls=(), precision="float32")
    paint = painter(settings)

    def only_listens(scheduler: object, known: torch.Tensor, noise: torch.Tensor, when: torch.Tensor) -> torch.Tensor:
        seen.append(noise.clone())
        return noise

    monkeypatch.setattr("diffusers.DDIMScheduler.add_noise", only_listens)
    paint(frame, SEED)
    monkeypatch.setitem(FILTERS, "ink", lambda sitter, noise, manner: noise)
    noise = target(frame, "ink", SEED)
    started = torch.nn.functional.pixel_shuffle(seen[0], 4)[0].permute(1, 2, 0).numpy()
    assert np.array_equal(noise, started)


def test_a_perfect_picture_scores_best(shot: Path) -> None:
    pytest.importorskip("skimage")
    pytest.importorskip("flip_evaluator")
    frame = read_frames(shot, 1)[0].cut(SIDE)
    targets = {style: target(frame, style, SEED) for style in ("ink", "cel")}
    perfect, other = (score(picture, targets, "cel") for picture in (targets["cel"], targets["ink"]))
    assert (perfect.ssim, perfect.flip, perfect.lines) == pytest.approx((1.0, 0.0, 1.0), abs=1e-4)
    assert other.psnr < perfect.psnr and other.ssim < 0.99 and other.flip > 0.01
    assert perfect.told == 1.0 and other.told == 0.0, "a picture in ink was taken for cel"


def test_the_command_writes_grids_and_a_table(shot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("skimage")
    pytest.importorskip("flip_evaluator")
    main([str(shot), str(tmp_path / "out"), "--count", "1", "--size", str(SIDE), "--threads", "1"])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"painted.jpg", "target.jpg", "plain filter.jpg"}
    rows = [line.split(" | ")[:2] for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][2:]
    kinds = {"painted", "plain filter", "render", "other hand"}
    assert {tuple(row) for row in rows} >= {(f"| {style}", kind) for style in ("ink", "cel") for kind in kinds}


def test_a_table_in_markdown() -> None:
    assert markdown(("a", "b"), [(1, 2)]) == "| a | b |\n| --- | --: |\n| 1 | 2 |"
