"""Whether a shot of a scene is right: pictures carried by its vectors, and its vectors and visibility against rays."""

from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np
from blender import ray_truth
from flowbrush.backend.motion.tracking import tracking
from flowbrush.backend.motion.vectors import to_next, to_previous
from flowbrush.backend.motion.warp import carry
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.shot import Shot
from flowbrush.scene.capture import CaptureSettings, capture

WIDTH, HEIGHT, NOW = 160, 90, 7


@dataclass(frozen=True)
class Pair:
    """Two neighbouring frames of a shot as a method sees them, the later one `now`; flow leads to the earlier one."""

    shot: Shot
    frame: int
    now: dict[str, np.ndarray]
    before: dict[str, np.ndarray]
    flow: np.ndarray
    seen: np.ndarray

    @property
    def untrusted(self) -> set[str]:
        """The names of the objects whose vectors are not to be trusted."""
        return {item.name for item in self.shot.objects if not item.trusted}

    def inside(self, name: str) -> np.ndarray:
        """(H, W) bool: all pixels but those whose neighbours are of the object and not of it."""
        shown = np.pad(self.pixels(name), 1, mode="edge")
        around = [
            shown[1 + y : shown.shape[0] - 1 + y, 1 + x : shown.shape[1] - 1 + x]
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
        ]
        return np.all(around, axis=0) | ~np.any(around, axis=0)

    def pixels(self, name: str) -> np.ndarray:
        """(H, W) bool: which pixels of the later frame show the object of that name."""
        numbers = [item.id for item in self.shot.objects if item.name == name]
        assert numbers, f"the shot knows no object {name!r}"
        return np.isin(self.now["object_id"], numbers)


def capture_pair(scene: bpy.types.Scene, folder: Path, frame: int = NOW, samples: int = 8) -> Pair:
    """Captures `frame` and the one before it as they are in `scene`."""
    list(capture(scene, folder, CaptureSettings(frame - 1, frame, samples=samples)))
    return pair_of(Shot.load(folder), frame)


def pair_of(shot: Shot, frame: int) -> Pair:
    """`frame` and the one before it."""
    follow = tracking(shot)
    now, before = (read_passes(shot, number, follow.passes) for number in (frame, frame - 1))
    flow = follow.to_previous(now, frame)
    return Pair(shot, frame, now, before, flow, follow.seen_before(now, before, flow))


def psnr(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    """Peak signal to noise of pictures from 0 to 1 where `where`, dB."""
    return float(-10 * np.log10(np.mean((a - b)[where] ** 2)))


def check_pictures(pair: Pair, where: np.ndarray | None = None) -> float:
    """The picture before, carried by the vectors, is the picture now: at least 40 dB where it can be seen.

    Looks only `where`, if given. The vectors to the next frame and those mirrored must do worse, or the motion in the
    scene is too weak to tell. Returns the measured dB.
    """
    seen = pair.seen & np.isfinite(pair.now["depth"])
    seen = seen if where is None else seen & where
    assert seen.sum() > 300, f"only {seen.sum()} pixels can be carried"
    picture, former = (read_picture(pair.shot, number) for number in (pair.frame, pair.frame - 1))
    measured = psnr(carry(former, pair.flow), picture, seen)
    vector = pair.now["vector"]
    wrong = {"next for previous": -to_next(vector), "y the other way": to_previous(vector) * (1, -1)}
    worse = {name: psnr(carry(former, flow.astype(np.float32)), picture, seen) for name, flow in wrong.items()}
    print(f"{measured:.1f} dB on {seen.mean():.3f} of the frame; wrong ones {worse}")
    assert measured >= 40.0, measured
    assert max(worse.values()) < 39.5, f"the scene does not tell right from almost right: {worse}"
    return measured


def check_rays(pair: Pair, scene: bpy.types.Scene, recall: float = 0.98) -> tuple[float, float]:
    """The vectors lead to where the geometry was, and what is said to be seen there is, by rays.

    Only objects that rays can tell and whose vectors are trusted count. Returns precision and recall.
    """
    shot, (width, height) = pair.shot, pair.shot.resolution
    here, there = ray_truth.geometry(scene, pair.frame), ray_truth.geometry(scene, pair.frame - 1)
    hits = ray_truth.look(here, shot.cameras[pair.frame], width, height)
    names = {item.id: item.name for item in shot.objects if item.trusted}
    shown = np.vectorize(lambda number: names.get(number, ""), otypes=[object])(pair.now["object_id"])
    surface = (hits.triangle != ray_truth.MISS) & (shown == here.objects[hits.triangle])
    assert surface.sum() > 300, f"rays can tell only {surface.sum()} pixels"

    points = hits.places(there.corners)
    landed = ray_truth.project(shot.cameras[pair.frame - 1], points, width, height)
    column, row = landed[..., 0], landed[..., 1]
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    error = np.linalg.norm(landed[..., :2] - grid - pair.flow, axis=-1)[surface]
    print("vector errors, pixels:", np.quantile(error, [0.5, 0.9, 0.98]).round(4))
    assert np.quantile(error, 0.98) < 0.02, np.quantile(error, [0.5, 0.9, 0.98])

    inside = (column >= -0.5) & (column < width - 0.5) & (row >= -0.5) & (row < height - 0.5) & (landed[..., 2] > 0)
    hiding = np.full((height, width), 0)
    hiding[surface & inside] = ray_truth.hidden_by(there, shot.cameras[pair.frame - 1], points[surface & inside])
    visible = surface & inside & (hiding == ray_truth.MISS)
    right = (pair.seen & visible).sum()
    precision, found = right / max((pair.seen & surface).sum(), 1), right / max(visible.sum(), 1)
    print(f"precision {precision:.5f}, recall {found:.5f} of {visible.sum()} visible pixels")
    assert precision >= 0.999 and found >= recall, (precision, found)
    return precision, found


def without_lens(pair: Pair) -> np.ndarray:
    """The flow that a reader would get who forgot that the lens moves."""
    still = replace(pair.shot, cameras=dict.fromkeys(pair.shot.frame_numbers, pair.shot.cameras[pair.frame]))
    return to_previous(read_passes(still, pair.frame, ("vector",))["vector"])
