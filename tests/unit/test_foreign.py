"""Settings of A1111 and Deforum: what they become, what is said of the rest, and that no text raises anything else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from flowbrush.backend.additions import LoraSettings
from flowbrush.backend.errors import Code, FlowbrushError, SettingsError
from flowbrush.backend.foreign import MAX_PASTE, translate
from flowbrush.backend.foreign.prompts import plain
from flowbrush.backend.over_time import KeyedSetting, LaterPrompt
from flowbrush.backend.settings_file import FORMAT
from flowbrush.backend.take import ControlSettings, TakeSettings
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = TakeSettings(style="ink", prompt="ink", negative_prompt="cel", strength=0.75, steps=3, guidance=1.0, seed=5)

UNITS = (
    "Module: tile_resample, Model: tile [3b86], Weight: 0.6, Threshold A: 1.0, Guidance Start: 0.1, Guidance End: 0.8",
    "Module: none, Model: control_v11f1p_sd15_depth [cfd0], Weight: 3, Control Mode: Balanced",
    "Module: mlsd, Model: mlsd",
)
PARAMETERS = (
    "Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 3620085674, Size: 1024x1536",
    "Model hash: 3d1b, Model: aPaint_v1.2, Denoising strength: 0.35, Clip skip: 2",
    *(f'ControlNet {index}: "{unit}"' for index, unit in enumerate(UNITS)),
    'TI hashes: "a: 54e7, b: 11", Version: v1.9.4',
)
INFOTEXT = rf"""a (red:1.2) fox \(vulpes\), <lora:more_details:0.5> ((forest)),
at dusk
Negative prompt: (blurry:1.4), text: none,
bad anatomy
{", ".join(PARAMETERS)}"""

DEFORUM = {
    "W": 768,
    "H": 1280,
    "seed": 2373535357,
    "sampler": "Euler a",
    "steps": 35,
    "batch_name": "Deforum_20230817134035",
    "seed_behavior": "iter",
    "use_init": False,
    "strength": 0.8,
    "mask_overlay_blur": 4,
    "prompts": {
        "40": "a coconut --neg photo",
        "0": "a fox, (cherry:`where(cos(6.28*t/10)>0, 1.8, 0.001)`) --neg blurry",
        "max_f-20": "a durian",
    },
    "animation_prompts_positive": "ink",
    "negative_prompts": "text",
    "animation_mode": "3D",
    "max_frames": 560,
    "zoom": "0: (1.0025+0.002*sin(1.25*3.14*t/30))",
    "translation_x": "0: (-2),70: (2)",
    "strength_schedule": "30: (0.5), 0: (0.65)",
    "cfg_scale_schedule": "0: (7)",
    "enable_steps_scheduling": False,
    "steps_schedule": "0: (25)",
    "enable_clipskip_scheduling": True,
    "clipskip_schedule": "0: (2)",
    "color_coherence": "LAB",
    "hybrid_motion": "None",
    "cn_1_enabled": True,
    "cn_1_module": "canny",
    "cn_1_model": "control_v11p_sd15_canny [d14c016b]",
    "cn_1_weight": "0:(0.5), 10:(1)",
    "cn_1_guidance_start": "0:(0.25)",
    "cn_1_guidance_end": "0:(1.0)",
    "cn_2_enabled": False,
    "cn_2_module": "lineart",
    "fps": 15,
    "sd_model_name": "revAnimated_v122.safetensors",
    "parseq_manifest": "",
}


def test_a1111s_text_is_translated() -> None:
    found = translate(INFOTEXT, BASE)
    assert found.program == "A1111"
    assert found.settings == TakeSettings(
        style="ink",
        prompt="a red fox (vulpes), forest, at dusk",
        negative_prompt="blurry, text: none, bad anatomy",
        controls=(ControlSettings("tile", scale=0.6, start=0.1, end=0.8), ControlSettings("depth", scale=2.0)),
        strength=0.35,
        steps=30,
        guidance=7.5,
        scheduler="dpmpp_2m_karras",
        seed=3620085674,
    )
    assert list(found.translated.values())[:4] == ["Prompt", "Negative", "Steps", "Guidance"]
    assert found.translated["controls"] == "Conditions"


@pytest.mark.parametrize(
    "told",
    [
        "without weights",
        "The LoRA more_details 0.5 lies neither beside the model nor beside other LoRAs",
        "other noise in A1111",
        "1024x1536 is left out",
        "aPaint_v1.2 is not looked for",
        "weight was 3: it became 2",
        "unit mlsd mlsd has no counterpart",
        "Model hash 3d1b, Clip skip 2, TI hashes a: 54e7, b: 11, Version v1.9.4",
    ],
)
def test_what_a1111_has_alone_is_told(told: str) -> None:
    assert any(told in note for note in translate(INFOTEXT, BASE).notes)


@pytest.mark.parametrize("folder", [".", "../Lora", "../loras"])
def test_loras_are_looked_for_beside_the_model(tmp_path: Path, folder: str) -> None:
    models = tmp_path / "models" / "checkpoints"
    models.mkdir(parents=True)
    (models / folder).mkdir(exist_ok=True)
    for name in ("ink", "fox v2"):
        (models / folder / f"{name}.safetensors").touch()
    base = replace(BASE, model=str(models / "photo.safetensors"))
    text = "a <lora:ink:0.8> fox <lora:fox v2:-3> <LORA:ink> <lora:gone:1> <lora:../ink:1> <lora:ink:x>\nSteps: 9"
    found = translate(text, base)
    ink, fox = (str((models / folder / f"{name}.safetensors").resolve()) for name in ("ink", "fox v2"))
    assert found.settings.loras == (LoraSettings(ink, 0.8), LoraSettings(fox, -2.0))
    assert found.translated["loras"] == "LoRA"
    assert found.settings.prompt == "a fox"
    told = " ".join(found.notes)
    for part in ("fox v2 was -3: it became -2", "gone 1 lies neither", "../ink 1 lies neither", "ink x has a weight"):
        assert part in told


@pytest.mark.parametrize("join", [" ", "\n", "\r\n"])
def test_lines_may_be_joined(join: str) -> None:
    text = join.join(("a fox", "Negative prompt: cel", "Steps: 9, Seed: 7, CFG scale: 2"))
    found = translate(text, BASE).settings
    assert (found.prompt, found.negative_prompt, found.steps, found.seed, found.guidance) == ("a fox", "cel", 9, 7, 2)


def test_what_a_text_does_not_say_stays() -> None:
    found = translate("Steps: 9", BASE)
    assert (found.settings.strength, found.settings.seed, found.settings.controls) == (0.75, 5, ())
    assert found.settings.prompt == "", "a text without a prompt is a picture's that had none"


@pytest.mark.parametrize(
    ("sampler", "scheduler"),
    [
        ("Euler a", "euler_a"),
        ("Euler a, Schedule type: Automatic", "euler_a"),
        ("DPM++ 2M Karras", "dpmpp_2m_karras"),
        ("DPM++ 2M, Schedule type: Automatic", "dpmpp_2m_karras"),
        ("DPM++ 2M", "dpmpp_2m"),
        ("UniPC", "unipc"),
        ("DPM++ SDE", ""),
        ("Euler, Schedule type: Karras", ""),
    ],
)
def test_samplers(sampler: str, scheduler: str) -> None:
    found = translate(f"a\nSteps: 3, Sampler: {sampler}", BASE)
    assert found.settings.scheduler == scheduler
    assert any("sampler" in note for note in found.notes) == (not scheduler)


def test_numbers_out_of_range_are_clamped_and_told() -> None:
    found = translate("a\nSteps: 2000, CFG scale: 1e9, Denoising strength: -1, Seed: 1e30", BASE)
    assert (found.settings.steps, found.settings.guidance, found.settings.strength) == (1000, 50.0, 0.0)
    assert found.settings.seed == 2**53
    assert sum("became" in note for note in found.notes) == 4
    found = translate("a\nSteps: 3, CFG scale: nan, Denoising strength: x, Seed: -1", BASE)
    assert (found.settings.guidance, found.settings.strength, found.settings.seed) == (1.0, 0.75, 5)
    assert sum("stays" in note for note in found.notes) == 3


def test_deforums_file_is_translated() -> None:
    found = translate(json.dumps(DEFORUM, indent=4), BASE, first=101)
    assert found.program == "Deforum"
    assert found.settings == TakeSettings(
        style="ink",
        prompt="a fox, cherry, ink",
        negative_prompt="blurry, text",
        controls=(ControlSettings("canny", scale=0.5, start=0.25),),
        strength=1 - 0.65,
        steps=35,
        guidance=7.0,
        scheduler="euler_a",
        seed=2373535357,
        seed_mode="per_frame",
        over_time=(
            KeyedSetting("strength", ((101, 0.35), (131, 0.5))),
            KeyedSetting("controls[0].scale", ((101, 0.5), (111, 1.0))),
        ),
        later_prompts=(LaterPrompt(141, "a coconut, ink", "photo, text"),),
    )


@pytest.mark.parametrize(
    "told",
    [
        "formulas are left out: max_f-20",
        "0.65 is how much of a picture stays",
        "change (iter) became other noise in every frame",
        "revAnimated_v122.safetensors is not looked for",
        "the scene's own camera",
        "they are the scene's",
        "choose a Method",
        "use Regions and Paint Only",
        "counterpart: enable_clipskip_scheduling, clipskip_schedule",
    ],
)
def test_what_deforum_has_alone_is_told(told: str) -> None:
    assert any(told in note for note in translate(json.dumps(DEFORUM), BASE).notes)


def test_what_deforum_has_switched_off_is_not_told() -> None:
    notes = " ".join(translate(json.dumps(DEFORUM), BASE).notes)
    assert "steps_schedule" not in notes and "parseq" not in notes and "start from" not in notes


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"seed_behavior": "fixed"}, "seed_mode", "fixed"),
        ({"strength_schedule": "0: (0.5+0.1*sin(t))"}, "strength", 0.75),
        ({"strength_schedule": 0.25}, "strength", 0.75),
        ({"strength_schedule": "0.5"}, "strength", 0.5),
        ({"prompts": json.dumps({"0": "a fox"}), "animation_prompts_positive": ""}, "prompt", "a fox"),
        ({"prompts": {}, "animation_prompts_positive": ""}, "prompt", ""),
        ({"prompts": {"0": 7}, "animation_prompts_positive": {"0": "ink"}}, "prompt", "ink"),
        ({"cn_1_enabled": "yes"}, "controls", ()),
    ],
)
def test_deforums_fields(changes: dict, name: str, value: object) -> None:
    assert getattr(translate(json.dumps(DEFORUM | changes), BASE).settings, name) == value


def test_what_is_pasted_takes_the_place_of_keys() -> None:
    keys = (KeyedSetting("strength", ((1, 0.1), (9, 0.9))), KeyedSetting("refine", ((1, 0.1), (9, 0.9))))
    found = translate("a fox\nSteps: 9, Denoising strength: 0.5", replace(BASE, over_time=keys)).settings
    assert (found.strength, found.over_time) == (0.5, keys[1:])
    told = translate(json.dumps(DEFORUM), BASE, first=101).notes
    assert "Frame 0 of Deforum became frame 101, where the shot begins" in told
    high = translate(json.dumps({"cfg_scale_schedule": "0:(7), 9:(70), 12:(t)"}), BASE)
    assert high.settings.over_time == (KeyedSetting("guidance", ((0, 7.0), (9, 50.0))),)
    assert any("between 0 and 50" in note for note in high.notes) and any("formula" in note for note in high.notes)


def test_flowbrushs_own_text_can_be_pasted() -> None:
    text = json.dumps({"format": FORMAT, "version": 1, "settings": {"steps": 9, "hue": 1}})
    found = translate(text, BASE)
    assert found.settings == TakeSettings(steps=9) and found.notes[0].endswith("hue")


@pytest.mark.parametrize("text", ["", "a fox", "{}", '{"a": 1}', "[1]", "{" * 200_000, "a" * (MAX_PASTE + 1)])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        translate(text, BASE)
    assert caught.value.code == Code.BAD_SETTINGS


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("a fox", "a fox"),
        ("((a)) [fox]", "a fox"),
        ("(a:1.3), (fox: 0.5)", "a, fox"),
        ("a [cat:fox:0.5]", "a fox"),
        ("[fox|cat] ,, , b", "fox, b"),
        (r"\(a\) \[b\]", "(a) [b]"),
        ("<hypernet:x:1>a", "a"),
        ("a: fox", "a: fox"),
        ("12:30", "12:30"),
    ],
)
def test_prompts_become_words(prompt: str, text: str) -> None:
    assert plain(prompt).text == text


bits = st.sampled_from(
    (*INFOTEXT, "Steps: 9", "Negative prompt:", "ControlNet 0: ", '"', "\\", "{", "\ud800", "\0", ",")
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("0:(1), 2:(x)"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def survives(text: str) -> None:
    try:
        found = translate(text, BASE)
    except FlowbrushError as error:
        assert str(error)
    else:
        assert TakeSettings.parse(found.settings.document()) == found.settings
        assert all(0 < len(note.encode()) < 20_000 for note in found.notes)


@given(st.lists(bits, max_size=60).map("".join))
@settings(max_examples=60)
def test_no_infotext_raises_anything_else(text: str) -> None:
    survives(f"{text}Steps: 9,{text}")


@given(st.dictionaries(st.sampled_from((*DEFORUM, "x")), values, max_size=8))
@settings(max_examples=60)
def test_no_deforum_file_raises_anything_else(document: dict) -> None:
    survives(json.dumps({"prompts": {}} | document))


@pytest.mark.parametrize(
    "text",
    [
        "Steps: 1" + ":,'" * 100_000,
        "Steps: 1" + ': "' * 100_000,
        "Steps: 1, a" + "(" * 400_000,
        "[" * 400_000 + "Steps: 1",
        "<lora:" * 60_000 + "Steps: 1",
        '{"prompts": {"0": "' + ", " * 200_000 + '"}}',
        '{"prompts": {"0": "a"}, "strength_schedule": "' + "1:(" * 100_000 + '"}',
        '{"prompts": {"0": "a"}, "' + "mask" * 100_000 + '": 1}',
        '{"prompts": ' + "[" * 500 + "]" * 500 + ', "x": ' + "[" * 500 + "]" * 500 + "}",
    ],
)
def test_long_texts_come_to_an_end(text: str) -> None:
    survives(text)
