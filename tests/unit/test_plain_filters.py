"""The plain image filters that the starter model is compared with."""

import numpy as np
import pytest
from flowbrush.backend.training.filters import FILTERS
from flowbrush.backend.training.plain_filters import PLAIN_FILTERS

SIZE = 96


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """A dark red square on a pale ground that gets slowly darker."""
    made = np.repeat(np.linspace(0.9, 0.6, SIZE, dtype=np.float32)[None, :, None], SIZE, axis=0) * np.ones(
        3, np.float32
    )
    made[30:66, 30:66] = (0.6, 0.1, 0.1)
    return made


def test_every_style_has_one() -> None:
    assert list(PLAIN_FILTERS) == list(FILTERS)


@pytest.mark.parametrize("style", PLAIN_FILTERS)
def test_a_picture_that_is_changed(style: str, picture: np.ndarray) -> None:
    given = picture.copy()
    made = PLAIN_FILTERS[style](picture)
    assert made.shape == picture.shape and made.dtype == np.float32
    assert made.min() >= 0.0 and made.max() <= 1.0
    assert np.array_equal(picture, given), "the picture itself was changed"
    assert np.abs(made - picture).mean() > 0.002


@pytest.mark.parametrize("style", ["ink", "cel"])
def test_borders_become_dark_lines(style: str, picture: np.ndarray) -> None:
    made = PLAIN_FILTERS[style](picture).mean(axis=2)
    assert made[28:33, 48].min() < 0.6 * made[10, 48]
    assert made[48, 48] > made[28:33, 48].min()
