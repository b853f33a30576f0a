"""Movies and image sequences made on the spot, whose motion and cuts are known."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

SIZE = (96, 64)


def texture(seed: int, size: tuple[int, int] = (256, 192)) -> np.ndarray:
    """Blotches of all sizes, (H, W, 3) uint8: there is something to follow everywhere."""
    rng = np.random.default_rng(seed)
    total = np.zeros((size[1], size[0], 3), np.float32)
    for cells in (6, 12, 24, 48):
        rough = rng.uniform(-1, 1, (cells, cells, 3)).astype(np.float32)
        total += cv2.resize(rough, size, interpolation=cv2.INTER_CUBIC) / cells**0.5
    return np.clip(128 + 110 * total, 0, 255).astype(np.uint8)


def pan(seed: int, count: int, step: tuple[int, int] = (3, 1), size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """A camera that moves over a texture by `step` whole pixels a frame: what it shows moves by minus that."""
    wide = texture(seed, (size[0] + abs(step[0]) * count, size[1] + abs(step[1]) * count))
    return [wide[k * step[1] : k * step[1] + size[1], k * step[0] : k * step[0] + size[0]].copy() for k in range(count)]


def write_images(folder: Path, pictures: Sequence[np.ndarray], name: str = "frame_{:04d}.png", first: int = 1) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures, first):
        channels = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
        assert cv2.imwrite(str(folder / name.format(number)), cv2.cvtColor(picture, channels))
    return folder


def write_movie(
    path: Path,
    pictures: Sequence[np.ndarray],
    rate: Fraction | int = 24,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    layout: str = "rgb24",
    moments: Sequence[int] | None = None,
    quarter_turn: bool = False,
    aspect: Fraction | None = None,
    transfer: int | None = None,
    sound: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """moments: when each picture is shown, in thousandths of a second. quarter_turn: to be turned counterclockwise."""
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as movie:
        stream = movie.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.options = {"crf": "4"} | (options or {}) if codec == "libx264" else (options or {})
        if moments is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if quarter_turn:
            stream.set_display_rotation(90)
        if transfer:
            stream.codec_context.color_trc = transfer
        audio = movie.add_stream("aac", rate=44100) if sound else None
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, layout)
            if moments is not None:
                frame.pts, frame.time_base = moments[k], Fraction(1, 1000)
            movie.mux(stream.encode(frame))
        movie.mux(stream.encode())
        if audio:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            silence.rate = 44100
            movie.mux(audio.encode(silence))
            movie.mux(audio.encode())
    return path
