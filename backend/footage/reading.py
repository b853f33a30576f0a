"""Opening footage, whichever kind it is."""

from fractions import Fraction
from pathlib import Path

from ..errors import Code, FootageError
from .movie import open_movie
from .numbering import is_image
from .sequence import open_sequence
from .source import Source


def open_source(path: Path, rate: Fraction | None = None) -> Source:
    """Opens a movie, a folder of numbered images, or the sequence that one image belongs to.

    rate: frames a second, in place of what the movie says; it is then shown at those moments. Raises FootageError.
    """
    if not path.exists():
        raise FootageError(Code.BAD_FOOTAGE, f"{path} does not exist: choose a movie, or a folder of numbered images")
    return open_sequence(path, rate) if path.is_dir() or is_image(path) else open_movie(path, rate)
