"""Makes the pictures of concepts/conditions.md: a frame of the bundled scene, captured, and every condition of it.

python docs/make_conditions.py WORK_FOLDER PICTURES_FOLDER --blender BLENDER
"""

import argparse
from pathlib import Path

import cv2
from demo_shot import capture_demo
from flowbrush.backend import needs
from flowbrush.backend.export import available, export_conditions, picture_path
from flowbrush.backend.storage import make_folder

PAGE = Path(__file__).parent / "concepts" / "conditions.md"
FRAMES = (19, 21)  # the range of depth is that of all of them
SHOWN = 20
FEW = 256  # colours, up to which a PNG is small
QUALITY = 85  # of JPEG, for the rest


def main() -> None:
    """Captures, exports, and writes one picture for each condition."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--blender", default="")
    given = parser.parse_args()
    wanted = ["--frames", *map(str, FRAMES), "--extras", *needs.EXTRAS]
    shot = capture_demo(given.work, given.blender, wanted)
    exported = given.work / "export"
    for done in export_conditions(shot, [], exported, (SHOWN, SHOWN)):
        print(f"Frame {done.frame} exported, {done.seconds:.1f} s")
    make_folder(given.pictures)
    page = PAGE.read_text("utf-8")
    for name in available(shot):
        path = write_for_page(picture_path(exported, name, SHOWN), given.pictures / name)
        print(f"{path}  {path.stat().st_size} bytes" + ("" if f"/{path.name})" in page else f", not shown in {PAGE}"))


def write_for_page(source: Path, target: Path) -> Path:
    """Writes `source` as it is where it has few colours, else as JPEG; returns where."""
    picture = cv2.imread(str(source), cv2.IMREAD_COLOR)
    few = len({colour.tobytes() for colour in picture.reshape(-1, 3)}) <= FEW
    path = target.with_suffix(".png" if few else ".jpg")
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9] if few else [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return path


if __name__ == "__main__":
    main()
