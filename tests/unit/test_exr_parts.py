"""Joining OpenEXR files byte for byte, checked with the OpenEXR library; damaged files of every kind."""

import io
import struct

import numpy as np
import OpenEXR
import pytest
from flowbrush.scene.exr_parts import ExrLayoutError, join, read_channel, read_parts
from hypothesis import given, settings
from hypothesis import strategies as st

COMPRESSIONS = {"none": OpenEXR.NO_COMPRESSION, "zips": OpenEXR.ZIPS_COMPRESSION, "zip": OpenEXR.ZIP_COMPRESSION}


def picture(width: int, height: int, seed: int, kind: str) -> np.ndarray:
    """Smooth on one half, noise on the other, so that some blocks compress and some do not."""
    values = np.add.outer(np.arange(height), np.arange(width)) / 7.0
    values[:, width // 2 :] = np.random.default_rng(seed).normal(0, 100, values[:, width // 2 :].shape)
    return values.astype(kind)


def exr(folder, parts: list[dict[str, np.ndarray]], compression: str = "zip") -> bytes:
    path = folder / "made.exr"
    made = [
        OpenEXR.Part({"compression": COMPRESSIONS[compression], "type": OpenEXR.scanlineimage}, dict(c), f"part {i}")
        for i, c in enumerate(parts)
    ]
    OpenEXR.File(made).write(str(path))
    return path.read_bytes()


def joined(sources: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    join({name: read_parts(data) for name, data in sources.items()}, file)
    return file.getvalue()


def read_all(path, data: bytes) -> dict[str, np.ndarray]:
    path.write_bytes(data)
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return {name: channel.pixels.copy() for part in file.parts for name, channel in part.channels.items()}


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 40),
    height=st.integers(1, 70),
    compression=st.sampled_from(sorted(COMPRESSIONS)),
    parts=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_every_channel_survives_unchanged(tmp_path_factory, width, height, compression, parts, seed):
    folder = tmp_path_factory.mktemp("exr")
    data = [
        {
            f"Layer {p}.{name}": picture(width, height, seed + i, kind)
            for i, (name, kind) in enumerate([("Z", "f4"), ("Vector.W", "f4"), ("A", "f2"), ("Index", "u4")])
        }
        for p in range(parts)
    ]
    beauty = [{name: picture(width, height, seed + 9, "f2") for name in "RGBA"}]
    files = {"beauty": exr(folder, beauty, "zip"), "data": exr(folder, data, compression)}
    merged = joined(files)
    expected = {f"beauty.{n}": v for part in beauty for n, v in part.items()}
    expected |= {f"data.{n}": v for part in data for n, v in part.items()}
    found = read_all(folder / "joined.exr", merged)
    assert found.keys() == expected.keys()
    for name, pixels in expected.items():
        assert found[name].dtype == pixels.dtype
        np.testing.assert_array_equal(found[name], pixels, err_msg=name)
        np.testing.assert_array_equal(read_channel(read_parts(merged), name), pixels, err_msg=name)


def test_joining_keeps_no_metadata(tmp_path):
    path = tmp_path / "made.exr"
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "File": "/home/someone/secret.blend",
    }
    OpenEXR.File(header, {"R": picture(8, 8, 0, "f4")}).write(str(path))
    assert b"secret" in path.read_bytes()
    assert b"secret" not in joined({"a": path.read_bytes()})


def test_names_longer_than_31_letters_are_flagged(tmp_path):
    name = "A layer with a rather long name.Combined.R"
    assert f"data.{name}" in read_all(
        tmp_path / "j.exr", joined({"data": exr(tmp_path, [{name: picture(5, 5, 0, "f4")}])})
    )


def test_two_channels_of_one_name_are_refused(tmp_path):
    twice = [{"Z": picture(4, 4, 0, "f4")}, {"Z": picture(4, 4, 1, "f4")}]
    with pytest.raises(ExrLayoutError, match="same name"):
        joined({"data": exr(tmp_path, twice)})


def test_missing_channel(tmp_path):
    with pytest.raises(ExrLayoutError, match="no channel 'Z'"):
        read_channel(read_parts(exr(tmp_path, [{"R": picture(4, 4, 0, "f4")}])), "Z")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    folder = tmp_path_factory.mktemp("whole")
    return exr(folder, [{"Z": picture(20, 40, 1, "f4")}, {"R": picture(20, 40, 2, "f2")}])


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_file_cut_short_is_refused(whole, data):
    length = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ExrLayoutError):
        for part in read_parts(whole[:length]):
            read_channel([part], part.channels[0].name)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_anywhere_ends_in_pixels_or_in_the_one_error(whole, data):
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        parts = read_parts(bytes(damaged))
        for part in parts:
            for channel in part.channels:
                read_channel([part], channel.name)
    except ExrLayoutError:
        pass


@pytest.mark.parametrize("data", [b"", b"P", b"\x89PNG\r\n\x1a\n" + bytes(64), struct.pack("<2I", 20000630, 2)])
def test_what_is_no_exr_is_refused(data):
    with pytest.raises(ExrLayoutError):
        read_parts(data)


def test_a_file_whose_writer_was_stopped_is_refused(whole):
    """Until it is closed, a file has zeros where the places of its pixels will stand."""
    last = b"scanlineimage\0\0"  # the end of the last header, and of all headers
    table = whole.rindex(last) + len(last)
    first_block = struct.unpack_from("<Q", whole, table)[0]
    assert first_block == table + 6 * 8
    with pytest.raises(ExrLayoutError, match="cut short"):
        read_parts(whole[:table] + bytes(6 * 8) + whole[first_block:])
