"""What a method's painter starts from and looks at: the seed's noise or the surfaces', and the first picture."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flowbrush.backend.errors import Code, ShotError
from flowbrush.backend.methods import METHODS
from flowbrush.backend.methods.executor import run_plan
from flowbrush.backend.methods.studio import MARGIN, Studio
from flowbrush.backend.needs import METHODS as NAMES
from flowbrush.backend.needs import check_surface_noise
from flowbrush.backend.painters.painter import LatentGrid, PaintRequest
from flowbrush.backend.shot import Shot
from flowbrush.backend.take import Take, TakeSettings
from synthetic_shot import make_shot, place


class Recorder:
    """Paints what it is given, and keeps the requests."""

    grid = LatentGrid(4, 6)

    def __init__(self) -> None:
        self.requests: list[PaintRequest] = []

    def paint(self, request: PaintRequest, cancelled: Callable[[], bool]) -> np.ndarray:
        self.requests.append(request)
        return request.initial

    def close(self) -> None:
        pass


def asked(shot: Shot, method: str, **settings: object) -> list[PaintRequest]:
    """What the painter is asked for while a take is made."""
    take = Take.start(shot, f"{method} {len(settings)}", TakeSettings(method=method, **settings), {})
    painter = Recorder()
    chosen = METHODS[method]
    plan = chosen.plan(shot, take.frame_numbers(shot), lambda: False)
    list(run_plan(plan, chosen, Studio(shot, take, painter, lambda: False, plan[0].frame), at_once=1))
    return painter.requests


@pytest.mark.parametrize("method", NAMES)
def test_every_method_asks_for_the_noise_of_its_take(tmp_path: Path, method: str) -> None:
    shot = make_shot(tmp_path / "shot", size=(94, 64), last=3)
    assert {request.noise is None for request in asked(shot, method)} == {True}
    requests = asked(shot, method, seed_mode="surface")
    assert requests
    margin = MARGIN // 4
    for request in requests:
        assert request.noise.shape == (6, 16 + 2 * margin, 24 + 2 * margin)
        assert request.noise.dtype == np.float32
        around = np.ones(request.noise.shape, bool)
        around[:, margin:-margin, margin:-margin] = False
        assert np.array_equal(np.isnan(request.noise), around)


def test_noise_moves_with_the_square_and_rests_on_the_wall(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=8)
    noise = [request.noise[:, 8:-8, 8:-8] for request in asked(shot, "per_frame", seed_mode="surface")]
    # From frame 4 to frame 7 the square moves by 18 pixels: four latents and a half.
    assert (place(4), place(7)) == (18, 36)
    square, moved = noise[3][:, 5:11, 5:11], noise[6][:, 5:11, 9:16]
    correlation = [float((square * moved[:, :, right : right + 6]).mean()) for right in (0, 1)]
    assert min(correlation) > 0.3 and sum(correlation) > 0.8, "half of each latent's cubes go to either side"
    assert abs(float((square * noise[6][:, 5:11, 5:11]).mean())) < 0.25
    wall = slice(20, 24)
    assert float((noise[0][:, :, wall] * noise[2][:, :, wall]).mean()) > 0.9


def test_a_shot_without_surfaces_says_what_it_lacks(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=1, passes=("depth", "object_id"))
    with pytest.raises(ShotError, match="'surface', which noise on surfaces needs") as caught:
        check_surface_noise(shot)
    assert caught.value.code == Code.MISSING_PASS


@pytest.mark.parametrize("method", NAMES)
def test_all_pictures_look_at_the_first_where_attention_is_shared(tmp_path: Path, method: str) -> None:
    shot = make_shot(tmp_path / "shot", last=4, cuts=(3,))
    assert all(request.anchor is None for request in asked(shot, method))
    first, *others = asked(shot, method, shared_attention=True)
    assert first.anchor is None and first.mask is None
    assert others
    for request in others:
        anchor = request.anchor
        assert anchor.anchor is None and anchor.mask is None
        assert np.array_equal(anchor.initial, first.initial), "as it was painted, not as it became"
