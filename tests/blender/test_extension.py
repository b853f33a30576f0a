"""The extension as a user meets it: built, checked, installed, enabled, used and disabled, in this Blender."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import bpy
import flowbrush
import pytest

SESSION = Path(__file__).with_name("extension_session.py")
SCRIPTS = Path(bpy.utils.script_paths(subdir="addons_core")[0])
TOOL = SCRIPTS / "bl_pkg" / "cli" / "blender_ext.py"
TAGS = SCRIPTS.parent / "modules" / "_bpy_internal" / "extensions" / "tags.py"
SOURCE = Path(flowbrush.__file__).resolve().parent


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The extension as Blender's own tool packs it."""
    folder = tmp_path_factory.mktemp("built")
    tool("build", "--source-dir", str(SOURCE), "--output-dir", str(folder))
    (built,) = folder.glob("*.zip")
    return built


def tool(*arguments):
    outcome = subprocess.run([sys.executable, "-I", str(TOOL), *arguments], capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


@pytest.fixture
def session(archive, tmp_path):
    """Runs a scenario of extension_session in a Blender of its own, and gives what it found."""

    def run(scenario):
        own = tmp_path / archive.name
        own.write_bytes(archive.read_bytes())
        outcome = subprocess.run(
            [sys.executable, "-I", str(SESSION), scenario, str(own)],
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path / "user"), "HOME": str(tmp_path)},
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return json.loads(outcome.stdout.strip().splitlines()[-1])

    return run


def test_blenders_tool_finds_nothing_wrong(archive):
    assert "Success" in tool("validate", "--valid-tags", str(TAGS), str(archive))


def test_archive_holds_what_runs_and_nothing_else(archive):
    names = zipfile.ZipFile(archive).namelist()
    needed = ("blender_manifest.toml", "__init__.py", "launch.py", "backend/styles.toml", "backend/requirements.lock")
    needed += tuple(f"backend/quality/report/page.{ending}" for ending in ("html", "css", "js"))
    assert set(needed) <= set(names)
    assert any(name.startswith("backend/models/starter/unet/") for name in names)
    top = {name.split("/")[0] for name in names}
    assert not top & {"tests", "docs", "build", "Makefile", "pyproject.toml"}
    assert not [name for name in names if name.startswith(".") or "__pycache__" in name or name.endswith(".blend1")]


def test_disabling_removes_all_that_enabling_added(session):
    found = session("enable_and_disable")
    nothing = {key: [] for key in found["before"]}
    assert found["before"] == nothing
    enabled = found["enabled"]
    assert enabled["operators"] == [
        "cancel",
        "capture",
        "check_environment",
        "choose_model",
        "clear_bones",
        "compare_takes",
        "control_add",
        "control_remove",
        "controls_of_style",
        "detect_bones",
        "download_model",
        "embedding_add",
        "embedding_remove",
        "end_comparison",
        "estimate_conditions",
        "export_conditions",
        "export_mask",
        "fetch_models",
        "go_to_keyframe",
        "load_into_sequencer",
        "load_settings",
        "lora_add",
        "lora_remove",
        "mark_keyframes",
        "new_take",
        "next_step",
        "open_manual",
        "paste_settings",
        "preset_add",
        "prompt_add",
        "prompt_remove",
        "queue_add",
        "queue_again",
        "queue_clear",
        "queue_move",
        "queue_remove",
        "queue_start",
        "rate_take",
        "refresh",
        "region_add",
        "region_add_selected",
        "region_move",
        "region_remove",
        "remove_environment",
        "remove_model",
        "remove_take",
        "repair_environment",
        "report",
        "restore_settings",
        "restyle_strip",
        "save_settings",
        "set_class",
        "set_up_environment",
        "shot_from_file",
        "shot_from_strip",
        "show_condition",
        "stylize_animation",
        "stylize_frame",
        "swap_take",
        "watch_take",
    ]
    panels = ("main", "shot", "style", "regions", "people", "motion", "output", "takes", "conditions", "classes")
    panels = (*panels, "model", "model_use", "additions")
    panels = (*panels, "export", "footage", "queue", "first_run", "sequencer")
    panels = (*panels, *(f"sequencer_{name}" for name in ("style", "output", "takes", "queue")))
    assert {f"FLOWBRUSH_PT_{name}" for name in panels} <= set(enabled["types"])
    of_windows = [f"WindowManager.flowbrush{end}" for end in ("", "_picture", "_takes", "_queue")]
    assert enabled["properties"] == [
        "Scene.flowbrush",
        "Object.flowbrush_person",
        "TimelineMarker.flowbrush",
        *of_windows,
    ]
    assert set(enabled["keys"]) == {f"Screen: flowbrush.{operator}" for operator in ("stylize_frame", "next_step")}
    assert any(entry.startswith("TOPBAR_MT_render") for entry in enabled["drawn"])
    assert enabled["manual"] == ["bl_ext.user_default.flowbrush.context_help"]
    assert found["disabled"] == nothing
    assert found["again"] == enabled
    assert found["last"] == nothing


