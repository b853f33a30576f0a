"""Movies: whatever FFmpeg decodes, shown at a steady rate, upright, in square pixels and 8-bit sRGB."""

import hashlib
from array import array
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import Colorspace, Interpolation

from ..errors import Code, FootageError
from ..shot import MAX_FRAME
from .colour import Transfer, from_hdr, over_black
from .source import Picture, Source, checked_rate, checked_size

# swscale's slower and more exact ways, and the same bytes on every machine.
SCALING = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
UNSPECIFIED = 2  # of ITU-T H.273, in colour space and transfer
TRANSFERS: dict[int, Transfer] = {16: "pq", 18: "hlg"}  # ITU-T H.273, table 3
# Files that hold their pictures themselves. Playlists and the like lead to other files and machines.
CONTAINERS = (
    "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,obu,ivf,mxf,gxf,ogg,flv,asf,gif,apng,nut,dv,mjpeg,"
    "yuv4mpegpipe,rm"
)
HD = 720  # rows, from which a movie that does not say how it is encoded is taken for BT.709, below for BT.601
NTSC = 1001
ROUNDING = 2e-4  # relative; 23.976 and 24 are five times as far apart


@dataclass(frozen=True)
class Clock:
    """When frames are shown.

    base: seconds of one unit of time. start, last: the moments of the first and the last frame of the movie, in units.
    timed: whether its frames know their moment; else they follow each other one unit apart. rate: frames a second that
    are shown; count: how many that makes.
    """

    base: Fraction
    start: int
    last: int
    timed: bool
    rate: Fraction
    count: int

    def middle(self, frame: int) -> Fraction:
        """The middle of the time for which frame number `frame`, counted from 1, is on the screen; in units."""
        return self.start + (frame - Fraction(1, 2)) / self.rate / self.base


@dataclass(frozen=True)
class Look:
    """How a decoded frame becomes square, upright and RGB.

    stored: width, height of the frames. size: in square pixels, before turning. turns: quarter turns counterclockwise.
    matrix: swscale's number of the colour matrix, None for what the frame itself says.
    """

    stored: tuple[int, int]
    size: tuple[int, int]
    turns: int
    matrix: int | None
    transfer: Transfer | None
    alpha: bool


def open_movie(path: Path, rate: Fraction | None) -> Source:
    """The first video of a movie; `rate`, frames a second, replaces its own. Raises FootageError."""
    with _opened(path) as container:
        stream = _video(container, path)
        heard = [audio.codec_context for audio in container.streams.audio if audio.codec_context is not None]
        sound = ", ".join(f"{codec.name}, {codec.sample_rate} Hz" for codec in heard)
        checked_size((stream.codec_context.width, stream.codec_context.height), path)  # before anything is decoded
        clock, notices = _clock(container, stream, path, rate)
    with _opened(path) as container:
        stream = _video(container, path)
        frame = next(iter(container.decode(stream)), None)
        if frame is None:
            raise _bad(f"{path} holds no picture that can be decoded")
        look = _look(frame, stream)
        notices += _given_up(frame, look)
    size = look.size if look.turns % 2 == 0 else look.size[::-1]
    return Source(
        path=path,
        size=checked_size(size, path),
        rate=clock.rate,
        frames=(1, clock.count),
        sound=sound,
        notices=tuple(notices),
        fingerprint=_fingerprint(path),
        pictures=partial(_pictures, path, clock, look),
    )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The movie; whatever FFmpeg says against it is told as FootageError."""
    options = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
    try:
        with av.open(str(path), metadata_errors="replace", options=options) as container:
            yield container
    except av.FFmpegError as error:
        raise _bad(f"{path} cannot be read as a movie ({error.strerror}): is it whole?") from error


def _video(container: Any, path: Path) -> Any:
    # A song's cover is a video of one picture.
    videos = [video for video in container.streams.video if not video.disposition & Disposition.attached_pic]
    if not videos:
        raise _bad(f"{path} has no video: choose a movie, or a folder of numbered images")
    if videos[0].codec_context is None:
        raise _bad(f"{path} is encoded in a way that cannot be decoded here: convert it first")
    videos[0].thread_type = "AUTO"
    return videos[0]


def _clock(container: Any, stream: Any, path: Path, rate: Fraction | None) -> tuple[Clock, list[str]]:
    """When frames are shown, by the container's index and not by decoding, and where that is not as in the movie."""
    moments, count = array("q"), 0  # eight bytes a frame
    for packet in container.demux(stream):
        if packet.size and not packet.is_discard:
            count += 1
            if packet.pts is not None:
                moments.append(packet.pts)
    own_rate = stream.guessed_rate or stream.average_rate
    if not count:
        raise _bad(f"{path} holds no picture that can be decoded")
    if rate is None and not own_rate:
        raise _bad(f"{path} does not say its frame rate: give it with --fps")
    shown_at = checked_rate(rate or _standard(own_rate), path)
    notices = []
    if stream.frames > count:
        notices.append(f"The movie ends early: it promises {stream.frames} frames, and has {count}")
    if len(moments) < count:
        return Clock(1 / shown_at, 0, count - 1, timed=False, rate=shown_at, count=count), notices
    times = np.sort(np.frombuffer(moments, np.int64))
    start, last, base = int(times[0]), int(times[-1]), stream.time_base
    steady = max(1, round(((last - start) * base + 1 / (own_rate or shown_at)) * shown_at))
    if steady > MAX_FRAME:
        raise _bad(f"{path} would have {steady} frames at {shown_at} a second: cut it into shorter ones")
    middles = start + (np.arange(steady) + 0.5) / float(shown_at * base)
    shown = len(np.unique(np.searchsorted(times, middles, side="right")))
    if shown < max(steady, count):
        notices.append(
            f"The movie's frames do not come at {shown_at} a second: "
            f"{steady - shown} are held a frame longer, {count - shown} are left out"
        )
    return Clock(base, start, last, timed=True, rate=shown_at, count=steady), notices


