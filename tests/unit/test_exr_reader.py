"""Reading a shot's frames: exact values, both layouts of Blender, and files that nobody should trust."""

import shutil
import struct
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from flowbrush.backend.errors import Code, ShotError
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.shot import Pass, Shot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_shot import CHANNELS, make_shot, place


@pytest.fixture
def shot(tmp_path) -> Shot:
    return make_shot(tmp_path / "shot", last=2)


def refused(code: Code, read, *arguments) -> str:
    with pytest.raises(ShotError) as caught:
        read(*arguments)
    assert caught.value.code is code
    assert "capture" in str(caught.value), "the sentence says what to do"
    return str(caught.value)


def rewrite(shot: Shot, channels: dict[str, np.ndarray], *, one_part_each: bool = False) -> None:
    """Frame 1 again, with other channels."""
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    groups = [{name: pixels} for name, pixels in channels.items()] if one_part_each else [channels]
    parts = [OpenEXR.Part(dict(header), group, f"part {index}") for index, group in enumerate(groups)]
    OpenEXR.File(parts).write(str(shot.exr_path(1)))


def all_channels(shot: Shot) -> dict[str, np.ndarray]:
    with OpenEXR.File(str(shot.exr_path(1)), separate_channels=True) as file:
        return {name: channel.pixels.copy() for part in file.parts for name, channel in part.channels.items()}


def test_every_pass_has_its_shape_type_and_values(shot):
    passes = read_passes(shot, 2, CHANNELS)
    shapes = {name: (array.shape, array.dtype.name) for name, array in passes.items()}
    assert shapes == {
        "depth": ((64, 96), "float32"),
        "normal": ((64, 96, 3), "float32"),
        "vector": ((64, 96, 4), "float32"),
        "object_id": ((64, 96), "int32"),
        "material_id": ((64, 96), "int32"),
        "surface": ((64, 96, 3), "float32"),
        "instance": ((64, 96), "float32"),
    }
    left = place(2)
    assert passes["object_id"][20, left] == 2 and passes["object_id"][20, left - 1] == 1
    assert passes["object_id"][15, left] == 1, "row 0 is the top row"
    assert passes["depth"][20, left] == 3.0 and passes["instance"][20, left] == 0.25
    assert passes["vector"][20, left].tolist() == [place(1) - left, 0.0, left - place(3), 0.0]
    assert passes["surface"][20, left + 5].tolist() == [5.0, 20.0, 0.0]


def test_only_what_is_asked_for(shot):
    assert list(read_passes(shot, 1, ("depth",))) == ["depth"]


def test_a_part_for_each_pass_reads_like_one_part(shot):
    one = read_passes(shot, 1, CHANNELS)
    rewrite(shot, all_channels(shot), one_part_each=True)
    many = read_passes(shot, 1, CHANNELS)
    for name in CHANNELS:
        np.testing.assert_array_equal(one[name], many[name], err_msg=name)


def test_vectors_follow_a_lens_that_moves(shot):
    """Frame 1 through twice the focal length of frame 2, whose picture is shifted by a tenth of its width."""
    raw = read_passes(shot, 1, ("vector",))["vector"]
    near, far = list(shot.cameras[1].projection), list(shot.cameras[2].projection)
    near[0] = near[5] = 2.0
    far[2] = -0.2
    lenses = {1: replace(shot.cameras[1], projection=tuple(near)), 2: replace(shot.cameras[2], projection=tuple(far))}
    moved = read_passes(replace(shot, cameras=lenses), 1, ("vector",))["vector"]
    assert np.array_equal(moved[..., :2], raw[..., :2]), "there is no frame before"
    column, row = 10, 50
    seen = column - raw[row, column, 2] - 47.5  # where the point is in frame 2 through frame 1's lens, from the middle
    expected = seen / 2 + 0.1 * 96 + 47.5
    assert column - moved[row, column, 2] == pytest.approx(expected, abs=1e-4)
    below = row + raw[row, column, 3] - 31.5
    assert row + moved[row, column, 3] == pytest.approx(below / 2 + 31.5, abs=1e-4)
    cut = replace(shot, cameras=lenses, cuts=(2,))
    assert np.array_equal(read_passes(cut, 1, ("vector",))["vector"], raw), "nothing is carried over a cut"


