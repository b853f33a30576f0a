"""Measures of likeness and the sheets that show pictures side by side."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from flowbrush.backend.quality.likeness import edges, line_f_score, psnr, stroke_angle
from flowbrush.backend.quality.sheet import GAP, LABEL, sheet, write_jpeg

SIZE = 64


def drawn(*columns: int) -> np.ndarray:
    """Black lines, two pixels wide, down white paper."""
    picture = np.ones((SIZE, SIZE, 3), np.float32)
    for column in columns:
        picture[:, column : column + 2] = 0.0
    return picture


def strokes(degrees: float) -> np.ndarray:
    """Parallel waves whose crests run at this angle, from the right downwards."""
    rows, columns = np.indices((SIZE, SIZE), np.float32)
    angle = np.radians(degrees)
    wave = 0.5 + 0.5 * np.sin(1.2 * (np.cos(angle) * rows - np.sin(angle) * columns))
    return np.repeat(wave[..., None], 3, axis=2).astype(np.float32)


def test_psnr_of_a_known_error() -> None:
    grey = np.full((4, 4, 3), 0.5, np.float32)
    assert psnr(grey, grey + 0.1) == pytest.approx(20.0, abs=1e-4)
    assert psnr(grey, grey) == float("inf")


def test_edges_run_along_a_line_and_nowhere_else() -> None:
    found = edges(drawn(30))
    assert found[:, 27:35].any(axis=1).mean() > 0.9
    assert not found[:, :26].any() and not found[:, 37:].any()


def test_lines_are_found_within_two_pixels() -> None:
    wanted = drawn(20, 40)
    assert line_f_score(wanted, wanted) == 1.0
    assert line_f_score(drawn(21, 41), wanted) == 1.0
    assert line_f_score(drawn(28, 48), wanted) == 0.0


def test_missing_lines_and_too_many_lines_both_count() -> None:
    assert line_f_score(drawn(20), drawn(20, 40)) == pytest.approx(2 / 3, abs=0.02)
    assert line_f_score(drawn(20, 40), drawn(20)) == pytest.approx(2 / 3, abs=0.02)
    assert line_f_score(drawn(), drawn(20)) == 0.0
    assert line_f_score(drawn(), drawn()) == 1.0


@pytest.mark.parametrize(("one", "other", "between"), [(0, 0, 0), (10, 40, 30), (170, 10, 20), (0, 90, 90)])
def test_the_angle_between_strokes(one: float, other: float, between: float) -> None:
    assert stroke_angle(strokes(one), strokes(other)) == pytest.approx(between, abs=4.0)


def test_strokes_without_a_relation_are_45_degrees_apart() -> None:
    first, second = (np.random.default_rng(seed).random((256, 256, 3), np.float32) for seed in (1, 2))
    assert stroke_angle(first, second) == pytest.approx(45.0, abs=5.0)


def test_a_sheet_shows_each_picture_at_its_place() -> None:
    red, blue = (np.full((10, 20, 3), colour, np.float32) for colour in ((1, 0, 0), (0, 0, 1)))
    made = sheet(("first", "second"), {"above": (red, blue), "below": (blue,)}, 40)
    assert made.shape == (LABEL + 2 * (20 + GAP), LABEL + 2 * (40 + GAP), 3)
    pictures = made[LABEL:, LABEL:]
    assert np.allclose(pictures[10, 20], (1, 0, 0)) and np.allclose(pictures[10, 64], (0, 0, 1))
    assert np.allclose(pictures[34, 20], (0, 0, 1)) and np.allclose(pictures[34, 64], 1.0)
    assert made[:LABEL].min() < 0.6 and made[LABEL:, :LABEL].min() < 0.6, "no labels"


def test_a_jpeg_is_made_small_enough(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).random((128, 128, 1), np.float32) * np.ones(3, np.float32)
    write_jpeg(tmp_path / "free.jpg", noise)
    free = (tmp_path / "free.jpg").stat().st_size
    write_jpeg(tmp_path / "small.jpg", noise, most=free * 2 // 3)
    assert (tmp_path / "small.jpg").stat().st_size <= free * 2 // 3
    read = cv2.imread(str(tmp_path / "free.jpg"))[..., ::-1] / 255.0
    assert psnr(read.astype(np.float32), noise) > 20.0
