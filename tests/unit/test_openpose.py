"""The file of a frame's people, ours and other editors', and how people are drawn."""

import json
from pathlib import Path

import pytest
from flowbrush.backend.errors import ShotError
from flowbrush.backend.passes.openpose import draw_people
from flowbrush.backend.pose import BODY, FACE, HAND, MISSING, Joint, Person, State, read_people, write_people
from hypothesis import given, settings
from hypothesis import strategies as st

SIZE = (512, 512)


def joint(x: float, y: float, state: State = State.VISIBLE) -> Joint:
    return Joint(x, y, state, state == State.VISIBLE)


def standing(**places: Joint) -> Person:
    """A person of whom only these joints are known."""
    return Person("somebody", tuple(places.get(name, MISSING) for name in BODY))


def written(tmp_path: Path, people: list[dict], width: int = 512, height: int = 512) -> Path:
    path = tmp_path / "0001.json"
    path.write_text(json.dumps({"canvas_width": width, "canvas_height": height, "people": people}))
    return path


def test_people_come_back_as_they_were_written(tmp_path):
    hand = tuple(joint(10.5 * n, 20, State.OCCLUDED if n % 2 else State.VISIBLE) for n in range(HAND))
    face = (*(joint(n, n) for n in range(FACE - 1)), MISSING)
    body = (joint(1, 2.25), joint(-40, 700, State.OUTSIDE), joint(5, 5, State.AWAY), *[MISSING] * 15)
    kept = Joint(7, 7, State.OCCLUDED, True)  # hidden, and drawn because the user wants it
    people = (Person("名前", body, hand, (), face), standing(neck=kept))
    write_people(tmp_path / "pose" / "0001.json", people, SIZE)
    assert read_people(tmp_path / "pose" / "0001.json", SIZE) == people


def test_the_file_is_what_other_programs_read(tmp_path):
    write_people(tmp_path / "0001.json", (standing(nose=joint(3, 4), neck=joint(5, 6, State.OCCLUDED)),), (640, 360))
    document = json.loads((tmp_path / "0001.json").read_text())
    assert (document["canvas_width"], document["canvas_height"]) == (640, 360)
    person = document["people"][0]
    assert len(person["pose_keypoints_2d"]) == 54
    assert person["pose_keypoints_2d"][:9] == [3, 4, 1, 5, 6, 0, 0, 0, 0]
    assert person["hand_left_keypoints_2d"] == person["face_keypoints_2d"] == []


def test_files_of_other_programs_are_read(tmp_path):
    numbers = [value for n in range(25) for value in (n, 2 * n, 0.7)]
    people = [
        {"pose_keypoints_2d": numbers, "hand_left_keypoints_2d": None, "face_keypoints_2d": [1, 1, 1] * 68},
        {"pose_keypoints_2d": [None, None, None] + [4, 4, 1] * 17, "hand_right_keypoints_2d": []},
        {},
    ]
    first, second, third = read_people(written(tmp_path, people, 256, 512), SIZE)
    body = dict(zip(BODY, first.body, strict=True))
    # OpenPose's 25 have the middle of the hips in between, which the 18 have not.
    assert (body["right_hip"].x, body["left_ankle"].x, body["left_ear"].x) == (2 * 9, 2 * 14, 2 * 18)
    assert body["left_ear"].y == 36  # only the width is scaled
    assert first.left_hand == () and len(first.face) == FACE and first.face[69] == MISSING
    assert second.body[0] == MISSING and second.body[1].drawn
    assert third.body == (MISSING,) * 18


def test_a_joint_that_was_edited_elsewhere_is_as_visible_as_its_confidence_says(tmp_path):
    write_people(tmp_path / "0001.json", (standing(nose=joint(3, 4), neck=joint(5, 6, State.OCCLUDED)),), SIZE)
    document = json.loads((tmp_path / "0001.json").read_text())
    numbers = document["people"][0]["pose_keypoints_2d"]
    numbers[2], numbers[5] = 0, 1
    (tmp_path / "0001.json").write_text(json.dumps(document))
    nose, neck, *_ = read_people(tmp_path / "0001.json", SIZE)[0].body
    assert not nose.drawn and neck.drawn and neck.state == State.OCCLUDED


