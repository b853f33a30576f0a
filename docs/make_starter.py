"""Fills concepts/starter.md with what was measured: tables, and pictures that are small enough for a page.

python docs/make_starter.py MEASURED [PAGE], where MEASURED is what tests/bench/starter_quality.py wrote, with
`speed.md`, which tests/bench/starter_speed.py printed
"""

import argparse
import re
from pathlib import Path

import cv2
import numpy as np
from flowbrush.backend.quality.sheet import write_jpeg

PAGE = Path(__file__).parent / "concepts" / "starter.md"
PICTURES = Path("..", "pictures", "starter")  # from the page
MOST = 390_000  # bytes of a picture
WIDEST = 1600  # pixels
PLACE = re.compile(r"<!-- (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)
ALT = {
    "grid": "Eight frames that training never saw, in every style",
    "words": "A frame in every style, with one word after the other",
    "settings": "A frame with fewer and more steps, less strength, and more guidance",
    "conditions": "A frame without each of the conditions",
    "scales": "A frame with line art at scales from 0 to 1.5",
    "seeds": "A frame with three seeds, and where they differ",
}
"""What a picture shows, by its name; other places of the page take tables."""


def main() -> None:
    """Replaces what stands between `<!-- name -->` and `<!-- end -->` in the page; refuses what was not measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", type=Path)
    parser.add_argument("page", type=Path, nargs="?", default=PAGE)
    given = parser.parse_args()
    page = given.page.read_text("utf-8")
    missing = [name for name, _ in PLACE.findall(page) if not source(given.measured, name).is_file()]
    if missing:
        raise SystemExit(f"{given.measured} lacks {', '.join(missing)}: measure them first")

    def filled(place: re.Match[str]) -> str:
        name = place[1]
        return f"<!-- {name} -->\n{content(given.measured, given.page, name)}\n<!-- end -->"

    given.page.write_text(PLACE.sub(filled, page), "utf-8")


def source(measured: Path, name: str) -> Path:
    """The file that fills the place `name`: a picture for `..._picture`, else a table."""
    picture = name.removesuffix("_picture")
    return measured / (f"{picture}.jpg" if name.endswith("_picture") else f"{name}.md")


def content(measured: Path, page: Path, name: str) -> str:
    """Markdown: the table, or the picture's link, and the picture is written beside the page."""
    file = source(measured, name)
    if file.suffix == ".md":
        return file.read_text("utf-8").strip()
    stored = cv2.imread(str(file))
    if stored is None:
        raise SystemExit(f"{file} is no picture")
    picture = stored[..., ::-1].astype(np.float32) / 255.0
    scale = min(1.0, WIDEST / picture.shape[1])
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    folder = page.parent / PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    write_jpeg(folder / file.name, picture, MOST)
    print(f"{folder / file.name}: {(folder / file.name).stat().st_size} bytes")
    return f"![{ALT[file.stem]}]({PICTURES.as_posix()}/{file.name})"


if __name__ == "__main__":
    main()
