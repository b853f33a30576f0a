"""How the images of a sequence are named. Standard library only: Blender reads it as well."""

import re
from dataclasses import dataclass
from pathlib import PurePath

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".exr")
# A minus belongs to the number only where nothing stands before it, as Blender writes frames before zero.
_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<number>(?:^-)?\d+)(?P<ending>\.\w+)")


@dataclass(frozen=True)
class Numbered:
    """A numbered image's name: what stands before the number, the number, and the ending in small letters."""

    prefix: str
    number: int
    ending: str

    @property
    def sequence(self) -> tuple[str, str]:
        """Alike for the images of one sequence."""
        return self.prefix, self.ending


def is_image(path: PurePath) -> bool:
    """Whether `path` is named like a picture and not like a movie."""
    return path.suffix.lower() in ENDINGS


def numbered(path: PurePath) -> Numbered | None:
    """The parts of an image's name; None for one without a number."""
    match = _NUMBERED.fullmatch(path.name) if is_image(path) else None
    return Numbered(match["prefix"], int(match["number"]), match["ending"].lower()) if match else None
