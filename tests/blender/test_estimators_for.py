"""Which estimators give footage the conditions that a style asks for, by the weights that are there."""

from dataclasses import replace
from pathlib import Path

import pytest
from flowbrush.backend.errors import Code, SettingsError, ShotError
from flowbrush.backend.shot import DrawnCondition, Shot
from flowbrush.backend.take import ControlSettings
from flowbrush.operators.footage import estimators_for
from synthetic_shot import make_shot

DEPTH = ControlSettings("depth", optional=True)
LINES, COLOUR = ControlSettings("lineart"), ControlSettings("colour")


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    made = make_shot(tmp_path / "shot", last=1)
    return replace(made, source="footage", cameras={}, objects=(), passes={"vector": made.passes["vector"]})


def test_what_is_optional_waits_for_its_weights(shot: Shot, tmp_path: Path) -> None:
    names, left_out = estimators_for(shot, (DEPTH, LINES, COLOUR), None)
    assert names == ["lineart_standard"] and len(left_out) == 1 and "dpt_hybrid" in left_out[0]
    (tmp_path / "dpt_hybrid-midas-501f0c75.pt").touch()
    assert estimators_for(shot, (DEPTH, LINES, COLOUR), tmp_path) == (["depth", "lineart_standard"], [])


def test_missing_weights_are_named_where_nothing_else_is_to_be_done(shot: Shot) -> None:
    drawn = replace(shot, drawn={"lineart": DrawnCondition("lines", estimated=True)})
    for lacking, controls in ((drawn, (DEPTH, LINES)), (shot, (ControlSettings("normal"), LINES))):
        with pytest.raises(SettingsError, match="preferences") as caught:
            estimators_for(lacking, controls, None)
        assert caught.value.code == Code.MISSING_MODEL
    with pytest.raises(ShotError, match="nothing is to be estimated"):
        estimators_for(drawn, (LINES, COLOUR), None)
