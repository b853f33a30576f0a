"""One scene captured with Cycles and with EEVEE, in the real Blenders of Debian: the same meaning, and the truth."""

import sys
from pathlib import Path

import numpy as np
import pytest
from flowbrush.backend.motion.vectors import flow_to_previous
from flowbrush.backend.motion.visibility import visible_in_previous
from flowbrush.backend.motion.warp import carry
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.shot import Shot

sys.path.insert(0, str(Path(__file__).parent))
from debian import HERE, PACKAGE, Root

NOW = 7
SUITES = ("trixie", "sid")  # EEVEE by its two ids


@pytest.fixture(scope="module", params=SUITES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Root(request.param)
    root.make()
    folder = tmp_path_factory.mktemp(f"engines-{request.param}")
    home = folder / "home"
    home.mkdir()
    script = ["--python-exit-code", "1", "--python", HERE / "engine_shots.py", "--", folder, PACKAGE]
    assert root.run(home, "blender", "--background", *script, limit=900, also=(HERE.parent,)) == 0
    return folder


@pytest.fixture(scope="module")
def cycles(folder: Path) -> Shot:
    return Shot.load(folder / "CYCLES")


@pytest.fixture(scope="module")
def eevee(folder: Path) -> Shot:
    return Shot.load(folder / "EEVEE")


def interior(ids: np.ndarray) -> np.ndarray:
    """(H, W) bool: the 3 x 3 pixels around are of one id."""
    padded = np.pad(ids, 1, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    return (around == ids[..., None, None]).all(axis=(-1, -2))


def test_each_shot_was_made_by_its_engine(cycles: Shot, eevee: Shot) -> None:
    assert cycles.engine == "CYCLES" and eevee.engine.startswith("BLENDER_EEVEE")
    assert cycles.objects == eevee.objects and cycles.materials == eevee.materials
    assert cycles.missing_frames() == eevee.missing_frames() == []
    assert eevee.notices == (), "nothing has to be said about a scene that is captured with its own engine"


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
        assert {"Bare", "Member", "Figure", "Ball"} <= {names.get(number, "") for number in np.unique(a["object_id"])}

        surface = inside & np.isfinite(a["depth"])
        background = inside & ~surface
        assert surface.sum() > 5000 and background.sum() > 500
        assert np.isinf(b["depth"][background]).all() and np.isfinite(b["depth"][surface]).all()
        for name, values in b.items():
            assert name == "depth" or not values[background].any(), name

        # Where one part of an object hides another of the same id, a pixel's centre may show either.
        folds = np.abs(np.log(np.where(surface, a["depth"], 1.0) / np.where(surface, b["depth"], 1.0))) > 0.005
        assert folds.sum() <= 0.002 * surface.sum()
        same = surface & ~folds
        angle = np.degrees(np.arccos(np.clip((a["normal"] * b["normal"]).sum(axis=-1), -1, 1)))
        error = np.abs(a["vector"] - b["vector"]).max(axis=-1)
        apart = np.linalg.norm(a["surface"] - b["surface"], axis=-1)
        print(
            f"frame {frame}: normals {angle[same].max():.2f} and {np.quantile(angle[same], 0.999):.2f} degrees apart, "
            f"vectors {error[same].max():.3f} px, depth {np.abs(a['depth'][same] / b['depth'][same] - 1).max():.5f}, "
            f"surface {apart[same].max():.4f} m, {folds.sum()} folds"
        )
        assert np.quantile(angle[same], 0.999) < 1.0
        assert np.quantile(error[same], 0.999) < 0.05
        assert np.quantile(apart[same], 0.999) < 0.01
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


def test_the_picture_before_carried_by_eevees_vectors_is_the_picture_now(eevee: Shot, folder: Path) -> None:
    now, before = (read_passes(eevee, frame, eevee.passes) for frame in (NOW, NOW - 1))
    flow = flow_to_previous(now, eevee, NOW)
    seen = visible_in_previous(now, before, flow) & np.isfinite(now["depth"])
    difference = carry(read_picture(eevee, NOW - 1), flow) - read_picture(eevee, NOW)
    measured = -10 * np.log10(np.mean(difference[seen] ** 2))
    with np.load(folder / "truth.npz") as truth:
        visible, hit = truth["seen_before"], truth["hit"] & np.isfinite(now["depth"])
        grid = np.stack(np.meshgrid(*map(np.arange, seen.shape[::-1])), axis=-1)
        error = np.linalg.norm(truth["landed"] - grid - flow, axis=-1)[visible]
    right = (seen & visible)[hit].sum()
    precision, recall = right / seen[hit].sum(), right / (visible & hit).sum()
    print(f"carried {measured:.2f} dB, precision {precision:.5f}, recall {recall:.5f}")
    assert seen.mean() > 0.6 and measured >= 40.0
    assert np.quantile(error, 0.99) < 0.05
    assert precision >= 0.999 and recall >= 0.98
