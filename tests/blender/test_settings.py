"""A take's settings in the panel: what is put there comes out again, and what cannot be is said.

The extension is registered from its folder, in this process.
"""

from dataclasses import fields, replace

import bpy
import flowbrush
import pytest
from flowbrush.backend.additions import EmbeddingSettings, LoraSettings
from flowbrush.backend.errors import SettingsError
from flowbrush.backend.over_time import KeyedSetting, LaterPrompt
from flowbrush.backend.take import ControlSettings, RegionSettings, TakeSettings
from flowbrush.operators.capture import needed_for
from flowbrush.properties.styles import styles
from flowbrush.settings import apply_settings, take_settings

OTHER = TakeSettings(
    style="cel",
    method="flow",
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
    over_time=(KeyedSetting("strength", ((1, styles()["ink"].strength), (9, 0.25))),),
    later_prompts=(LaterPrompt(4, "night", "day"),),
    loras=(LoraSettings(__file__, 0.7), LoraSettings(__file__, -0.3)),
    embeddings=(EmbeddingSettings(__file__, "hero"),),
    prediction="v_prediction",
    clip_skip=1,
    vae="/nowhere/vae.safetensors",
    reference="/nowhere/picture.png",
    reference_scale=0.8,
    reference_model="/nowhere/adapter.safetensors",
)
OF_THE_MACHINE = {"device", "precision", "allow_pickle", "frames"}


@pytest.fixture(scope="module", autouse=True)
def registered(tmp_path_factory):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    known = bpy.context.preferences.addons.new()  # what installing does; without it there are no preferences
    known.module = "flowbrush"
    flowbrush.register()
    known.preferences.models = str(tmp_path_factory.mktemp("models"))
    yield
    flowbrush.unregister()
    bpy.context.preferences.addons.remove(known)


@pytest.fixture
def scene():
    scene = bpy.context.scene
    apply_settings(scene, styles()["ink"])
    return scene


@pytest.mark.parametrize("name", [field.name for field in fields(TakeSettings)])
def test_every_setting_is_applied_or_said_or_of_the_machine(scene, name):
    before = take_settings(scene.flowbrush)
    wanted = replace(before, **{name: getattr(OTHER, name)})
    if name == "style":
        wanted = replace(styles()["cel"], strength=0.5)
    said = apply_settings(scene, wanted)
    applied = take_settings(scene.flowbrush) == wanted
    if name == "model":
        assert applied and not said
    else:
        assert wanted != before, "else this would show nothing"
        assert (applied, bool(said)) == ((False, False) if name in OF_THE_MACHINE else (applied, not applied))


def test_regions_are_put_in_the_place_of_others(scene):
    assert apply_settings(scene, replace(styles()["ink"], regions=OTHER.regions)) == []
    assert [region.mask for region in scene.flowbrush.regions] == ["hero", "floor"]
    assert scene.flowbrush.regions[0].problem, "no hero is in this file"
    apply_settings(scene, styles()["ink"])
    assert not scene.flowbrush.regions


def test_what_is_not_here_is_named(scene):
    said = apply_settings(scene, replace(OTHER, style="fresco", model="/nowhere/model"))
    for part in ("style fresco", "2147483655", "/nowhere/model"):
        assert any(part in sentence for sentence in said), (part, said)
    assert scene.flowbrush.seed == 7


def test_nothing_is_changed_where_no_style_is_known(scene, monkeypatch):
    scene.flowbrush.style = "cel"
    for place in ("flowbrush.settings", "flowbrush.properties.styles"):
        monkeypatch.setattr(f"{place}.styles", lambda: {"ink": TakeSettings(style="ink")})
    with pytest.raises(SettingsError, match="choose another style"):
        apply_settings(scene, replace(OTHER, style="fresco"))
    monkeypatch.undo()
    assert scene.flowbrush.prompt == "cel"


def test_conditions_are_the_styles_until_they_are_changed(scene):
    chosen = scene.flowbrush
    for name, style in styles().items():
        chosen.style = name
        assert take_settings(chosen).controls == style.controls
    chosen.own_controls = False
    assert take_settings(chosen).controls == styles()[name].controls, "as in a scene that is new"
    chosen.style = "ink"
    bpy.ops.flowbrush.control_add(condition="depth")
    control = chosen.controls[2]
    control.scale, control.start, control.end = 0.7, 0.1, 0.9
    assert take_settings(chosen).controls == (*styles()["ink"].controls, ControlSettings("depth", "", 0.7, 0.1, 0.9))
    chosen.controls[0].enabled = False  # line art needs depth as well
    assert "depth" in needed_for(scene, "per_frame")[0]
    control.enabled = False
    assert take_settings(chosen).controls == styles()["ink"].controls[1:]
    assert "depth" not in needed_for(scene, "per_frame")[0]
    for _ in range(3):
        bpy.ops.flowbrush.control_remove()
    assert take_settings(chosen).controls == ()
    with pytest.raises(RuntimeError, match="Add a condition first"):
        bpy.ops.flowbrush.control_remove()
    bpy.ops.flowbrush.controls_of_style()
    assert take_settings(chosen).controls == styles()["ink"].controls


