"""Conditions estimated for footage: steady depth, going on after a stop, and what is refused. No network is run."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from flowbrush.backend.errors import Cancelled, Code, ModelError, SettingsError, ShotError
from flowbrush.backend.footage import estimate
from flowbrush.backend.footage.capture import FootageSettings, capture_footage
from flowbrush.backend.footage.catalogue import ESTIMATORS, catalogue
from flowbrush.backend.footage.estimate import estimate_conditions
from flowbrush.backend.footage.estimators import find_weights
from flowbrush.backend.footage.steady import Followed, followed, hold
from flowbrush.backend.motion.warp import carry
from flowbrush.backend.needs import check_condition
from flowbrush.backend.passes.conditions import condition
from flowbrush.backend.shot import Shot
from made_footage import pan, write_images
from synthetic_shot import make_shot

STEP = (3, 1)


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    """A pan, a cut, another pan."""
    footage = write_images(tmp_path / "footage", [*pan(1, 6, STEP), *pan(2, 3, STEP)])
    list(capture_footage(footage, tmp_path / "shot", FootageSettings(), lambda _: None, lambda: False))
    return Shot.load(tmp_path / "shot")


def flickering(picture: np.ndarray) -> np.ndarray:
    """Brightness for depth, with a scale and a shift that jump from frame to frame."""
    chance = np.random.default_rng(int(picture.astype(np.int64).sum()))
    return (picture[..., 1] * chance.uniform(0.6, 1.6) + chance.uniform(-40, 40)).astype(np.float32)


def inverted(picture: np.ndarray) -> np.ndarray:
    return 255 - picture


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Estimators that need no network; gives the folder with their weights."""
    weights = tmp_path / "weights"
    weights.mkdir()
    for one in ESTIMATORS.values():
        for file in one.files:
            (weights / file).write_bytes(b"weights")

    def load(name: str, _weights: Path | None) -> Callable[[np.ndarray], np.ndarray]:
        return flickering if ESTIMATORS[name].gives_depth else inverted

    monkeypatch.setattr(estimate, "load_estimator", load)
    return weights


def run(shot: Shot, weights: Path | None, *names: str, cancelled: Callable[[], bool] = lambda: False) -> Shot:
    list(estimate_conditions(shot, names, weights, cancelled))
    return Shot.load(shot.folder)


def drawn(shot: Shot) -> dict[str, bytes]:
    folder = shot.folder / "conditions"
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def jump(pictures: list[np.ndarray]) -> float:
    """How much neighbouring frames of the pan differ where they show the same, 0..1."""
    flow = np.broadcast_to(np.float32(STEP), (*pictures[0].shape[:2], 2))
    return float(
        np.mean(
            [np.abs(carry(before, flow, "linear") - here)[4:-4, 4:-4].mean() for before, here in pairwise(pictures)]
        )
    )


def test_depth_is_brought_to_one_scale(shot: Shot, stubs: Path) -> None:
    assert shot.cuts == (7,)
    raw = [flickering(np.rint(condition("colour", {}, shot, f) * 255).astype(np.uint8)) for f in range(1, 7)]
    shot = run(shot, stubs, "depth")
    steady = [condition("depth", {}, shot, frame)[..., 0] for frame in range(1, 7)]
    stretched = [(depth - depth.min()) / np.ptp(depth) for depth in raw]
    spread = np.mean([depth.std() for depth in stretched])
    assert jump(steady) / np.mean([depth.std() for depth in steady]) < 0.3 * jump(stretched) / spread
    assert min(depth.min() for depth in steady) < 0.02 and max(depth.max() for depth in steady) > 0.98
    bright = condition("colour", {}, shot, 3)[..., 1]
    assert np.corrcoef(bright.ravel(), steady[2].ravel())[0, 1] > 0.99, "near stays near"


def test_scales_do_not_drift_and_do_not_shrink() -> None:
    rng = np.random.default_rng(0)
    count, scales, shifts = 400, [], []
    pairs: list[Followed | None] = [None]
    means = []
    truth = rng.normal(10, 3, 500)
    measured = []
    for t in range(count):
        scales.append(rng.uniform(0.7, 1.4))
        shifts.append(rng.uniform(-2, 2))
        measured.append(truth * scales[-1] + shifts[-1] + rng.normal(0, 0.3, truth.size))
        means.append(float(measured[-1].mean()))
        if t:
            pairs.append(followed(measured[t][None], measured[t - 1][None], np.ones((1, truth.size), bool)))
    held = hold(means, pairs)
    steady = np.array([m * scale + shift for m, (scale, shift) in zip(measured, held, strict=True)])
    jumps = np.abs(np.diff(steady.mean(axis=1)))
    assert jumps.mean() < 0.1 * np.abs(np.diff(means)).mean()
    spreads = steady.std(axis=1)
    assert 2.5 < spreads.mean() < 3.6 and np.ptp(spreads) < 0.3 * np.ptp([m.std() for m in measured])


