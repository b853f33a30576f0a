"""A take's settings in the panel: what is put there comes out again, and what cannot be is said.

The extension is registered from its folder, in this process.
"""

from dataclasses import fields, replace

import bpy
import flowbrush
import pytest
from flowbrush import properties
from flowbrush.backend.errors import SettingsError
from flowbrush.backend.take import ControlSettings, RegionSettings, TakeSettings
from flowbrush.settings import apply_settings, take_settings

OTHER = TakeSettings(
    style="cel",
    method="surface",
    prompt="a fox 狐",
    negative_prompt="blurry",
    model="starter",
    controls=(ControlSettings("depth", scale=0.5),),
    strength=0.25,
    steps=9,
    guidance=2.5,
    scheduler="euler",
    seed=2**31 + 7,
    seed_mode="surface",
    device="cpu",
    precision="float32",
    crop_to_mask=False,
    allow_pickle=True,
    frames=(3, 9),
    edge_band=3.0,
    regions=(RegionSettings("hero", "ink", "cel", 0.5, 4.0), RegionSettings("floor", "gouache")),
    paint="hero | floor",
    paint_softness=3.0,
    refine=0.25,
    light="keep",
    shared_attention=True,
)
OF_THE_MACHINE = {"device", "precision", "allow_pickle", "frames"}


@pytest.fixture(scope="module", autouse=True)
def registered():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    flowbrush.register()
    yield
    flowbrush.unregister()


@pytest.fixture
def scene():
    scene = bpy.context.scene
    apply_settings(scene, properties.styles()["ink"])
    return scene


@pytest.mark.parametrize("name", [field.name for field in fields(TakeSettings)])
def test_every_setting_is_applied_or_said_or_of_the_machine(scene, name):
    before = take_settings(scene.flowbrush)
    wanted = replace(before, **{name: getattr(OTHER, name)})
    if name == "style":
        wanted = replace(properties.styles()["cel"], strength=0.5)
    said = apply_settings(scene, wanted)
    applied = take_settings(scene.flowbrush) == wanted
    if name == "model":
        assert applied and not said
    else:
        assert wanted != before, "else this would show nothing"
        assert (applied, bool(said)) == ((False, False) if name in OF_THE_MACHINE else (applied, not applied))


def test_regions_are_put_in_the_place_of_others(scene):
    assert apply_settings(scene, replace(properties.styles()["ink"], regions=OTHER.regions)) == []
    assert [region.mask for region in scene.flowbrush.regions] == ["hero", "floor"]
    assert scene.flowbrush.regions[0].problem, "no hero is in this file"
    apply_settings(scene, properties.styles()["ink"])
    assert not scene.flowbrush.regions


def test_what_is_not_here_is_named(scene):
    said = apply_settings(scene, replace(OTHER, style="fresco", model="/nowhere/model"))
    for part in (
        "style fresco",
        "depth 0.5",
        "euler",
        "off",
        "as in the style ink, not 3.0",
        "2147483655",
        "/nowhere/model",
    ):
        assert any(part in sentence for sentence in said), (part, said)
    assert scene.flowbrush.seed == 7


def test_nothing_is_changed_where_no_style_is_known(scene, monkeypatch):
    scene.flowbrush.style = "cel"
    monkeypatch.setattr(properties, "styles", lambda: {"ink": TakeSettings(style="ink")})
    with pytest.raises(SettingsError, match="choose another style"):
        apply_settings(scene, replace(OTHER, style="fresco"))
    monkeypatch.undo()
    assert scene.flowbrush.prompt == "cel"


def test_a_model_that_is_no_path_is_not_here(scene):
    for model in ("x" * 4000, "a\0b", "\n"):
        (said,) = apply_settings(scene, replace(properties.styles()["ink"], model=model))
        assert said.endswith("choose it in the field Model")
        assert scene.flowbrush.words == ""