def test_background_and_numbers_that_are_none(shot):
    channels = all_channels(shot)
    channels["Depth.Z"][0, :4] = 1e10, np.inf, np.nan, 8.5
    channels["IndexOB.X"][0, :4] = np.nan, 3.0000002, -5.0, 1e20
    channels["Normal.X"][0, :2] = np.nan, np.inf
    channels["Vector.X"][0, :2] = np.nan, -np.inf
    rewrite(shot, channels)
    passes = read_passes(shot, 1, CHANNELS)
    assert passes["depth"][0, :4].tolist() == [np.inf, np.inf, np.inf, 8.5]
    assert passes["object_id"][0, :3].tolist() == [0, 3, 0] and passes["object_id"][0, 3] >= 0
    assert np.isfinite(passes["normal"]).all() and np.isfinite(passes["vector"]).all()


def test_the_shot_has_no_such_pass(shot):
    sentence = refused(Code.MISSING_PASS, read_passes, shot, 1, ("depth", "mist"))
    assert "'mist'" in sentence


def test_the_file_lacks_a_channel(shot):
    channels = all_channels(shot)
    del channels["Vector.W"]
    rewrite(shot, channels)
    assert read_passes(shot, 1, ("depth",))["depth"].shape == (64, 96)
    assert "'Vector.W'" in refused(Code.MISSING_PASS, read_passes, shot, 1, ("vector",))


def test_a_pass_with_too_few_channels_is_missing(shot):
    lacking = replace(shot, passes={**shot.passes, "vector": Pass(("Vector.X", "Vector.Y"), "")})
    refused(Code.MISSING_PASS, read_passes, lacking, 1, ("vector",))


def test_no_file(shot):
    shot.exr_path(1).unlink()
    assert "0001.exr is missing" in refused(Code.BAD_EXR, read_passes, shot, 1, ("depth",))


@pytest.mark.parametrize("content", [b"", b"v/1\x01", b"\x89PNG\r\n\x1a\n" + bytes(200), b"not a picture" * 50])
def test_no_exr_at_all(shot, content):
    shot.exr_path(1).write_bytes(content)
    refused(Code.BAD_EXR, read_passes, shot, 1, ("depth",))


def test_a_folder_in_place_of_the_file(shot):
    shot.exr_path(1).unlink()
    shot.exr_path(1).mkdir()
    refused(Code.BAD_EXR, read_passes, shot, 1, ("depth",))


def test_another_size_than_the_shot(shot):
    other = replace(shot, resolution=(96, 63))
    assert "96 x 63" in refused(Code.BAD_EXR, read_passes, other, 1, ("depth",))
    refused(Code.BAD_SHOT, read_picture, other, 1)


def test_a_size_for_which_there_is_no_memory(shot):
    """The header of a small file can claim any size; nothing may be allocated for it."""
    data = bytearray(shot.exr_path(1).read_bytes())
    for name in (b"dataWindow\0box2i\0", b"displayWindow\0box2i\0"):
        struct.pack_into("<4i", data, data.index(name) + len(name) + 4, 0, 0, 2**30, 2**30)
    shot.exr_path(1).write_bytes(data)
    refused(Code.BAD_EXR, read_passes, shot, 1, ("depth",))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.0, 0.999))
def test_cut_short(shot, share):
    data = shot.exr_path(2).read_bytes()
    shot.exr_path(1).write_bytes(data[: int(len(data) * share)])
    refused(Code.BAD_EXR, read_passes, shot, 1, ("depth",))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_anywhere(shot, data):
    content = bytearray(shot.exr_path(2).read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        # The header is what decides about memory and layout: damage it as often as all of the rest.
        end = data.draw(st.sampled_from([1500, len(content)]))
        content[data.draw(st.integers(0, end - 1))] = data.draw(st.integers(0, 255))
    shot.exr_path(1).write_bytes(content)
    try:
        passes = read_passes(shot, 1, CHANNELS)
        assert all(array.shape[:2] == (64, 96) for array in passes.values())
    except ShotError as error:
        assert error.code in (Code.BAD_EXR, Code.MISSING_PASS)


def test_picture_is_rgb_from_0_to_1(shot):
    red = np.zeros((64, 96, 3), np.uint8)
    red[:32, :, 2] = 255  # OpenCV writes blue, green, red
    cv2.imwrite(str(shot.picture_path(1)), red)
    picture = read_picture(shot, 1)
    assert picture.dtype == np.float32 and picture[0, 0].tolist() == [1.0, 0.0, 0.0] and picture[63, 0].sum() == 0


@pytest.mark.parametrize("damage", ["missing", "cut short", "no PNG", "huge"])
def test_picture_that_cannot_be_read(shot, damage):
    path: Path = shot.picture_path(1)
    content = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "cut short":
        path.write_bytes(content[:60])
    elif damage == "no PNG":
        shutil.copy(shot.exr_path(1), path)
    else:
        struct.pack_into(">2I", content, 16, 2**31 - 1, 2**31 - 1)
        path.write_bytes(content)
    refused(Code.BAD_SHOT, read_picture, shot, 1)