def test_a_cut_ties_nothing_and_points_without_depth_say_nothing() -> None:
    assert np.allclose(hold([1.0, 5.0, 2.0], [None, None, None]), [[1, 0]] * 3)
    flat = np.full((20, 20), 4.0)
    everywhere = np.ones(flat.shape, bool)
    assert followed(flat, flat, everywhere) is None
    slope = np.arange(400.0).reshape(20, 20)
    assert followed(slope, slope, np.eye(20, dtype=bool)) is None
    assert followed(slope, slope, everywhere) == Followed(199.5, slope.std(), 199.5, slope.std())


def test_conditions_are_pictures_marked_as_estimated(shot: Shot, stubs: Path) -> None:
    for name in ("normal", "lineart"):
        with pytest.raises(ShotError, match="estimate conditions"):
            check_condition(shot, name)
    shot = run(shot, stubs, "normal", "lineart")
    assert set(shot.drawn) == {"normal", "lineart"} and all(one.estimated for one in shot.drawn.values())
    check_condition(shot, "normal")
    picture = condition("colour", {}, shot, 2)
    assert np.abs(condition("normal", {}, shot, 2) - (1 - picture)).max() < 0.003


@pytest.mark.parametrize("name", ["depth", "softedge"])
def test_what_was_stopped_goes_on_to_the_same_bytes(shot: Shot, stubs: Path, name: str, tmp_path: Path) -> None:
    whole = drawn(run(shot, stubs, name))
    assert not any("measured" in file for file in whole)
    for stop_after in (0, 1, 5, 8):
        for path in (shot.folder / "conditions").rglob("*.*"):
            path.unlink()
        calls = iter(range(100))
        with pytest.raises(Cancelled):
            run(shot, stubs, name, cancelled=lambda calls=calls, last=stop_after: next(calls) >= last)
        assert drawn(run(shot, stubs, name)) == whole


def test_other_weights_or_another_way_start_again(shot: Shot, stubs: Path) -> None:
    run(shot, stubs, "lineart")
    first = shot.drawn_path("lineart", 1)
    written = first.stat().st_mtime_ns
    run(shot, stubs, "lineart")
    assert first.stat().st_mtime_ns == written
    (stubs / "sk_model.pth").write_bytes(b"other weights")
    run(shot, stubs, "lineart")
    assert first.stat().st_mtime_ns > written
    written = first.stat().st_mtime_ns
    run(shot, None, "lineart_standard")
    assert first.stat().st_mtime_ns > written


def test_new_pictures_lose_what_was_estimated_of_the_old(shot: Shot, stubs: Path, tmp_path: Path) -> None:
    run(shot, stubs, "normal")
    list(capture_footage(tmp_path / "footage", shot.folder, FootageSettings((1, 3)), lambda _: None, lambda: False))
    again = Shot.load(shot.folder)
    assert again.drawn == {} and not list((shot.folder / "conditions").rglob("*.png"))


def test_what_cannot_be_estimated_is_refused(shot: Shot, stubs: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="choose one of depth"):
        run(shot, stubs, "fog")
    with pytest.raises(ShotError, match="exact"):
        run(make_shot(tmp_path / "scene", last=2), stubs, "depth")
    (stubs / "scannet.pt").unlink()
    with pytest.raises(ModelError, match=r"scannet\.pt \(291 MB, licence: MIT\)") as caught:
        run(shot, stubs, "normal")
    assert caught.value.code == Code.MISSING_MODEL
    shot.exr_path(2).unlink()
    with pytest.raises(ShotError, match="Frame 2 is missing"):
        run(shot, stubs, "lineart_standard")


def test_without_weights_and_without_permission_nothing_is_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The hub's cache serves when it has them; its layout is the hub's."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="--download"):
        find_weights("softedge", None, download=False)
    revision = "0" * 40
    snapshot = tmp_path / "models--lllyasviel--Annotators" / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text(revision)
    (snapshot / "ControlNetHED.pth").write_bytes(b"weights")
    assert find_weights("softedge", None, download=False) == snapshot
    assert find_weights("lineart_standard", None, download=False) is None


def test_the_catalogue_names_sizes_and_licences() -> None:
    lines = catalogue()
    assert len(lines) == len(ESTIMATORS)
    assert any("493 MB" in line and "dpt_hybrid" in line and "MIT" in line for line in lines)
    assert any("openpose" in line and "not for commercial use" in line for line in lines)