def test_refusals_tell_the_user_what_to_do(session):
    found = session("refusals")
    assert found["cancel"].endswith("Nothing is running")
    no_camera = "The scene has no camera: add one, or make a camera the scene's active one"
    assert found["no camera"] == f"Error: {no_camera}"
    assert found["no camera, in the panel"] == no_camera
    assert found["no camera, frame"] == f"Error: {no_camera}"
    assert found["empty range"] == "Error: The frame range 10 to 9 is empty: let it end where it starts or later"
    not_captured = "Error: The shot is not captured yet: press Capture first"
    assert found["not captured"] == not_captured
    assert found["nothing to load"] == not_captured
    assert found["nothing to report"].endswith("No take has a finished frame: press Stylize Animation first")
    assert "does not run" in found["environment missing"] and "set up the backend" in found["environment missing"]
    assert found["environment missing, in the preferences"] == found["environment missing"].removeprefix("Error: ")
    assert "/nowhere/python" in found["other environment missing"]
    assert found["own python and set up"].endswith("clear that field first")
    assert "may not go online" in found["offline and set up"]
    assert "choose a folder that you may write to" in found["not writable"]


def test_capture_uses_unsaved_changes_and_leaves_the_file_alone(session):
    found = session("capture")
    assert found["outcome"] == "['FINISHED']"
    assert found["captured"] == "Frames 1 to 2, 64 × 48"  # the file on disk says 1 to 3
    assert found["passes"] == ["0001.exr", "0002.exr"]
    assert found["pictures"] == ["0001.png", "0002.png"]
    assert found["file"] == "cube.blend"
    assert found["environment missing"].startswith("Error: ") and "set up the backend" in found["environment missing"]
    assert found["in the panel"] == found["environment missing"].removeprefix("Error: ")
    assert found["running"] is False


def test_cancelled_and_abandoned_captures_leave_nothing_behind(session):
    found = session("cancel")
    assert found["before"] == "running" and 0 < found["progress"] < 1
    assert found["kept"], "frames of the cancelled capture were rendered again"
    assert found["state"] == "cancelled" and found["sentence"].startswith("Cancelled")
    assert found["frames"] >= 1  # finished frames are kept
    assert not found["alive"]
    assert found["given up"] == "cancelled" and not found["alive after giving up"]
    assert found["temporary"] == []


def test_classes_are_chosen_by_colour_and_what_is_to_be_exported_is_captured(session):
    found = session("classes")
    assert found["classes"] == 150 and found["colours"]
    assert found["set"] == found["removed"] == "['FINISHED']"
    assert found["object"] == "person" and found["object afterwards"] is None
    assert found["collection"] == "traffic light"
    assert "choose what to export" in found["nothing chosen"]
    assert found["chosen"] == [], "every condition can be chosen"
    assert found["captured"]
    assert "press Capture first" in found["not captured"]


def test_styles_are_chosen_by_their_pictures_and_unknown_words_are_told(session):
    found = session("styles")
    assert found["sizes"] == {name: [256, 256] for name in sorted(found["styles"])}
    assert max(found["bytes"]) <= 15_000
    assert found["first"] == found["region's first"] == found["styles"][0]
    assert "fresco" in found["no style"]
    assert found["stored"] == found["styles"][1] and all(found["numbers"])
    told = 'The model little does not know "fox", "blurry": they change nothing. It knows ink, dark'
    assert found["words"] == [told, ""]
    assert found["words of no model"] == ""
    assert found["icon afterwards"] == 0