@pytest.mark.parametrize(
    "people",
    [
        "nobody",
        [3],
        [{"pose_keypoints_2d": [1.0] * 53}],
        [{"pose_keypoints_2d": [1.0] * 21}],
        [{"pose_keypoints_2d": "x" * 54}],
        [{"pose_keypoints_2d": [1e9] * 54}],
        [{"pose_keypoints_2d": ["1"] * 54}],
        [{"flowbrush": 3}],
        [{"flowbrush": {"states": {"body": "visible"}}, "pose_keypoints_2d": [1.0] * 54}],
        [{}] * 1001,
    ],
)
def test_files_that_are_no_poses_are_refused(tmp_path, people):
    with pytest.raises(ShotError, match="not a usable pose"):
        read_people(written(tmp_path, people), SIZE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from(["pose_keypoints_2d", "hand_left_keypoints_2d", "face_keypoints_2d", "flowbrush"])
NUMBER = st.none() | st.floats(-2e6, 2e6) | st.integers(-(10**9), 10**9)


@settings(max_examples=150)
@given(
    st.lists(
        st.dictionaries(FIELDS, JSON | st.lists(NUMBER, min_size=54, max_size=54), max_size=3)
        | st.fixed_dictionaries({"pose_keypoints_2d": st.lists(st.floats(-1e6, 1e6), min_size=54, max_size=54)}),
        max_size=3,
    )
)
def test_whatever_a_file_holds_it_is_drawn_or_refused(tmp_path_factory, people):
    path = written(tmp_path_factory.mktemp("pose"), people)
    try:
        found = read_people(path, (96, 64))
    except ShotError:
        return
    assert draw_people(found, (96, 64)).shape == (64, 96, 3)


def test_joints_and_limbs_have_the_colours_of_controlnet():
    person = standing(
        nose=joint(256, 60), neck=joint(256, 150), right_shoulder=joint(180, 150), right_elbow=joint(120, 220),
        left_hip=joint(290, 300), left_knee=joint(290, 400), left_ankle=joint(290, 480),
    )  # fmt: skip
    picture = draw_people([person], SIZE)
    colours = {
        (60, 256): (255, 0, 0),  # nose
        (150, 256): (255, 85, 0),  # neck
        (220, 120): (255, 255, 0),  # right elbow
        (480, 290): (85, 0, 255),  # left ankle
        (105, 256): (0, 0, 153),  # neck to nose, dimmed to six tenths
        (150, 218): (153, 0, 0),  # neck to right shoulder
        (440, 290): (0, 51, 153),  # left knee to left ankle
        (20, 20): (0, 0, 0),
    }
    assert {place: tuple(picture[place].tolist()) for place in colours} == colours


def test_limbs_are_ellipses_of_four_pixels_half_width_at_512_and_scale_with_the_shorter_side():
    for size, half in (((512, 512), 4), ((1920, 1024), 8), ((128, 300), 1)):
        scale = min(size) / 512
        person = standing(neck=joint(250 * scale, 60 * scale), nose=joint(250 * scale, 460 * scale))
        picture = draw_people([person], size)
        across = (picture[round(260 * scale)] > 0).any(axis=-1)
        assert across.sum() == 2 * half + 1, size
        assert (picture[round(60 * scale), :, 0] == 255).sum() == 2 * half + 1


def test_what_is_not_to_be_drawn_is_not_drawn_and_neither_are_its_limbs():
    for state in (State.OCCLUDED, State.OUTSIDE, State.AWAY, State.MISSING):
        person = standing(neck=joint(256, 150), nose=joint(256, 60, state))
        picture = draw_people([person], SIZE)
        assert tuple(picture[150, 256]) == (255, 85, 0)
        assert not picture[:140].any(), state
    assert not draw_people([], SIZE).any()


def test_several_people_are_dimmed_alike():
    people = [standing(neck=joint(100 + 200 * n, 300), nose=joint(100 + 200 * n, 100)) for n in range(3)]
    picture = draw_people(people, SIZE)
    assert [tuple(picture[200, 100 + 200 * n].tolist()) for n in range(2)] == [(0, 0, 153)] * 2


def test_hands_and_faces_only_where_they_are_asked_for():
    hand = tuple(joint(100 + 10 * n, 100) for n in range(HAND))
    face = tuple(joint(100 + 5 * n, 300) for n in range(FACE))
    person = Person("somebody", (MISSING,) * 18, (), hand, face)
    picture = draw_people([person], SIZE)
    assert tuple(picture[100, 110]) == (0, 0, 255) and tuple(picture[300, 200]) == (255, 255, 255)
    assert not draw_people([person], SIZE, hands=False)[:200].any()
    assert not draw_people([person], SIZE, face=False)[200:].any()
    finger = draw_people(
        [Person("", (MISSING,) * 18, (joint(50, 50), *[MISSING] * 4, joint(50, 150), *[MISSING] * 15))], SIZE
    )
    assert tuple(finger[100, 50].tolist()) == (204, 255, 0)  # the fifth of twenty hues: 72 degrees
