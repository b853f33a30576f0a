"""Makes the picture of tasks/people.md: a frame of a shot, its people over it, and the condition.

python docs/make_people.py SHOT PICTURE, where SHOT is a capture of the bundled scene with the extra `pose`
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from flowbrush.backend.passes.exr import read_picture
from flowbrush.backend.passes.openpose import draw_people
from flowbrush.backend.pose import read_people
from flowbrush.backend.shot import Shot

QUALITY = 85  # of JPEG


def main() -> None:
    """Draws the three side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shot", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--frame", type=int, default=20)
    given = parser.parse_args()
    shot = Shot.load(given.shot)
    picture = 255.0 * read_picture(shot, given.frame)
    people = draw_people(read_people(shot.pose_path(given.frame), shot.resolution), shot.resolution)
    over = np.where(people.any(axis=-1, keepdims=True), people, 0.5 * picture)
    row = np.concatenate([picture, over, people], axis=1).astype(np.uint8)
    cv2.imwrite(str(given.picture), row[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    main()
