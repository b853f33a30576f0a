"""Damaged footage of any kind ends in a sentence, never in another exception, and long footage takes no more memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from flowbrush.backend.errors import FootageError
from flowbrush.backend.footage.capture import FootageSettings, capture_footage
from flowbrush.backend.footage.reading import open_source
from made_footage import pan, write_images, write_movie


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.webm"])
@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_movie_is_shown_or_refused(tmp_path: Path, name: str, seed: int) -> None:
    codec = {"a.avi": "mpeg4", "a.webm": "libvpx-vp9"}.get(name, "libx264")
    path = write_movie(tmp_path / name, pan(1, 10), 25, codec=codec)
    rng = np.random.default_rng(seed)
    data = bytearray(path.read_bytes())
    start = 0 if seed % 2 else len(data) // 3  # the header is hit in every second one
    for place in rng.integers(start, len(data), 12):
        data[place] = rng.integers(256)
    path.write_bytes(data[: len(data) if seed % 3 else len(data) * 2 // 3])
    try:
        source = open_source(path)
        count = sum(1 for _ in source.pictures(1))
    except FootageError as error:
        assert str(path) in str(error)
    else:
        assert count == source.frames[1]


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "exr", "webp"])
def test_damaged_images_are_refused(tmp_path: Path, ending: str) -> None:
    write_images(tmp_path, pan(1, 2), "{}.png")
    for number in (1, 2):
        (tmp_path / f"{number}.png").rename(tmp_path / f"{number}.{ending}")
    whole = (tmp_path / f"1.{ending}").read_bytes()
    for damaged in (b"", whole[:20], np.random.default_rng(0).bytes(500)):
        (tmp_path / f"1.{ending}").write_bytes(damaged)
        with pytest.raises(FootageError, match=rf"1\.{ending}"):
            open_source(tmp_path)


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        movie = write_movie(tmp_path / f"{count}.mp4", pan(1, count, (1, 0)))
        tracemalloc.start()
        frames = capture_footage(movie, tmp_path / str(count), FootageSettings(), lambda _: None, lambda: False)
        assert sum(1 for _ in frames) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(4)  # what is loaded once
    assert peak(60) < 1.25 * peak(15)
