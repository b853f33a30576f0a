"""Every kind of camera, instance and surface captured with EEVEE, in the newest Blender of Debian: it is right."""

import sys
from pathlib import Path

import numpy as np
import pytest
from blender import shot_truth
from flowbrush.backend.shot import Shot

sys.path.insert(0, str(Path(__file__).parent))
from debian import HERE, PACKAGE, Root

SCENES = ("orthographic", "surfaces")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shots of all scenes and the truth of each."""
    root = Root("sid")  # that EEVEE's two ids read the same is told by test_engines
    root.make()
    folder = tmp_path_factory.mktemp("scenes")
    (folder / "home").mkdir()
    script = ["--python-exit-code", "1", "--python", HERE / "scene_shots.py", "--", folder, PACKAGE]
    assert root.run(folder / "home", "blender", "--background", *script, limit=900, also=(HERE.parent,)) == 0
    return folder


@pytest.mark.parametrize("scene", SCENES)
def test_eevee_captures_it_right(folder: Path, scene: str) -> None:
    shot = Shot.load(folder / scene / "shot")
    assert shot.engine.startswith("BLENDER_EEVEE")
    pair = shot_truth.pair_of(shot, shot.frames[1])
    assert pair.untrusted == set()
    shot_truth.check_pictures(pair)
    with np.load(folder / scene / "truth.npz") as truth:
        shot_truth.check_rays(pair, truth["names"], truth["landed"], truth["seen"], exact=0.05)  # EEVEE has halves
