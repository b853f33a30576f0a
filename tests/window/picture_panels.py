"""Pictures of all panels, menus and questions, in both themes and all languages, to be looked at.

python picture_panels.py FOLDER [--suites trixie sid] [--looks dark-en_US light-ja_JP] [--scale 1.5]

Blender comes from Debian, unpacked into .environments/ by make_root. Leaves the single pictures in FOLDER/SUITE, and of
each look a sheet SUITE-LOOK.png with the panels and SUITE-LOOK-popups.png with what pops up.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from debian import HERE, Root
from PIL import Image

SCREEN = "1100x6000"  # high enough for the tab with all of its panels open
LOOKS = (
    *("dark-en_US", "light-en_US", "dark-zh_HANS", "light-zh_HANS"),
    *("dark-zh_HANT", "light-zh_HANT", "dark-ja_JP", "light-ja_JP"),
)
GAP = 12  # pixels between two pictures of a sheet
COLUMN = 1500  # pixels at scale 1 after which a high picture goes on beside itself


def photograph(root: Root, folder: Path, looks: list[str], scale: float) -> None:
    """Fills `folder` with the pictures. Raises RuntimeError with what went wrong in Blender."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        archive, demo = root.prepare(work)
        desk = work / "desk"
        desk.mkdir()
        scene = shutil.copy(demo, desk / "knight.blend")
        root.install(desk / "home", archive)
        width, height = (str(round(int(side) * scale)) for side in SCREEN.split("x"))
        window = ["--enable-event-simulate", "--gpu-backend", "opengl", "--window-geometry", "0", "0", width, height]
        arguments = ["--python", HERE / "panels.py", "--", desk, sys.executable, str(scale), *looks]
        on_screen = [HERE / "on_screen", f"{width}x{height}", "blender", *window, scene]
        root.run(desk / "home", *on_screen, *arguments, limit=3600)
        folder.mkdir(parents=True, exist_ok=True)
        for picture in desk.glob("*.png"):
            shutil.copy(picture, folder)
        found = json.loads((desk / "found.json").read_text("utf-8"))
    if "failure" in found:
        raise RuntimeError(found["failure"])


def columns(path: Path, high: int) -> list[Image.Image]:
    """A picture without the empty rows at its lower end, in parts of at most that height."""
    picture = Image.open(path).convert("RGB")
    grey = np.asarray(picture.convert("L"), np.int16)[:, GAP : -4 * GAP]  # without the tabs' names
    drawn = np.flatnonzero(np.ptp(grey, axis=1) > GAP)
    end = min(int(drawn[-1]) + GAP if drawn.size else 1, picture.height)
    return [picture.crop((0, top, picture.width, min(top + high, end))) for top in range(0, end, high)]


def lay_out(paths: list[Path], high: int, target: Path) -> None:
    """Writes all pictures side by side."""
    parts = [part for path in paths for part in columns(path, high)]
    page = Image.new("RGB", (sum(part.width + GAP for part in parts), max(part.height for part in parts)), "gray")
    left = 0
    for part in parts:
        page.paste(part, (left, 0))
        left += part.width + GAP
    page.save(target)


def main() -> None:
    """Photographs, and lays out."""
    parser = argparse.ArgumentParser(description="Pictures of all panels in both themes and all languages")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--suites", nargs="+", default=["trixie", "sid"])
    parser.add_argument("--looks", nargs="+", default=list(LOOKS))
    parser.add_argument("--scale", type=float, default=1.0)
    given = parser.parse_args()
    for suite in given.suites:
        root, folder = Root(suite), given.folder / suite
        root.make()
        photograph(root, folder, given.looks, given.scale)
        for look in given.looks:
            found = sorted(folder.glob(f"{look}-*.png"))
            high = round(COLUMN * given.scale)
            popups = [path for path in found if "-popup-" in path.name]
            lay_out([path for path in found if path not in popups], high, given.folder / f"{suite}-{look}.png")
            lay_out(popups, high, given.folder / f"{suite}-{look}-popups.png")


if __name__ == "__main__":
    main()
