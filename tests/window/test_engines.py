"""Scenes captured with EEVEE, one with Cycles too, in the real Blenders of Debian: the same meaning, and the truth."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from flowbrush.backend.motion.tracking import tracking
from flowbrush.backend.motion.warp import carry
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.shot import Shot

sys.path.insert(0, str(Path(__file__).parent))
from debian import HERE, PACKAGE, REPOSITORY, Root

NOW = 7
BOTH = "both_engines"
OTHERS = (
    "moving_lens",
    "orthographic",
    "wide_pixels",
    "made_by_nodes",
    "bent_by_nodes",
    "hair",
    "particle_hair",
    "instances",
    "particles",
)
UNKNOWN_TO_RAYS = ("hair", "particle_hair")  # which do not see what it hides
# EEVEE by its two ids; software rendering is slow, so all scenes in one of them only.
SUITES = {"trixie": (BOTH, *OTHERS), "sid": (BOTH,)}
BPY = REPOSITORY / ".environments" / "bpy-4.2.23" / "bin" / "python"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the scenes' files and what rays see in them."""
    if not BPY.exists():
        pytest.skip(f"the scenes are built by {BPY}, which is not installed here")
    folder = tmp_path_factory.mktemp("scenes")
    subprocess.run([BPY, HERE / "scene_files.py", folder, PACKAGE], check=True, timeout=300)
    return folder


@pytest.fixture(scope="module", params=SUITES)
def folder(request: pytest.FixtureRequest, scenes: Path) -> Path:
    """The folder with the shots of one Blender."""
    root = Root(request.param)
    root.make()
    folder = scenes / request.param
    home = folder / "home"
    home.mkdir(parents=True)
    for file in scenes.glob("*.blend"):
        (folder / file.name).symlink_to(file)
    script = ["--python-exit-code", "1", "--python", HERE / "engine_shots.py", "--", folder, PACKAGE]
    names = SUITES[request.param]
    assert root.run(home, "blender", "--background", *script, *names, limit=1500, also=(scenes, HERE.parent)) == 0
    return folder


@pytest.fixture
def cycles(folder: Path) -> Shot:
    return Shot.load(folder / BOTH / "CYCLES")


@pytest.fixture
def eevee(folder: Path) -> Shot:
    return Shot.load(folder / BOTH / "EEVEE")


def interior(ids: np.ndarray) -> np.ndarray:
    """(H, W) bool: the 3 x 3 pixels around are of one id."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(ids, 1, mode="edge"), (3, 3))
    return (around == ids[..., None, None]).all(axis=(-1, -2))


def test_each_shot_was_made_by_its_engine(cycles: Shot, eevee: Shot) -> None:
    assert cycles.engine == "CYCLES" and eevee.engine.startswith("BLENDER_EEVEE")
    assert cycles.objects == eevee.objects and cycles.materials == eevee.materials
    assert cycles.missing_frames() == eevee.missing_frames() == []
    assert eevee.notices == (), "nothing has to be said about a scene that is captured with its own engine"


def test_the_scene_is_as_it_was(folder: Path) -> None:
    changed = json.loads((folder / "changed.json").read_text("utf-8"))
    # Blender fills in this name when a file format is chosen for the first time, and refuses to have it emptied.
    assert [path for path in changed if not path.endswith("linear_colorspace_settings.name")] == []


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


@pytest.mark.parametrize("name", [BOTH, *OTHERS])
def test_eevees_vectors_and_visibility_are_true(name: str, folder: Path, scenes: Path) -> None:
    """The picture before, carried by the vectors, is the picture now; rays say where surfaces were, and were seen."""
    if name not in SUITES[folder.name]:
        pytest.skip("software rendering is slow: these scenes are captured in Debian trixie's Blender only")
    shot = Shot.load(folder / name / "EEVEE")
    now, before = (read_passes(shot, frame, shot.passes) for frame in (NOW, NOW - 1))
    follow = tracking(shot)
    flow = follow.to_previous(now, NOW)
    seen = follow.seen_before(now, before, flow) & np.isfinite(now["depth"])
    difference = carry(read_picture(shot, NOW - 1), flow) - read_picture(shot, NOW)
    carried = -10 * np.log10(np.mean(difference[seen] ** 2))

    with np.load(scenes / f"{name}.npz") as truth:
        names, seen_before, landed = truth["names"], truth["seen_before"], truth["landed"]
    known = {item.id: item.name for item in shot.objects if item.trusted}
    shown = np.vectorize(lambda number: known.get(number, "-"))(now["object_id"])
    surface = shown == names
    visible = surface & seen_before
    grid = np.stack(np.meshgrid(*map(np.arange, seen.shape[::-1])), axis=-1)
    error = np.linalg.norm(landed - grid - flow, axis=-1)[visible]
    right = (seen & visible).sum()
    precision, recall = right / (seen & surface).sum(), right / visible.sum()
    print(
        f"{name}: {carried:.2f} dB on {seen.mean():.3f}, vectors off by {np.quantile(error, 0.98):.3f} px, "
        f"precision {precision:.5f}, recall {recall:.5f}"
    )
    assert {item.name for item in shot.objects if not item.trusted} == ({"Pane"} if name == BOTH else set())
    assert seen.mean() > 0.5 and surface.mean() > 0.5
    assert carried >= 40.0
    assert np.quantile(error, 0.98) < 0.05
    assert precision >= 0.999
    assert recall >= 0.98 or name in UNKNOWN_TO_RAYS
