"""Reading .flo files, damaged ones included."""

import struct

import numpy as np
import pytest
from flowbrush.backend.errors import Code, ShotError
from flowbrush.backend.motion.flow_file import read_flo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


def flo(flow: np.ndarray, magic: float = 202021.25) -> bytes:
    height, width = flow.shape[:2]
    return struct.pack("<fii", magic, width, height) + flow.astype("<f4").tobytes()


@given(
    flow=st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(2)).flatmap(
        lambda shape: arrays(np.float32, shape, elements=st.floats(-1e4, 1e4, width=32))
    )
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read(tmp_path, flow):
    path = tmp_path / "a.flo"
    path.write_bytes(flo(flow))
    assert np.array_equal(read_flo(path), flow) and read_flo(path).dtype == np.float32


def test_unknown_pixels_are_not_a_number(tmp_path):
    flow = np.ones((4, 5, 2), np.float32)
    flow[1, 2] = 1.6666668e9
    flow[2, 3, 0], flow[3, 4, 1] = np.nan, -np.inf
    path = tmp_path / "a.flo"
    path.write_bytes(flo(flow))
    unknown = np.isnan(read_flo(path))
    assert np.argwhere(unknown.all(axis=2)).tolist() == [[1, 2], [2, 3], [3, 4]] and unknown.sum() == 6


GOOD = flo(np.ones((4, 5, 2), np.float32))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "too short"),
        (GOOD[:11], "too short"),
        (flo(np.ones((4, 5, 2)), magic=1.0), "begin as one"),
        (GOOD[:-1], "does not hold"),
        (GOOD + b"\0", "does not hold"),
        (struct.pack("<fii", 202021.25, 0, 4), "impossible"),
        (struct.pack("<fii", 202021.25, -5, -4) + GOOD[12:], "impossible"),
        (struct.pack("<fii", 202021.25, 2**31 - 1, 2**31 - 1), "impossible"),
        (struct.pack("<fii", 202021.25, 16384, 16384), "does not hold"),
    ],
)
def test_damaged_files_are_told_apart(tmp_path, content, reason):
    path = tmp_path / "broken.flo"
    path.write_bytes(content)
    with pytest.raises(ShotError, match=reason) as caught:
        read_flo(path)
    assert caught.value.code == Code.BAD_SHOT and "broken.flo" in str(caught.value)


@given(content=st.binary(max_size=200), graft=st.booleans())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_flow_or_a_shot_error(tmp_path, content, graft):
    path = tmp_path / "any.flo"
    path.write_bytes(GOOD[:4] + content if graft else content)
    try:
        flow = read_flo(path)
    except ShotError:
        return
    assert flow.ndim == 3 and flow.shape[2] == 2


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path):
    for path in (tmp_path / "nothing.flo", tmp_path):
        with pytest.raises(ShotError):
            read_flo(path)