def _standard(rate: Fraction) -> Fraction:
    """`rate`, or the usual one that it is a rounding of: some containers only have whole milliseconds."""
    usual = (Fraction(round(rate)), Fraction(1000 * round(rate * NTSC / 1000), NTSC))
    near = [one for one in usual if one and abs(rate / one - 1) < ROUNDING]
    return near[0] if near else rate.limit_denominator(NTSC)


def _look(frame: Any, stream: Any) -> Look:
    width, height = frame.width, frame.height
    aspect = stream.sample_aspect_ratio or Fraction(1)
    size = (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))
    matrix = None
    if frame.colorspace == UNSPECIFIED:
        matrix = int(Colorspace.ITU709 if height >= HD else Colorspace.ITU601)
    return Look(
        stored=(frame.width, frame.height),
        size=size,
        turns=round(frame.rotation / 90) % 4,
        matrix=matrix,
        transfer=TRANSFERS.get(int(frame.color_trc)),
        alpha=any(component.is_alpha for component in frame.format.components),
    )


def _given_up(frame: Any, look: Look) -> list[str]:
    """What of the movie's pictures a shot cannot hold."""
    said = []
    bits = max(component.bits for component in frame.format.components)
    if look.transfer:
        said.append(f"The movie is HDR ({look.transfer.upper()}): highlights are pressed together into 8-bit sRGB")
    elif bits > 8:
        said.append(f"The movie has {bits} bits a channel: they become 8")
    if look.alpha and frame.to_ndarray(format="rgba")[..., 3].min() < 255:
        said.append("The movie is partly transparent: it is put in front of black")
    if look.size != (frame.width, frame.height):
        said.append(
            f"The movie's pixels are not square: {frame.width} x {frame.height} becomes {look.size[0]} x {look.size[1]}"
        )
    if frame.rotation % 90:
        said.append(f"The movie is turned by {frame.rotation} degrees: it is shown at the nearest quarter turn")
    if frame.interlaced_frame:
        said.append("The movie is interlaced: moving edges show combs; deinterlace it first")
    return said


def _pictures(path: Path, clock: Clock, look: Look, start: int) -> Generator[Picture, None, None]:
    number, held, moment, pixels = start, None, clock.start, None
    for moment_here, frame in _decoded(path, clock, start):
        while held is not None and moment_here > clock.middle(number):
            if pixels is None:
                pixels = _pixels(held, look, path)
            yield Picture(number, pixels, held.is_corrupt)
            number += 1
            if number > clock.count:
                return
        held, moment, pixels = frame, moment_here, None
    if held is None or (moment < clock.last and number < clock.count):
        raise _bad(f"{path} is damaged: nothing can be decoded from frame {number} on; choose frames before it")
    pixels = _pixels(held, look, path)
    for last in range(number, clock.count + 1):
        yield Picture(last, pixels, held.is_corrupt)


def _decoded(path: Path, clock: Clock, start: int) -> Iterator[tuple[int, Any]]:
    """Moment and frame, in order, from one that is shown no later than frame number `start`."""
    with _opened(path) as container:
        stream = _video(container, path)
        if clock.timed and start > 1:
            container.seek(int(clock.middle(start)), stream=stream, backward=True)
        early = start == 1 or not clock.timed
        for place, frame in enumerate(container.decode(stream)):
            moment = place if not clock.timed else frame.pts
            if moment is None:
                continue
            if not early and moment > clock.middle(start):
                break  # it cannot go where it was asked to: from the beginning
            early = True
            yield moment, frame
        if early:
            return
    yield from _decoded(path, clock, 1)


def _pixels(frame: Any, look: Look, path: Path) -> np.ndarray:
    """(H, W, 3) uint8 sRGB. Raises FootageError where the frame is not like the first."""
    if (frame.width, frame.height) != look.stored:
        raise _bad(f"{path} changes from {look.stored} to {(frame.width, frame.height)} pixels: cut it there in two")
    deep = "64le" if look.alpha else "48le"
    layout = ("rgba" if look.alpha else "rgb") + (deep if look.transfer else "" if look.alpha else "24")
    width, height = look.size
    converted = frame.reformat(width, height, layout, src_colorspace=look.matrix, interpolation=SCALING)
    stored = converted.to_ndarray()
    if look.alpha:
        stored = over_black(stored)
    if look.transfer:
        stored = from_hdr(stored, look.transfer)
    return np.ascontiguousarray(np.rot90(stored, look.turns))


def _fingerprint(path: Path) -> str:
    """By size and time: reading a long movie twice would take too long."""
    facts = path.stat()
    return hashlib.sha256(f"{path.name} {facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()


def _bad(sentence: str) -> FootageError:
    return FootageError(Code.BAD_FOOTAGE, sentence)
