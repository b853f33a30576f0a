"""Makes the style gallery: a frame of the bundled scene, captured, and a small picture of it in every style.

python docs/make_gallery.py WORK_FOLDER GALLERY_FOLDER --blender BLENDER
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from demo_shot import capture_demo
from flowbrush.backend import needs
from flowbrush.backend.storage import make_folder
from flowbrush.backend.stylize import stylize
from flowbrush.backend.take import Take, load_styles

SHOWN = 20
PART = (slice(80, 400), slice(130, 450))  # rows and columns of the frame that show the knight
SIDE = 256  # pixels, as large as Blender keeps a preview
MOST = 15_000  # bytes of one picture


def main() -> None:
    """Captures where that is not done yet, paints, and writes one picture for each style of styles.toml."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("gallery", type=Path)
    parser.add_argument("--blender", default="")
    given = parser.parse_args()
    styles, one = load_styles(), (SHOWN, SHOWN)
    conditions = [control.condition for style in styles.values() for control in style.controls]
    wanted = ["--frames", *map(str, one), "--passes", *needs.needed("per_frame", conditions)[0]]
    shot = capture_demo(given.work, given.blender, wanted)
    make_folder(given.gallery)
    for name, style in styles.items():
        settings = replace(style, method="per_frame", frames=one, seed=1)
        for done in stylize(shot, name, settings, print, lambda: False, replace_other=True):
            print(f"{name}: {done.seconds:.1f} s")
        picture = cv2.imread(str(Take.load(shot, name).frame_path(SHOWN)))
        path = given.gallery / f"{name}.jpg"
        path.write_bytes(small(picture[PART]))
        print(f"{path}  {path.stat().st_size} bytes")


def small(picture: np.ndarray) -> bytes:
    """A square picture (N, N, 3) uint8 as a JPEG of `SIDE` pixels, as good as `MOST` bytes allow."""
    scaled = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    for quality in range(92, 40, -2):
        encoded: bytes = cv2.imencode(".jpg", scaled, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(encoded) <= MOST:
            return encoded
    raise ValueError(f"{MOST} bytes are too few for this picture")


if __name__ == "__main__":
    main()
