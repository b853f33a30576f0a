"""Whether a shot is right: pictures carried by its vectors, and vectors and visibility against rays. Without bpy."""

from dataclasses import dataclass

import numpy as np
from flowbrush.backend.motion.tracking import tracking
from flowbrush.backend.motion.vectors import to_next, to_previous
from flowbrush.backend.motion.warp import carry
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.shot import Shot


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
    assert max(worse.values()) < max(39.5, measured - 5.0), f"the scene does not tell right from almost right: {worse}"
    return measured


def check_rays(
    pair: Pair, names: np.ndarray, landed: np.ndarray, visible: np.ndarray, exact: float = 0.02
) -> tuple[float, float]:
    """The vectors lead to where the geometry was, within `exact` pixels, and what is said to be seen there is, by rays.

    names, landed, visible: see `ray_truth.Rays`. Only objects that rays can tell and whose vectors are trusted count.
    Returns precision and recall.
    """
    trusted = {item.id: item.name for item in pair.shot.objects if item.trusted}
    shown = np.vectorize(lambda number: trusted.get(number, "-"), otypes=[object])(pair.now["object_id"])
    surface = shown == names
    assert surface.sum() > 300, f"rays can tell only {surface.sum()} pixels"
    height, width = names.shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    error = np.linalg.norm(landed[..., :2] - grid - pair.flow, axis=-1)[surface]
    print("vector errors, pixels:", np.quantile(error, [0.5, 0.9, 0.98]).round(4))
    assert np.quantile(error, 0.98) < exact, np.quantile(error, [0.5, 0.9, 0.98])
    visible = visible & surface
    right = (pair.seen & visible).sum()
    precision, recall = right / max((pair.seen & surface).sum(), 1), right / max(visible.sum(), 1)
    print(f"precision {precision:.5f}, recall {recall:.5f} of {visible.sum()} visible pixels")
    assert precision >= 0.999 and recall >= 0.98, (precision, recall)
    return precision, recall
