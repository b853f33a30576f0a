"""Keeping the colours of new paint where the first frame put them, object by object."""

from dataclasses import dataclass

import cv2
import numpy as np

MIN_PIXELS = 64  # fewer say little about an object's colour
WHOLE_PICTURE = -1


@dataclass(frozen=True)
class ColourHold:
    """How the first painted frame changed each object's mean colour, in CIELAB.

    ids: (N,) int32 object ids, with WHOLE_PICTURE standing for objects that the first frame did not show.
    offsets: (N,3) float32, painted minus rendered, L 0..100.

    Holding the difference, and not the colour itself, lets a surface that turns into view have its own colour and
    still the style's: a drift of the painter's tone is taken back, the scene's light is not.
    """

    ids: np.ndarray
    offsets: np.ndarray

    @staticmethod
    def measure(object_id: np.ndarray, render: np.ndarray, painted: np.ndarray) -> "ColourHold":
        """From object_id (H,W) int32 and two pictures (H,W,3) float32 sRGB 0..1."""
        change = _lab(painted) - _lab(render)
        ids = [int(i) for i in np.unique(object_id) if np.count_nonzero(object_id == i) >= MIN_PIXELS]
        offsets = [change[object_id == i].mean(axis=0) for i in ids]
        whole = change.reshape(-1, 3).mean(axis=0)
        return ColourHold(
            np.array([WHOLE_PICTURE, *ids], np.int32), np.array([whole, *offsets], np.float32).reshape(-1, 3)
        )

    def apply(self, object_id: np.ndarray, render: np.ndarray, painted: np.ndarray, new: np.ndarray) -> np.ndarray:
        """`painted` (H,W,3) float32 with the pixels of `new` (H,W) bool moved to the held colours."""
        change = _lab(painted) - _lab(render)
        lab = _lab(painted)
        held = dict(zip(self.ids.tolist(), self.offsets, strict=True))
        for i in np.unique(object_id[new]):
            pixels = new & (object_id == i)
            if np.count_nonzero(pixels) >= MIN_PIXELS:
                lab[pixels] += held.get(int(i), held[WHOLE_PICTURE]) - change[pixels].mean(axis=0)
        corrected = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0.0, 1.0)
        return np.where(new[..., None], corrected, painted)

    def state(self) -> dict[str, np.ndarray]:
        """As arrays to store; `from_state` reads them back."""
        return {"colour_ids": self.ids, "colour_offsets": self.offsets}

    @staticmethod
    def from_state(state: dict[str, np.ndarray]) -> "ColourHold":
        """What `state` stored."""
        return ColourHold(state["colour_ids"], state["colour_offsets"])


def _lab(picture: np.ndarray) -> np.ndarray:
    """(H,W,3) float32 sRGB 0..1 → CIELAB."""
    lab: np.ndarray = cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2Lab)
    return lab
