"""Movies and image sequences of every kind, and of the kinds that cannot be read."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import OpenEXR
import pytest
from av.video.reformatter import Colorspace
from flowbrush.backend.errors import Code, FootageError
from flowbrush.backend.footage.colour import from_hdr, srgb
from flowbrush.backend.footage.reading import open_source
from flowbrush.backend.footage.source import Source
from made_footage import SIZE, pan, write_images, write_movie


def shown(source: Source, pictures: list[np.ndarray]) -> list[int]:
    """Which of `pictures` each frame of the source shows."""
    return [
        int(np.argmin([np.abs(frame.pixels.astype(int) - picture).mean() for picture in pictures]))
        for frame in source.pictures(source.frames[0])
    ]


def flat(colour: tuple[int, int, int], size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.full((size[1], size[0], 3), colour, np.uint8)


def refused(path: Path, sentence: str) -> None:
    with pytest.raises(FootageError, match=sentence) as caught:
        list(open_source(path).pictures(1))
    assert caught.value.code == Code.BAD_FOOTAGE


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30000, 1001), Fraction(24000, 1001)])
def test_a_movie_has_its_exact_rate_and_every_frame(tmp_path: Path, name: str, rate: Fraction) -> None:
    pictures = pan(1, 12)
    source = open_source(write_movie(tmp_path / name, pictures, rate))
    assert (source.rate, source.frames, source.size, source.notices) == (rate, (1, 12), SIZE, ())
    assert shown(source, pictures) == list(range(12))


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "mpeg4"), ("a.h264", "libx264"), ("a.webm", "libvpx-vp9")])
def test_frames_that_do_not_know_their_time_follow_each_other(tmp_path: Path, name: str, codec: str) -> None:
    pictures = pan(1, 12, (6, 2))
    source = open_source(write_movie(tmp_path / name, pictures, 25, codec=codec))
    assert source.rate == 25
    assert shown(source, pictures) == list(range(12))


def test_going_on_in_the_middle_gives_the_same_bytes(tmp_path: Path) -> None:
    source = open_source(write_movie(tmp_path / "a.mp4", pan(1, 60, (1, 0)), options={"g": "12", "bf": "3"}))
    whole = list(source.pictures(1))
    for start in (2, 13, 30, 59):
        part = list(source.pictures(start))
        assert [picture.frame for picture in part] == list(range(start, 61))
        assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(part, whole[start - 1 :], strict=True))


def test_a_varying_rate_is_made_steady_and_said(tmp_path: Path) -> None:
    pictures = pan(1, 6, (6, 2))
    source = open_source(write_movie(tmp_path / "a.mkv", pictures, 25, moments=(0, 40, 80, 200, 240, 280)))
    assert shown(source, pictures) == [0, 1, 2, 2, 2, 3, 4, 5]
    assert "2 are held a frame longer" in source.notices[0]


def test_another_rate_is_taken_when_asked_for(tmp_path: Path) -> None:
    pictures = pan(1, 12, (6, 2))
    path = write_movie(tmp_path / "a.mp4", pictures, 24)
    source = open_source(path, Fraction(12))
    assert source.frames == (1, 6) and "6 are left out" in source.notices[0]
    assert np.all(np.diff(shown(source, pictures)) == 2)
    assert shown(open_source(path, Fraction(48)), pictures) == [k // 2 for k in range(24)]


def test_a_turned_movie_stands_upright(tmp_path: Path) -> None:
    pictures = pan(1, 3)
    source = open_source(write_movie(tmp_path / "a.mp4", pictures, quarter_turn=True))
    assert source.size == SIZE[::-1]
    first = next(source.pictures(1)).pixels
    assert np.abs(first.astype(int) - np.rot90(pictures[0])).mean() < 5


def test_pixels_become_square(tmp_path: Path) -> None:
    source = open_source(write_movie(tmp_path / "a.mp4", pan(1, 3), aspect=Fraction(4, 3)))
    assert source.size == (128, 64) and next(source.pictures(1)).pixels.shape == (64, 128, 3)
    assert "not square" in source.notices[0]


@pytest.mark.parametrize(("height", "matrix"), [(64, Colorspace.ITU601), (720, Colorspace.ITU709)])
@pytest.mark.parametrize("colour", [(200, 40, 60), (30, 180, 70), (255, 255, 255), (0, 0, 0)])
def test_a_movie_that_does_not_name_its_colours_has_those_of_its_size(
    tmp_path: Path, height: int, matrix: Colorspace, colour: tuple[int, int, int]
) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as movie:
        stream = movie.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 96, height, "yuv444p"
        frame = av.VideoFrame.from_ndarray(flat(colour, (96, height)), "rgb24")
        frame = frame.reformat(format="yuv444p", dst_colorspace=matrix)
        frame.colorspace = 2  # not said
        movie.mux(stream.encode(frame))
        movie.mux(stream.encode())
    pixels = next(open_source(tmp_path / "a.mkv").pictures(1)).pixels
    assert np.abs(pixels.astype(int) - colour).max() <= 3


def test_more_bits_become_eight_and_that_is_said(tmp_path: Path) -> None:
    pictures = pan(1, 3)
    source = open_source(write_movie(tmp_path / "a.mp4", pictures, pixels="yuv420p10le"))
    assert "10 bits" in source.notices[0]
    assert np.abs(next(source.pictures(1)).pixels.astype(int) - pictures[0]).mean() < 5


@pytest.mark.parametrize(("transfer", "number", "white"), [("pq", 16, 0.5807), ("hlg", 18, 0.75)])
def test_hdr_keeps_its_tones_and_presses_highlights(tmp_path: Path, transfer: str, number: int, white: float) -> None:
    """BT.2408: reference white has signal 0.58 in PQ and 0.75 in HLG."""
    grey = np.full((64, 96, 3), round(65535 * white), np.uint16)
    source = open_source(
        write_movie(
            tmp_path / "a.mkv",
            [grey] * 2,
            codec="ffv1",
            pixels="yuv444p10le",
            layout="rgb48le",
            transfer=number,
        )
    )
    assert f"HDR ({transfer.upper()})" in source.notices[0]
    tones = from_hdr(np.linspace(0, 65535, 256).astype(np.uint16).reshape(1, -1, 1).repeat(3, axis=2), transfer)
    assert np.all(np.diff(tones[0, :, 0].astype(int)) >= 0) and tones[0, 0].max() == 0 and tones[0, -1].min() >= 254
    assert np.ptp(tones, axis=2).max() <= 1, "grey stays grey"
    assert 235 < next(source.pictures(1)).pixels.min() < 250, "white leaves room for what is brighter"


def test_transparency_is_put_before_black(tmp_path: Path) -> None:
    colours = pan(1, 2)[0]
    half = np.dstack((colours, np.full(colours.shape[:2], 128, np.uint8)))
    movie = write_movie(tmp_path / "a.mov", [half], codec="qtrle", pixels="argb", layout="rgba")
    images = write_images(tmp_path / "images", [half])
    for source in (open_source(movie), open_source(images)):
        assert any("transparent" in notice for notice in source.notices)
        assert np.abs(next(source.pictures(1)).pixels - colours * (128 / 255)).max() <= 1


def test_sound_is_noted(tmp_path: Path) -> None:
    assert open_source(write_movie(tmp_path / "a.mp4", pan(1, 6), sound=True)).sound == "aac, 44100 Hz"


def test_images_are_frames_by_their_numbers(tmp_path: Path) -> None:
    pictures = pan(2, 4)
    folder = write_images(tmp_path, pictures, "shot2_{:03d}.png", first=98)
    for path in (folder, folder / "shot2_099.png"):
        source = open_source(path, Fraction(25))
        assert (source.frames, source.rate, source.size) == ((98, 101), 25, SIZE)
        assert [frame.frame for frame in source.pictures(99)] == [99, 100, 101]
        assert shown(source, pictures) == [0, 1, 2, 3]
    assert open_source(folder).rate == 24 and "24" in open_source(folder).notices[0]


def test_numbers_below_zero_are_those_that_blender_writes(tmp_path: Path) -> None:
    for number in (-2, -1, 0):
        write_images(tmp_path, pan(1, 1), "{:05d}.png" if number < 0 else "{:04d}.png", number)
    assert open_source(tmp_path).frames == (-2, 0)


@pytest.mark.parametrize("name", ["frame_{:04d}.jpg", "{:04d}.tif", "{}.bmp", "a-{}.webp"])
def test_kinds_of_images(tmp_path: Path, name: str) -> None:
    pictures = pan(3, 3, (9, 5))
    assert shown(open_source(write_images(tmp_path, pictures, name)), pictures) == [0, 1, 2]


def test_images_of_sixteen_bits_and_scene_linear_ones(tmp_path: Path) -> None:
    colours = pan(1, 1)[0]
    assert cv2.imwrite(str(tmp_path / "deep1.png"), colours[..., ::-1].astype(np.uint16) * 257)
    linear = np.linspace(0, 1.5, SIZE[0] * SIZE[1], dtype=np.float32).reshape(SIZE[::-1])
    for prefix, name in (("", "plain"), ("ViewLayer.Combined.", "blender")):
        channels = {f"{prefix}{colour}": linear for colour in "RGB"}
        OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION}, channels).write(str(tmp_path / f"{name}1.exr"))
    deep = open_source(tmp_path / "deep1.png")
    assert np.array_equal(next(deep.pictures(1)).pixels, colours) and "16 bits" in deep.notices[0]
    for name in ("plain", "blender"):
        source = open_source(tmp_path / f"{name}1.exr")
        assert "scene linear" in source.notices[0]
        assert np.abs(next(source.pictures(1)).pixels[..., 0] - 255 * srgb(linear)).max() <= 0.51


def test_what_is_no_movie_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere.mp4", "does not exist")
    (tmp_path / "text.mp4").write_bytes(b"not a movie" * 500)
    refused(tmp_path / "text.mp4", "cannot be read as a movie")
    (tmp_path / "empty.mp4").touch()
    refused(tmp_path / "empty.mp4", "cannot be read as a movie")
    whole = write_movie(tmp_path / "whole.mp4", pan(1, 40)).read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "half.mp4", "is it whole")
    with av.open(str(tmp_path / "song.m4a"), "w") as song:
        stream = song.add_stream("aac", rate=44100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.rate = 44100
        song.mux(stream.encode(silence))
        song.mux(stream.encode())
    refused(tmp_path / "song.m4a", "has no video")


def test_a_movie_that_claims_to_last_forever_is_refused(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mkv", pan(1, 3), 25, moments=(0, 40, 2**40))
    refused(path, "cut it into shorter ones")


def test_a_movie_may_not_lead_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")
    refused(tmp_path / "list.m3u8", "cannot be read")


def test_a_movie_that_ends_early_says_so(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mkv", pan(1, 200, (1, 0)), options={"g": "10"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = open_source(path)
    assert 20 < source.frames[1] < 180
    assert len(list(source.pictures(1))) == source.frames[1]


def test_sequences_that_are_not_one_shot_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, "no numbered images")
    (tmp_path / "gap").mkdir()
    write_images(tmp_path / "gap", pan(1, 8))
    (tmp_path / "gap" / "frame_0003.png").unlink()
    refused(tmp_path / "gap", "no image for 3")
    write_images(tmp_path / "two", pan(1, 2), "a{}.png")
    write_images(tmp_path / "two", pan(1, 2), "b{}.png")
    refused(tmp_path / "two", r"several sequences \(a1.png, b1.png\)")
    write_images(tmp_path / "same", pan(1, 2), "a{}.png")
    write_images(tmp_path / "same", pan(1, 2), "a{:03d}.png")
    refused(tmp_path / "same", "the same number")
    write_images(tmp_path / "sizes", pan(1, 2))
    write_images(tmp_path / "sizes", pan(1, 1, size=(48, 64)), first=3)
    refused(tmp_path / "sizes", "48 x 64 pixels, the first image 96 x 64")
    write_images(tmp_path / "small", pan(1, 2, size=(8, 8)))
    refused(tmp_path / "small", "8 x 8")
    write_images(tmp_path / "broken", pan(1, 2))
    (tmp_path / "broken" / "frame_0002.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    refused(tmp_path / "broken", "frame_0002.png is damaged")
    (tmp_path / "exr").mkdir()
    (tmp_path / "exr" / "a1.exr").write_bytes(b"not OpenEXR")
    refused(tmp_path / "exr", "cannot be read")
    write_images(tmp_path / "unnumbered", pan(1, 1), "portrait.png")
    refused(tmp_path / "unnumbered" / "portrait.png", "has no number")
