"""Scenes captured with EEVEE, one with Cycles too, in the real Blenders of Debian: the same meaning, and the truth."""

import sys
from pathlib import Path

import numpy as np
import pytest
from blender import shot_truth
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.shot import Shot

sys.path.insert(0, str(Path(__file__).parent))
from debian import HERE, PACKAGE, Root

NOW = 7


@pytest.fixture(scope="module", params=["trixie", "sid"])  # EEVEE by its two ids
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shots of one Blender and the truth of each scene."""
    root = Root(request.param)
    root.make()
    folder = tmp_path_factory.mktemp(f"engines-{request.param}")
    (folder / "home").mkdir()
    script = ["--python-exit-code", "1", "--python", HERE / "engine_shots.py", "--", folder, PACKAGE]
    assert root.run(folder / "home", "blender", "--background", *script, limit=1200, also=(HERE.parent,)) == 0
    return folder


@pytest.fixture
def cycles(folder: Path) -> Shot:
    return Shot.load(folder / "both_engines" / "CYCLES")


@pytest.fixture
def eevee(folder: Path) -> Shot:
    return Shot.load(folder / "both_engines" / "EEVEE")


def interior(ids: np.ndarray) -> np.ndarray:
    """(H, W) bool: the 3 x 3 pixels around are of one id."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(ids, 1, mode="edge"), (3, 3))
    return (around == ids[..., None, None]).all(axis=(-1, -2))


def test_each_shot_was_made_by_its_engine(cycles: Shot, eevee: Shot) -> None:
    assert cycles.engine == "CYCLES" and eevee.engine.startswith("BLENDER_EEVEE")
    assert cycles.objects == eevee.objects and cycles.materials == eevee.materials
    assert cycles.missing_frames() == eevee.missing_frames() == []
    assert eevee.notices == (), "nothing has to be said about a scene that is captured with its own engine"


@pytest.mark.parametrize("scene", ["both_engines", "in_parallel"])
def test_the_scene_is_as_it_was(folder: Path, scene: str) -> None:
    assert (folder / scene / "changed.txt").read_text("utf-8") == ""


def test_the_engines_agree(cycles: Shot, eevee: Shot) -> None:
    for frame in cycles.frame_numbers:
        a, b = (read_passes(shot, frame, shot.passes) for shot in (cycles, eevee))
        inside = interior(a["object_id"]) & interior(b["object_id"])
        assert inside.mean() > 0.6
        for name in ("object_id", "material_id"):
            assert (a[name] == b[name])[inside].all(), name
        assert (a["object_id"] == b["object_id"]).mean() > 0.99
        assert a["object_id"].max() > 2048, "ids that half floats would round"
        names = {item.id: item.name for item in cycles.objects}
        assert {"Bare", "Member", "Figure", "Ball", "Pane"} <= {
            names.get(number, "") for number in np.unique(a["object_id"])
        }

        surface = inside & np.isfinite(a["depth"])
        background = inside & ~surface
        assert surface.sum() > 5000 and background.sum() > 500
        assert np.isinf(b["depth"][background]).all() and np.isfinite(b["depth"][surface]).all()
        for name, values in b.items():
            assert name == "depth" or not values[background].any(), name

        # Where one part of an object hides another of the same id, a pixel's centre may show either.
        apart = np.abs(np.divide(a["depth"], b["depth"], out=np.ones_like(a["depth"]), where=surface) - 1)
        folds = apart > 0.005
        assert folds.sum() <= 0.001 * surface.sum()
        same = surface & ~folds
        angle = np.degrees(np.arccos(np.clip((a["normal"] * b["normal"]).sum(axis=-1), -1, 1)))[same]
        error = np.abs(a["vector"] - b["vector"]).max(axis=-1)[same]
        place = np.linalg.norm(a["surface"] - b["surface"], axis=-1)[same]
        print(
            f"frame {frame}, at most: normals {angle.max():.2f} degrees, vectors {error.max():.3f} px, "
            f"depth {apart[same].max():.5f}, surface {place.max():.4f} m; {folds.sum()} folds"
        )
        assert np.quantile(angle, 0.999) < 1.0
        assert error.max() < 0.05
        assert np.quantile(place, 0.999) < 0.01
        assert np.abs(a["instance"] - b["instance"])[same].max() < 1e-6
        member = next(item.id for item in cycles.objects if item.name == "Member")
        assert len(np.unique(b["instance"][surface & (b["object_id"] == member)])) == 3


def test_the_pictures_show_the_same(cycles: Shot, eevee: Shot) -> None:
    """Of what glows by itself; light that one surface throws on another is Cycles' alone."""
    difference = np.abs(read_picture(cycles, NOW) - read_picture(eevee, NOW)).max(axis=-1)
    ids = read_passes(cycles, NOW, ("object_id",))["object_id"]
    glowing = [item.id for item in cycles.objects if item.name in {"Figure", "Floor", "Wall", "Ball"}]
    where = interior(ids) & np.isin(ids, glowing)
    print(f"pictures differ by {difference[where].mean():.4f}")
    assert difference[where].mean() < 0.005


@pytest.mark.parametrize(("scene", "untrusted"), [("both_engines", {"Pane"}), ("in_parallel", set())])
def test_eevees_vectors_and_visibility_are_true(folder: Path, scene: str, untrusted: set[str]) -> None:
    pair = shot_truth.pair_of(Shot.load(folder / scene / "EEVEE"), NOW)
    assert pair.untrusted == untrusted
    shot_truth.check_pictures(pair)
    with np.load(folder / scene / "truth.npz") as truth:
        shot_truth.check_rays(pair, truth["names"], truth["landed"], truth["seen"])
