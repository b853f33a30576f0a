import numpy as np
from flowbrush.backend.motion.light import answer_to_light, light_change, luminance, relit

SIZE = (40, 60)
EVERYWHERE = np.ones(SIZE, bool)


def grey(level: float) -> np.ndarray:
    return np.full((*SIZE, 3), level, np.float32)


def test_luminance_is_linear() -> None:
    assert luminance(grey(1.0)).max() == 1.0 and not luminance(grey(0.0)).any()
    np.testing.assert_allclose(luminance(grey(128 / 255)), 0.2159, atol=1e-3)


def test_paint_goes_into_a_shadow_that_comes_over_it_and_out_again() -> None:
    lit, shadow = luminance(grey(0.8)), luminance(grey(0.8))
    shadow[:, :30] *= 0.4
    change = light_change(shadow, lit, EVERYWHERE)
    assert change[:, :22].max() < -0.6 and not change[:, 38:].any()
    paint = grey(0.6)
    darker = relit(paint, change)
    assert darker[:, :22].max() < 0.5 and np.array_equal(darker[:, 38:], paint[:, 38:])
    back = relit(darker, -change)
    np.testing.assert_allclose(back, paint, atol=0.01)


def test_grain_and_small_changes_are_no_light() -> None:
    rng = np.random.default_rng(2)
    then = luminance(grey(0.5))
    now = then * rng.uniform(0.8, 1.2, SIZE).astype(np.float32)
    assert not light_change(now * 1.02, then, EVERYWHERE).any()


def test_what_is_not_known_says_nothing() -> None:
    then = luminance(grey(0.5))
    now, known = then.copy(), EVERYWHERE.copy()
    now[:, 20:25], known[:, 20:25] = 0.0, False
    assert not light_change(now, then, known).any()
    assert not light_change(now, then, ~EVERYWHERE).any()


def test_how_strongly_paint_answers_to_light_is_measured_surface_by_surface() -> None:
    rng = np.random.default_rng(4)
    surfaces = np.repeat(np.int32([1, 2, 3]), 20)[None].repeat(40, axis=0)
    rendered = (np.exp(rng.uniform(-1.0, 0.0, SIZE)) * np.float32([0.3, 0.9, 0.5])[surfaces - 1]).astype(np.float32)
    own_tone = np.float32([0.8, 0.1, 0.4])[surfaces - 1]
    for share in (0.0, 0.3, 1.0):
        painted = own_tone * ((rendered + 0.02) / 0.5) ** share - 0.02
        assert abs(answer_to_light(painted, rendered, surfaces, EVERYWHERE) - share) < 0.01
    assert answer_to_light(1.0 - rendered, rendered, surfaces, EVERYWHERE) == 0.0, "a negative does not follow"
    assert answer_to_light(rendered, 0.0 * rendered + 0.5, surfaces, EVERYWHERE) == 0.0, "flat light says nothing"