def test_additions_are_added_from_files_and_switched_off(scene, tmp_path):
    chosen = scene.flowbrush
    assert bpy.ops.flowbrush.lora_add(filepath=str(tmp_path / "ink.safetensors")) == {"FINISHED"}
    files = [{"name": "a.safetensors"}, {"name": "b.safetensors"}]
    bpy.ops.flowbrush.lora_add(filepath=str(tmp_path / "b.safetensors"), files=files)
    assert bpy.ops.flowbrush.embedding_add(filepath=str(tmp_path / "sketchy.safetensors")) == {"FINISHED"}
    assert ([lora.title for lora in chosen.loras], chosen.active_loras) == (["ink", "a", "b"], 2)
    chosen.loras[1].weight, chosen.loras[2].enabled = -0.7, False
    settings = take_settings(chosen)
    assert settings.loras == (
        LoraSettings(str(tmp_path / "ink.safetensors")),
        LoraSettings(str(tmp_path / "a.safetensors"), -0.7),
    )
    assert settings.embeddings[0].word == chosen.embeddings[0].title == "sketchy"
    said = apply_settings(scene, settings)
    assert len(said) == 3 and all("is not on this machine" in sentence for sentence in said)
    assert len(chosen.loras) == 3, "what is switched off stays"
    apply_settings(scene, styles()["ink"])
    assert not chosen.loras and not chosen.embeddings
    with pytest.raises(RuntimeError, match="Nothing is in this list"):
        bpy.ops.flowbrush.lora_remove()


def test_a_model_that_is_no_path_is_not_here(scene):
    for model in ("x" * 4000, "a\0b", "\n"):
        (said,) = apply_settings(scene, replace(styles()["ink"], model=model))
        assert said.endswith("choose or download it in the panel Model")
        assert scene.flowbrush.words == ""


def test_a_file_brings_everything_back(scene, tmp_path):
    apply_settings(scene, OTHER)
    saved = take_settings(scene.flowbrush)
    path = str(tmp_path / "look.flowbrush")
    assert bpy.ops.flowbrush.save_settings(filepath=path) == {"FINISHED"}
    apply_settings(scene, styles()["ink"])
    assert take_settings(scene.flowbrush) != saved
    assert bpy.ops.flowbrush.load_settings(filepath=path) == {"FINISHED"}
    assert take_settings(scene.flowbrush) == saved
    assert bpy.context.window_manager.flowbrush.sentence == "The settings are those of look.flowbrush"


def test_a_file_that_is_none_changes_nothing(scene, tmp_path):
    path = tmp_path / "look.flowbrush"
    path.write_text('{"format": "flowbrush-settings", "version": 1, "settings": {"steps": 0}}')
    before = take_settings(scene.flowbrush)
    with pytest.raises(RuntimeError, match="between 1 and 1000"):
        bpy.ops.flowbrush.load_settings(filepath=str(path))
    assert take_settings(scene.flowbrush) == before


def test_pasted_settings_leave_alone_what_they_do_not_say(scene):
    chosen = scene.flowbrush
    bpy.ops.flowbrush.region_add()
    bpy.ops.flowbrush.region_add()
    chosen.regions[0].mask, chosen.regions[0].enabled = "hero", False
    chosen.regions[1].mask, chosen.regions[1].strength = "floor", 0.3
    text = "a fox\nNegative prompt: cel\nSteps: 9, Sampler: Euler a, CFG scale: 2, Seed: 4294967295"
    assert bpy.ops.flowbrush.paste_settings(text=text) == {"FINISHED"}
    assert (chosen.prompt, chosen.steps, chosen.guidance, chosen.seed) == ("a fox", 9, 2.0, 2**31 - 1)
    done = bpy.context.window_manager.flowbrush.sentence
    assert done == "Settings of A1111 are translated: Prompt, Negative, Steps, Guidance, Seed, Scheduler"
    assert (chosen.style, chosen.strength) == ("ink", styles()["ink"].strength)
    assert [(region.mask, region.enabled) for region in chosen.regions] == [("hero", False), ("floor", True)]
    with pytest.raises(RuntimeError, match="copy what stands below a picture"):
        bpy.ops.flowbrush.paste_settings(text="a fox")


def test_presets_are_blenders_own(scene, tmp_path, monkeypatch):
    monkeypatch.setattr(bpy.utils, "user_resource", lambda kind, path="", create=False: folder(tmp_path / path))
    monkeypatch.setattr(bpy.utils, "preset_paths", lambda subdir: [str(tmp_path / "presets" / subdir)])
    apply_settings(scene, OTHER)
    saved = take_settings(scene.flowbrush)
    bpy.ops.flowbrush.preset_add(name="Night Walk")
    (path,) = tmp_path.rglob("*.py")
    apply_settings(scene, styles()["ink"])
    scene.flowbrush.seed = 3
    bpy.ops.script.execute_preset(filepath=str(path), menu_idname="FLOWBRUSH_PT_presets")
    of_the_scene = {"seed": 3, "regions": (), "paint": "", "paint_softness": 1.0, "over_time": (), "later_prompts": ()}
    assert take_settings(scene.flowbrush) == replace(saved, **of_the_scene)
    bpy.ops.flowbrush.preset_add(name="Night Walk", remove_name=True)
    assert not path.exists()


def folder(path):
    path.mkdir(parents=True, exist_ok=True)
    return str(path)


def test_tooltips_have_no_line_ends_of_the_source():
    names = dir(bpy.ops.flowbrush)
    texts = {name: getattr(bpy.ops.flowbrush, name).get_rna_type().description for name in names}
    assert all(texts.values()) and [name for name, text in texts.items() if "\n" in text] == []
