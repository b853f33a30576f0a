"""Image sequences: numbered pictures in a folder."""

import hashlib
from collections.abc import Generator
from fractions import Fraction
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import OpenEXR

from ..errors import Code, FootageError
from ..shot import MAX_FRAME, MAX_SIDE
from .colour import over_black, to_eight_bits
from .numbering import ENDINGS, numbered
from .source import Picture, Source, checked_rate, checked_size

DEFAULT_RATE = Fraction(24)
MOST_NAMED = 5


def open_sequence(path: Path, rate: Fraction | None) -> Source:
    """The one sequence in the folder `path`, or the one that the image `path` belongs to.

    Frames have the numbers of the files. Raises FootageError.
    """
    folder = path if path.is_dir() else path.parent
    found = _sequences(folder)
    if path.is_dir():
        key = _only(found, folder)
    else:
        name = numbered(path)
        if name is None:
            raise _bad(f"{path.name} has no number in its name: number the images, such as frame_0001.png")
        key = name.sequence
    files = _unbroken(found[key], folder)
    first = min(files)
    pixels, notices = _read(files[first])
    size = checked_size((pixels.shape[1], pixels.shape[0]), files[first])
    if rate is None:
        notices = (*notices, f"Images say no frame rate: {DEFAULT_RATE} frames a second are taken")
    return Source(
        path=path,
        size=size,
        rate=checked_rate(rate or DEFAULT_RATE, path),
        frames=(first, max(files)),
        sound="",
        notices=notices,
        fingerprint=_fingerprint(files),
        pictures=partial(_pictures, files, size),
    )


def _pictures(files: dict[int, Path], size: tuple[int, int], start: int) -> Generator[Picture, None, None]:
    for number in range(start, max(files) + 1):
        pixels, _ = _read(files[number])
        if (pixels.shape[1], pixels.shape[0]) != size:
            here = f"{pixels.shape[1]} x {pixels.shape[0]}"
            raise _bad(
                f"{files[number]} has {here} pixels, the first image {size[0]} x {size[1]}: "
                "all images of a sequence must have one size"
            )
        yield Picture(number, pixels)


def _sequences(folder: Path) -> dict[tuple[str, str], dict[int, Path]]:
    """Numbered images by sequence and by number. Raises FootageError for two of a number."""
    found: dict[tuple[str, str], dict[int, Path]] = {}
    for path in sorted(folder.iterdir()):
        name = numbered(path)
        if name is None or not path.is_file() or abs(name.number) > MAX_FRAME:
            continue
        files = found.setdefault(name.sequence, {})
        if other := files.get(name.number):
            raise _bad(f"{other.name} and {path.name} in {folder} have the same number: remove one")
        files[name.number] = path
    return found


def _only(found: dict[tuple[str, str], dict[int, Path]], folder: Path) -> tuple[str, str]:
    if not found:
        raise _bad(f"{folder} holds no numbered images ({', '.join(ENDINGS)}), such as frame_0001.png")
    if len(found) > 1:
        names = [files[min(files)].name for files in found.values()]
        raise _bad(
            f"{folder} holds several sequences ({', '.join(names[:MOST_NAMED])}): choose the first image of one of them"
        )
    return next(iter(found))


def _unbroken(files: dict[int, Path], folder: Path) -> dict[int, Path]:
    missing = sorted(set(range(min(files), min(max(files), min(files) + 2 * len(files)) + 1)) - set(files))
    if missing:
        named = ", ".join(map(str, missing[:MOST_NAMED])) + (", ..." if len(missing) > MOST_NAMED else "")
        raise _bad(f"The sequence in {folder} has no image for {named}: add what is missing, or move the rest away")
    return files


def _fingerprint(files: dict[int, Path]) -> str:
    """By name, size and time of every file: reading them all twice would take too long."""
    digest = hashlib.sha256()
    for number in sorted(files):
        facts = files[number].stat()
        digest.update(f"{files[number].name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _read(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """The image, (H, W, 3) uint8 sRGB RGB, and what of it was given up."""
    stored, notices = _read_exr(path) if path.suffix.lower() == ".exr" else _read_integers(path)
    if stored.ndim == 2:
        stored = np.repeat(stored[..., None], 3, axis=2)
    if stored.shape[2] == 4:
        full = 1.0 if stored.dtype == np.float32 else np.iinfo(stored.dtype).max
        if (stored[..., 3] != full).any():
            notices = (*notices, "The images are partly transparent: they are put in front of black")
        stored = over_black(stored, multiplied=path.suffix.lower() == ".exr")
    return to_eight_bits(stored), notices


def _read_integers(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        # Asking for colour turns a photograph upright as its camera noted, but drops alpha, which a JPEG has not.
        flags = cv2.IMREAD_COLOR if path.suffix.lower() in (".jpg", ".jpeg") else cv2.IMREAD_UNCHANGED
        stored = cv2.imdecode(data, flags) if data.size else None
    except OSError as error:
        raise _bad(f"{path} cannot be read ({error.strerror})") from error
    except cv2.error as error:
        raise _bad(f"{path} cannot be read ({error.err}): is it a picture?") from error
    if stored is None or stored.dtype not in (np.uint8, np.uint16, np.float32):
        raise _bad(f"{path} is damaged, or no picture of a kind that Flowbrush reads")
    if stored.ndim == 3:
        stored = cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA if stored.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    if stored.dtype == np.uint8:
        return stored, ()
    return stored, (f"The images have {stored.dtype.itemsize * 8} bits a channel: they become 8",)


def _read_exr(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """The colours of an OpenEXR file: its channels R, G, B and A, or Blender's combined pass."""
    try:
        with OpenEXR.File(str(path), header_only=True) as file:
            first, last = (np.array(corner, np.int64) for corner in file.parts[0].header["dataWindow"])
            if max(last - first + 1) > MAX_SIDE:
                raise _bad(f"{path} is larger than {MAX_SIDE} pixels")
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = {name: channel.pixels for part in file.parts for name, channel in part.channels.items()}
    except (RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
        raise _bad(f"{path} cannot be read ({error})") from error
    for prefix in ("", *(name.removesuffix("R") for name in channels if name.endswith("Combined.R"))):
        if all(prefix + colour in channels for colour in "RGB"):
            names = [prefix + colour for colour in "RGBA" if prefix + colour in channels]
            notice = "The images are scene linear: they become 8-bit sRGB, and what is brighter than white is cut off"
            return np.dstack([channels[name] for name in names]).astype(np.float32), (notice,)
    raise _bad(f"{path} holds no colours: there are no channels R, G and B")


def _bad(sentence: str) -> FootageError:
    return FootageError(Code.BAD_FOOTAGE, sentence)
