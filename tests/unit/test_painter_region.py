"""Which part of a picture is painted."""

import numpy as np
from flowbrush.backend.painters.region import CONTEXT, Region, around, padded, whole
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(1, 80), st.integers(1, 80), st.sampled_from([4, 16, 64]))
def test_padding_continues_by_reflection(height: int, width: int, multiple: int) -> None:
    picture = np.random.default_rng(height * width).random((height, width, 3), np.float32)
    wide = padded(picture, multiple)
    assert all(side % multiple == 0 for side in wide.shape[:2])
    assert all(0 <= side - old < multiple for side, old in zip(wide.shape[:2], (height, width), strict=True))
    assert np.array_equal(wide[:height, :width], picture)
    if wide.shape[0] > height:
        assert np.array_equal(wide[height, :width], picture[-1])


@given(st.data(), st.sampled_from([4, 16, 64]), st.integers(1, 600))
def test_region_holds_the_mask_its_context_and_the_native_size(data: st.DataObject, multiple: int, native: int) -> None:
    height, width = (data.draw(st.integers(1, 16)) * multiple for _ in range(2))
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    bottom, right = data.draw(st.integers(top + 1, height)), data.draw(st.integers(left + 1, width))
    mask = np.zeros((height, width), np.float32)
    mask[top, left] = mask[bottom - 1, right - 1] = 0.01
    region = around(mask, multiple, native)
    for start, length, first, last, size in (
        (region.top, region.height, top, bottom, height),
        (region.left, region.width, left, right, width),
    ):
        assert start % multiple == 0 and length % multiple == 0
        assert 0 <= start <= max(first - CONTEXT, 0)
        assert min(last + CONTEXT, size) <= start + length <= size
        assert length >= min(native, size)
    assert mask[region.at()].sum() == mask.sum()


def test_thin_mask_in_a_large_picture_is_cropped_and_a_large_one_is_not() -> None:
    mask = np.zeros((512, 512), np.float32)
    mask[200:260, 300:310] = 1
    assert around(mask, 64, 128) == Region(128, 192, 256, 192)
    mask[10, 10] = 1
    mask[500, 500] = 1
    assert around(mask, 64, 128) == whole(mask.shape)


def test_region_of_latents_is_that_of_their_pixels() -> None:
    pixels = np.arange(64 * 64).reshape(64, 64)
    cells = pixels[::8, ::8]
    region = Region(16, 24, 32, 40)
    assert np.array_equal(cells[region.at(8)], pixels[region.at()][::8, ::8])
