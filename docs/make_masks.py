"""Makes the pictures of masks and regions: a mask, two prompts in one picture, and one of which a part is painted.

python docs/make_masks.py SHOT PICTURES_FOLDER, where SHOT is a capture of the bundled scene
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
from flowbrush.backend.export import export_mask
from flowbrush.backend.shot import Shot
from flowbrush.backend.storage import make_folder
from flowbrush.backend.stylize import stylize
from flowbrush.backend.take import RegionSettings, Take, TakeSettings, style_settings

KNIGHT = "Knight_* | 1H_Sword | Round_Shield"
QUALITY = 85  # of JPEG


def main() -> None:
    """Exports the mask of one frame and paints that frame twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shot", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--frame", type=int, default=20)
    given = parser.parse_args()
    shot, folder = Shot.load(given.shot), make_folder(given.pictures)
    one = (given.frame, given.frame)
    for done in export_mask(shot, "Knight_* & !*Cape | Ball", shot.folder / "export" / "page", print, 0.0, one):
        (folder / "mask.png").write_bytes(done.path.read_bytes())
    ink, cel = (replace(style_settings(name), method="per_frame", frames=one, seed=1) for name in ("ink", "cel"))
    on_knight = RegionSettings(KNIGHT, ink.prompt, ink.negative_prompt)
    paint(shot, "regions", replace(cel, regions=(on_knight,)), folder)
    paint(shot, "paint", replace(ink, paint=KNIGHT), folder)


def paint(shot: Shot, name: str, settings: TakeSettings, folder: Path) -> None:
    """Paints a take of one frame and writes its picture into `folder`."""
    for done in stylize(shot, f"page {name}", settings, print, lambda: False, replace_other=True):
        print(f"{name}: {done.seconds:.1f} s")
    picture = cv2.imread(str(Take.load(shot, f"page {name}").frame_path(settings.frames[0])))
    cv2.imwrite(str(folder / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    main()
