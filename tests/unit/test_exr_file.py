"""OpenEXR files read and written without its library, checked with it; damaged files of every kind."""

import struct

import numpy as np
import OpenEXR
import pytest
from flowbrush.scene.exr_file import ExrLayoutError, exr_file, read_channels
from hypothesis import given, settings
from hypothesis import strategies as st

COMPRESSIONS = {"none": OpenEXR.NO_COMPRESSION, "zips": OpenEXR.ZIPS_COMPRESSION, "zip": OpenEXR.ZIP_COMPRESSION}


def picture(width: int, height: int, seed: int, kind: str) -> np.ndarray:
    """Smooth on one half, noise on the other, so that some blocks compress and some do not."""
    values = np.add.outer(np.arange(height), np.arange(width)) / 7.0
    values[:, width // 2 :] = np.random.default_rng(seed).normal(0, 100, values[:, width // 2 :].shape)
    return np.abs(values).astype(kind)


def pictures(width: int, height: int, seed: int) -> dict[str, np.ndarray]:
    kinds = {"Layer.Depth.Z": "f4", "Layer.Vector.W": "f4", "A": "f2", "Layer.Index.X": "u4"}
    return {name: picture(width, height, seed + i, kind) for i, (name, kind) in enumerate(kinds.items())}


def library_exr(folder, parts: list[dict[str, np.ndarray]], compression: str = "zip") -> bytes:
    path = folder / "made.exr"
    made = [
        OpenEXR.Part({"compression": COMPRESSIONS[compression], "type": OpenEXR.scanlineimage}, dict(c), f"part {i}")
        for i, c in enumerate(parts)
    ]
    OpenEXR.File(made).write(str(path))
    return path.read_bytes()


def library_read(path, data: bytes) -> dict[str, np.ndarray]:
    path.write_bytes(data)
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return {name: channel.pixels.copy() for part in file.parts for name, channel in part.channels.items()}


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, pixels in expected.items():
        assert found[name].dtype == pixels.dtype
        np.testing.assert_array_equal(found[name], pixels, err_msg=name)


SIZES = {"width": st.integers(1, 40), "height": st.integers(1, 70), "seed": st.integers(0, 99)}


@settings(max_examples=40)
@given(compression=st.sampled_from(sorted(COMPRESSIONS)), **SIZES)
def test_what_the_library_writes_is_read(tmp_path_factory, width, height, seed, compression):
    channels = pictures(width, height, seed)
    assert_same(read_channels(library_exr(tmp_path_factory.mktemp("exr"), [channels], compression)), channels)


@settings(max_examples=40)
@given(**SIZES)
def test_what_is_written_the_library_reads(tmp_path_factory, width, height, seed):
    channels = pictures(width, height, seed)
    data = exr_file(channels)
    assert_same(library_read(tmp_path_factory.mktemp("exr") / "made.exr", data), channels)
    assert_same(read_channels(data), channels)


def test_smooth_pictures_get_smaller():
    smooth = {"Z": np.broadcast_to(np.float32(3.5), (64, 96)).copy()}
    assert len(exr_file(smooth)) < 64 * 96 * 4 / 20


def test_names_longer_than_31_letters_are_flagged(tmp_path):
    name = "A layer with a rather long name.Combined.R"
    assert name in library_read(tmp_path / "j.exr", exr_file({name: picture(5, 5, 0, "f4")}))


def test_several_parts_are_refused(tmp_path):
    with pytest.raises(ExrLayoutError, match="one part"):
        read_channels(library_exr(tmp_path, [{"Z": picture(4, 4, 0, "f4")}, {"R": picture(4, 4, 1, "f4")}]))


def test_a_size_for_which_there_is_no_memory(whole):
    """The header of a small file can claim any size; nothing may be allocated for it."""
    data = bytearray(whole)
    start = data.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    for right, bottom in ((2**30, 39), (19, 2**30), (2**30, 2**30)):
        struct.pack_into("<4i", data, start, 0, 0, right, bottom)
        with pytest.raises(ExrLayoutError):
            read_channels(bytes(data))


@pytest.fixture(scope="module")
def whole() -> bytes:
    return exr_file({"Z": picture(20, 40, 1, "f4"), "R": picture(20, 40, 2, "f2")})


@settings(max_examples=150)
@given(data=st.data())
def test_a_file_cut_short_is_refused(whole, data):
    with pytest.raises(ExrLayoutError):
        read_channels(whole[: data.draw(st.integers(0, len(whole) - 1))])


@settings(max_examples=300)
@given(data=st.data())
def test_damage_anywhere_ends_in_pixels_or_in_the_one_error(whole, data):
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        end = data.draw(st.sampled_from([400, len(damaged)]))  # the header decides about memory and layout
        damaged[data.draw(st.integers(0, end - 1))] = data.draw(st.integers(0, 255))
    try:
        channels = read_channels(bytes(damaged))
        assert len({array.shape for array in channels.values()}) == 1
    except ExrLayoutError:
        pass


@pytest.mark.parametrize("data", [b"", b"P", b"\x89PNG\r\n\x1a\n" + bytes(64), struct.pack("<2I", 20000630, 2)])
def test_what_is_no_exr_is_refused(data):
    with pytest.raises(ExrLayoutError):
        read_channels(data)


def test_a_file_whose_writer_was_stopped_is_refused(whole):
    """Until it is closed, a file has zeros where the places of its pixels will stand."""
    table = whole.index(b"screenWindowWidth\0float\0") + len(b"screenWindowWidth\0float\0") + 4 + 4 + 1
    first_block = struct.unpack_from("<Q", whole, table)[0]
    assert first_block == table + 3 * 8
    with pytest.raises(ExrLayoutError, match="cut short"):
        read_channels(whole[:table] + bytes(3 * 8) + whole[first_block:])
