"""What a method has at hand while it works: the shot's pictures and passes, the painter, and what is painted so far."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from .. import needs
from ..errors import Code, ShotError
from ..motion.light import luminance
from ..motion.noise import surface_noise
from ..motion.outline import Outline, outline
from ..motion.places import with_sky
from ..motion.visibility import SURFACE
from ..painters.painter import Painter, PaintRequest
from ..passes.conditions import condition, passes_for
from ..passes.exr import read_passes, read_picture
from ..shot import Shot
from ..take import Take
from .areas import Areas
from .bounded import Bounded
from .painted_surface import PaintedSurface

AT_ONCE = 2  # tasks: one carries paint while another reads, writes or paints
CACHE_BYTES = 256_000_000
SURFACE_BYTES = 512_000_000  # of painted surfaces; together they hold each surface about once
KEYFRAMES = 32  # whose states are kept at hand
KEYFRAME_STATE = {"own", "lined", "line_surfaces", "line_ink", "line_cover", "line_altered"}
PEN = 3.0  # pixels: lines, and the borders of regions, reach that far to either side however small the picture
MARGIN = 32  # pixels painted beyond each border and cut off: convolutions are unsure beside the nothing outside


class Studio:
    """Gives a method its materials, to AT_ONCE tasks at once. `cancelled` says when the user wants to stop.

    anchor: the frame that all others look at while they are painted, where the take's attention is shared; the first.
    """

    def __init__(
        self, shot: Shot, take: Take, painter: Painter, cancelled: Callable[[], bool], anchor: int | None = None
    ) -> None:
        self.shot = shot
        self.take = take
        self.settings = take.settings
        self._cancelled = cancelled
        self._stopped = threading.Event()
        self._painting = threading.Lock()  # a painter paints one picture after another
        self._painter = painter
        self._anchor = take.frame_numbers(shot).start if anchor is None else anchor
        self._anchor_request = lru_cache(1)(self._request_of_anchor)
        width, height = shot.resolution
        # Bounded by bytes, not by the length of the shot.
        pictures = max(2, CACHE_BYTES // (width * height * 12))
        self._stored = lru_cache(pictures)(self._read_finished)
        self.picture = lru_cache(2)(self._picture)
        self.luminance = lru_cache(pictures)(self._luminance)
        conditions = {control.condition for control in take.settings.controls}
        needed, _ = needs.needed(take.settings.method, conditions, surface_noise=take.settings.surface_noise)
        self._needed = tuple(name for name in needed if name in shot.passes)
        self._frame_passes = lru_cache(2)(self._read_passes)
        self.places = lru_cache(2)(self._places)
        self.keyframe_state = lru_cache(KEYFRAMES)(self._read_keyframe_state)
        self.outline = lru_cache(2)(self._outline)
        asked_for = self.settings.edge_band * height / 1000.0
        self._band = max(asked_for, PEN) if asked_for else 0.0
        self.painted_surface = Bounded(self._painted_surface, lambda surface: surface.memory, SURFACE_BYTES)
        self.areas = lru_cache(AT_ONCE)(Areas(shot, take.settings).of)

    def cancelled(self) -> bool:
        """Whether to stop; asked often."""
        return self._stopped.is_set() or self._cancelled()

    def stop(self) -> None:
        """Ends, soon, what still runs."""
        self._stopped.set()

    def passes(self, frame: int, names: Iterable[str]) -> dict[str, np.ndarray]:
        """The passes `names` of `frame`; see `read_passes`."""
        names = tuple(names)
        if not set(names) <= set(self._needed):
            return read_passes(self.shot, frame, names)
        passes = self._frame_passes(frame)
        return {name: passes[name] for name in names}

    def _read_passes(self, frame: int) -> dict[str, np.ndarray]:
        """All that the method and the conditions need: a file is read once however many ask."""
        return read_passes(self.shot, frame, self._needed)

    def _places(self, frame: int) -> dict[str, np.ndarray]:
        """What surface each pixel of `frame` shows, the sky included; see `with_sky`."""
        return with_sky(self.passes(frame, SURFACE), self.shot, frame)

    def _outline(self, frame: int) -> Outline:
        """The silhouettes of `frame`, with the settings' band."""
        return outline(self.places(frame), self._band)

    def _painted_surface(self, keyframe: int) -> PaintedSurface:
        """What the task of `keyframe` painted."""
        state = self.keyframe_state(keyframe)
        places = with_sky(read_passes(self.shot, keyframe, SURFACE), self.shot, keyframe)
        shape = places["object_id"].shape
        own, lined = (
            np.unpackbits(state[name], count=shape[0] * shape[1]).reshape(shape).astype(bool)
            for name in ("own", "lined")
        )
        return PaintedSurface(places, outline(places, self._band), self.keyframe(keyframe), own, lined)

    def _picture(self, frame: int) -> np.ndarray:
        return read_picture(self.shot, frame)

    def _luminance(self, frame: int) -> np.ndarray:
        """How bright the render of `frame` is; see `light.luminance`."""
        return luminance(self.picture(frame))

    def conditions(self, frame: int) -> dict[str, np.ndarray]:
        """The conditioning images of `frame` that the settings ask for, (H,W,3) float32 0..1 each."""
        wanted = {control.condition for control in self.settings.controls}
        passes = self.passes(frame, passes_for(self.shot, wanted))
        return {name: condition(name, passes, self.shot, frame) for name in wanted}

    def paint(
        self, frame: int, initial: np.ndarray, mask: np.ndarray | None = None, *, refine: bool = False
    ) -> np.ndarray:
        """Has `initial` painted over: (H,W,3) float32 0..1 in and out. mask: (H,W) float32, 1 where to paint.

        refine: with no more than the strength of the take's refinement, and its noise. Where the take's pictures show
        nothing but the render nothing is painted. Raises Cancelled.
        """
        request = self._request(frame, initial, mask, refine=refine)
        is_anchor = frame == self._anchor and mask is None
        if self.settings.shared_attention and not is_anchor and not refine:
            request = replace(request, anchor=self._anchor_request())
        with self._painting:
            return self._painter.paint(request, self.cancelled)[MARGIN:-MARGIN, MARGIN:-MARGIN]

    def _request(self, frame: int, initial: np.ndarray, mask: np.ndarray | None, *, refine: bool) -> PaintRequest:
        """What `paint` asks the painter for, without an anchor; pictures with a margin."""
        settings, areas = self.settings.at(frame), self.areas(frame)
        if areas.painted is not None:
            shown = (areas.painted > 0.0).astype(np.float32)
            mask = shown if mask is None else mask * shown
        most = settings.refine if refine else 1.0
        on_surfaces = refine or settings.seed_mode == "surface"
        return PaintRequest(
            initial=_with_margin(initial),
            conditions={name: _with_margin(picture) for name, picture in self.conditions(frame).items()},
            prompt=settings.prompt,
            negative_prompt=settings.negative_prompt,
            strength=min(settings.strength, most),
            seed=settings.frame_seed(frame),
            mask=None if mask is None else _with_margin(mask),
            regions=tuple(
                replace(region, mask=_with_margin(region.mask), strength=min(region.strength, most))
                for region in areas.regions
            ),
            noise=self._surface_noise(frame) if on_surfaces else None,
            guidance=settings.guidance,
            scales=tuple(control.scale for control in settings.controls),
            lora_weights=tuple(lora.weight for lora in settings.loras),
        )

    def _request_of_anchor(self) -> PaintRequest:
        return self._request(self._anchor, self.picture(self._anchor), None, refine=False)

    def _surface_noise(self, frame: int) -> np.ndarray:
        """The noise of what `frame` shows, as a PaintRequest takes it: the margin shows nothing and has the seed's."""
        grid = self._painter.grid
        noise = surface_noise(self.places(frame), grid.cell, grid.channels, self.settings.seed)
        margin = MARGIN // grid.cell
        return np.pad(noise, ((0, 0), (margin, margin), (margin, margin)), constant_values=np.nan)

    def shown(self, frame: int, painted: np.ndarray) -> np.ndarray:
        """The take's picture: `painted`, (H,W,3) uint8, with the render where nothing is to be painted."""
        mask = self.areas(frame).painted
        if mask is None:
            return painted
        render = self.picture(frame)
        return as_stored(render + mask[..., None] * (painted / np.float32(255.0) - render))

    def finished(self, frame: int) -> np.ndarray:
        """The paint of the finished `frame` as it was stored, (H,W,3) float32 0..1."""
        return self._stored(self.take.painted_path(frame) if self.take.keeps_paint else self.take.frame_path(frame))

    def keyframe(self, frame: int) -> np.ndarray:
        """The picture of the keyframe `frame` as it was stored, (H,W,3) uint8 sRGB."""
        return self._read_stored(self.take.keyframe_path(frame))

    def _read_finished(self, path: Path) -> np.ndarray:
        return self._read_stored(path).astype(np.float32) / 255.0

    def _read_stored(self, path: Path) -> np.ndarray:
        stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
        width, height = self.shot.resolution
        if stored is None or stored.shape != (height, width, 3):
            raise ShotError(Code.BAD_TAKE, f"{path} is damaged: remove it and stylize again")
        return cv2.cvtColor(stored, cv2.COLOR_BGR2RGB)

    def state(self, frame: int) -> dict[str, np.ndarray]:
        """The state that the task of `frame` left."""
        return _arrays(self.take.state_path(frame))

    def _read_keyframe_state(self, frame: int) -> dict[str, np.ndarray]:
        """The state that the task of the keyframe `frame` left."""
        path = self.take.keyframe_state_path(frame)
        state = _arrays(path)
        if not state.keys() >= KEYFRAME_STATE:
            raise ShotError(
                Code.BAD_TAKE, f"{path} is damaged or of a former Flowbrush: stylize again with another name"
            )
        return state


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, ValueError, KeyError) as error:
        raise ShotError(Code.BAD_TAKE, f"{path} is damaged: remove it and stylize again") from error


def _with_margin(picture: np.ndarray) -> np.ndarray:
    """The picture with MARGIN more pixels on each side, mirrored."""
    return cv2.copyMakeBorder(picture, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REFLECT_101)


def as_stored(picture: np.ndarray) -> np.ndarray:
    """(H,W,3) float32 0..1 → uint8, rounded."""
    return np.clip(np.rint(picture * 255.0), 0, 255).astype(np.uint8)
