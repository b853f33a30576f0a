"""Pictures of masks against numpy on id maps made by chance."""

import numpy as np
import pytest
from flowbrush.backend.mask_expression import look_up
from flowbrush.backend.passes.masks import layered, pixels, softened
from flowbrush.backend.shot import SceneMaterial, SceneObject
from hypothesis import given
from hypothesis import strategies as st

OBJECTS = tuple(SceneObject(n, f"o{n}", (f"c{n % 3}",), properties={"odd": str(n % 2)}) for n in range(1, 9))
MATERIALS = tuple(SceneMaterial(n, f"m{n}") for n in range(1, 5))
SHAPE = (24, 20)


def id_maps(seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {"object_id": random.integers(0, 9, SHAPE), "material_id": random.integers(0, 5, SHAPE)}


LEAVES = {
    **{f"o{n}": lambda objects, _, n=n: objects == n for n in range(1, 9)},
    **{f"material:m{n}": lambda _, materials, n=n: materials == n for n in range(1, 5)},
    "collection:c1": lambda objects, _: np.isin(objects, (1, 4, 7)),
    "o*": lambda objects, _: objects > 0,
    "property:odd": lambda objects, _: objects % 2 == 1,
    "property:odd=0": lambda objects, _: (objects > 0) & (objects % 2 == 0),
    "background": lambda objects, _: objects == 0,
    "everything": lambda objects, _: np.ones(SHAPE, bool),
}
trees = st.recursive(
    st.sampled_from(sorted(LEAVES)),
    lambda parts: st.tuples(st.just("!"), parts) | st.tuples(st.sampled_from("&|"), parts, parts),
    max_leaves=10,
)


def text_of(tree: object) -> str:
    match tree:
        case ("!", part):
            return f"!({text_of(part)})"
        case (sign, one, other):
            return f"({text_of(one)}) {sign} ({text_of(other)})"
        case _:
            return tree


def with_numpy(tree: object, maps: dict[str, np.ndarray]) -> np.ndarray:
    match tree:
        case ("!", part):
            return ~with_numpy(part, maps)
        case ("&", one, other):
            return with_numpy(one, maps) & with_numpy(other, maps)
        case ("|", one, other):
            return with_numpy(one, maps) | with_numpy(other, maps)
        case _:
            return LEAVES[tree](maps["object_id"], maps["material_id"])


@given(trees, st.integers(0, 1000))
def test_signs_mean_what_they_mean_in_numpy(tree: object, seed: int) -> None:
    maps = id_maps(seed)
    mask = look_up(text_of(tree), OBJECTS, MATERIALS)
    made = pixels(mask, {name: maps[name] for name in mask.passes}, SHAPE)
    assert made.dtype == bool and np.array_equal(made, with_numpy(tree, maps))


@given(st.lists(st.sampled_from(["o1", "o2", "!o3", "!o4"]), min_size=2, max_size=6), st.integers(0, 99))
def test_and_binds_tighter_than_or(names: list[str], seed: int) -> None:
    maps = id_maps(seed)

    def one(text: str) -> np.ndarray:
        return pixels(look_up(text, OBJECTS, MATERIALS), maps, SHAPE)

    pairs = [" & ".join(names[k : k + 2]) for k in range(0, len(names), 2)]
    expected = np.logical_or.reduce([np.logical_and.reduce([one(n) for n in pair.split(" & ")]) for pair in pairs])
    assert np.array_equal(one(" | ".join(pairs)), expected)


def test_hard_masks_stay_hard() -> None:
    hard = id_maps(0)["object_id"] > 4
    assert softened(hard, 0.0).dtype == np.float32
    assert np.array_equal(softened(hard, 0.0), hard.astype(np.float32))


@pytest.mark.parametrize("softness", [0.5, 1.0, 3.0, 7.3])
def test_soft_masks_cross_the_border_at_one_half(softness: float) -> None:
    hard = np.zeros((80, 90), bool)
    hard[:, 40:] = True
    soft = softened(hard, softness)
    assert soft.dtype == np.float32 and soft.min() == 0.0 and soft.max() == 1.0
    assert soft[5, 39] + soft[5, 40] == pytest.approx(1.0, abs=1e-5)
    assert soft[5, 39] < 0.5 < soft[5, 40]
    assert np.all(np.diff(soft[5]) >= 0)
    reach = int(np.ceil(4 * softness))
    assert not soft[:, : 40 - reach].any() and np.all(soft[:, 40 + reach :] == 1.0)
    np.testing.assert_allclose(soft + softened(~hard, softness), 1.0, atol=1e-6)


def test_softness_is_the_same_wherever_the_border_is() -> None:
    """The same shape elsewhere has the same mask, moved: nothing depends on the rest of the picture."""
    hard = np.zeros((60, 60), bool)
    hard[20:30, 20:28] = True
    moved = np.roll(hard, (7, 5), (0, 1))
    assert np.array_equal(softened(moved, 2.0), np.roll(softened(hard, 2.0), (7, 5), (0, 1)))


@given(st.integers(0, 99), st.integers(1, 4))
def test_layers_cover_each_other_and_the_picture(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    masks = [random.random(SHAPE, np.float32) for _ in range(count)]
    seen = layered(masks)
    assert len(seen) == count + 1
    np.testing.assert_allclose(np.sum(seen, axis=0), 1.0, atol=1e-5)
    assert np.array_equal(seen[-1], masks[-1]), "the last lies on top"
    hard = layered([mask > 0.5 for mask in masks])
    assert all(set(np.unique(mask)) <= {0, 1} for mask in hard)
