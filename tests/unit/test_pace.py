"""What is said of a job's speed and of the time that is left."""

import pytest
from flowbrush.backend.pace import Pace, spoken


def test_frames_and_keyframes_are_told_apart() -> None:
    pace = Pace()
    assert pace.sentence("frame", {"frame": 3}) == ""
    pace.note("keyframe", 8.0)
    assert pace.sentence("keyframe", {"keyframe": 2, "frame": 40}) == "8.0 s a keyframe, more than 16 s left"
    pace.note("frame", 0.25)
    assert pace.sentence("frame", {"keyframe": 1, "frame": 40}) == "4.0 frames/s, 18 s left"
    assert pace.sentence("frame", {"keyframe": 0, "frame": 0}) == "4.0 frames/s"


def test_one_slow_frame_changes_little_and_what_is_long_ago_nothing() -> None:
    pace = Pace()
    for seconds in (30.0, 0.5, 0.5, 0.5):
        pace.note("frame", seconds)
    assert pace.sentence("frame", {"frame": 10}) == "2.0 frames/s, 5 s left"
    for _ in range(9):
        pace.note("frame", 2.0)
    assert pace.sentence("frame", {"frame": 100}) == "2.0 s a frame, 3 min left"


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "0 s"), (89.0, "89 s"), (90.0, "2 min"), (7800.0, "2 h 10 min")])
def test_durations_are_spoken(seconds: float, said: str) -> None:
    assert spoken(seconds) == said
