import math

import pytest
from flowbrush.backend.quality.report.plots import Line, ceiling, number, plot
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (12.345, "12.3"),
        (999.6, "1000"),
        (1234.5, "1234"),
        (0.00123456, "0.00123"),
        (1e-7, "1.00e-07"),
        (1e9, "1.00e+09"),
        (-2.5, "-2.5"),
    ],
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert number(value) == text


@given(st.floats(1e-9, 1e9))
def test_the_scale_ends_at_a_round_number_not_far_above(value: float) -> None:
    top = ceiling(value)
    assert value <= top * (1 + 1e-9) and top <= 2.5 * value * (1 + 1e-9)
    assert any(math.isclose(top / 10 ** math.floor(math.log10(top * (1 + 1e-9))), step) for step in (1, 2, 5))


def test_gaps_stay_gaps_and_single_values_are_dots() -> None:
    drawn = plot(range(1, 7), [Line("a", "take", [1.0, 2.0, None, 1.0, None, 0.0])], [4], "label")
    assert '<path class="line take" d="M0 50.00L1 0.00"/>' in drawn
    assert '<path class="dot take" d="M3 50.00h0M5 100.00h0"/>' in drawn
    assert '<path class="cut" d="M2.5 0V100"/>' in drawn


def test_one_frame_and_no_values_are_a_plot_too() -> None:
    assert 'viewBox="0 0 1 100"' in plot([7], [Line("a", "take", [None])], [], "label")
