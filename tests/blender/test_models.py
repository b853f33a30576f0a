"""The models in Blender: choosing one, what its conditions find, agreeing to licences, downloading and removing.

The extension is registered from its folder, in this process. Downloads are answered by a stage made here; the real one
is tested in worker/test_download.py.
"""

from pathlib import Path

import bpy
import flowbrush
import pytest
from flowbrush.backend.models import installed
from flowbrush.operators import models as operators
from flowbrush.properties import models
from flowbrush.properties.styles import styles
from flowbrush.settings import apply_settings, differences, take_settings


@pytest.fixture(scope="module", autouse=True)
def registered():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    known = bpy.context.preferences.addons.new()  # what installing does; without it there are no preferences
    known.module = "flowbrush"
    flowbrush.register()
    yield
    flowbrush.unregister()
    bpy.context.preferences.addons.remove(known)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The models folder; the scene paints in ink, with the starter."""
    bpy.context.preferences.addons["flowbrush"].preferences.models = str(tmp_path / "models")
    apply_settings(bpy.context.scene, styles()["ink"])
    return tmp_path / "models"


def put(folder: Path, *names: str) -> None:
    """These entries as a download leaves them, with empty files."""
    for name in names:
        entry = models.known().entries[name]
        for file in entry.files:
            path = folder / f".{name}" / entry.local(file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        installed.record(folder / f".{name}", entry, "0" * 40, {})
        (folder / f".{name}").rename(folder / name)


def said(operator, **arguments) -> str:
    """The error of `operator`, or the sentence that it leaves in the panel."""
    try:
        operator(**arguments)
    except RuntimeError as error:
        return str(error)
    shown = bpy.context.window_manager.flowbrush
    return shown.error or shown.sentence


def test_choosing_a_model_sets_what_it_needs(folder: Path) -> None:
    chosen = bpy.context.scene.flowbrush
    assert models.title_of_model(chosen.model) == "Starter"
    assert chosen.steps == 3
    assert "steps are 20 now" in said(bpy.ops.flowbrush.choose_model, name="sd15")
    assert (chosen.model, chosen.steps, chosen.guidance) == ("sd15", 20, 7.5)
    assert take_settings(chosen).model == "sd15"
    chosen.steps = 5
    assert said(bpy.ops.flowbrush.choose_model, name="sdxl") == "The model is Stable Diffusion XL 1.0"
    assert chosen.steps == 5
    assert said(bpy.ops.flowbrush.choose_model, name="starter") == "The model is Starter"
    assert "has no 'nothing'" in said(bpy.ops.flowbrush.choose_model, name="nothing")


def test_conditions_say_whether_they_find_their_controlnets(folder: Path) -> None:
    scene = bpy.context.scene
    assert models.conditions_of(scene) == []
    scene.flowbrush.model = "anything-v5"
    lines, colour = models.conditions_of(scene)
    assert (lines.found, lines.entry) == (False, "control-lineart-sd15")
    assert (colour.found, colour.entry) == (False, "control-tile-sd15")
    put(folder, "control-lineart-sd15", "control-tile-sdxl")
    lines, colour = models.conditions_of(scene)
    assert (lines.found, colour.found) == (True, False)
    scene.flowbrush.model = str(folder / "somebody's")
    assert [one.entry for one in models.conditions_of(scene)] == ["", ""]


def test_a_downloaded_model_is_on_this_machine(folder: Path) -> None:
    chosen = bpy.context.scene.flowbrush
    chosen.model = "sd15"
    settings = take_settings(chosen)
    (missing,) = differences(bpy.context.scene, settings)
    assert "sd15 is not on this machine" in missing
    put(folder, "sd15")
    assert differences(bpy.context.scene, settings) == []


def test_nothing_is_downloaded_without_leave(folder: Path) -> None:
    bpy.context.preferences.system.use_online_access = False
    assert not bpy.app.online_access
    for operator in (bpy.ops.flowbrush.download_model, bpy.ops.flowbrush.fetch_models):
        assert not operator.poll()
        with pytest.raises(RuntimeError, match="poll"):
            operator(name="sd15")
    assert not folder.exists()


def test_a_download_notes_the_licence_and_makes_the_model_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stage:
        title = "Downloading"

        def __init__(self, names: list[str]) -> None:
            self.names = names

        def start(self) -> None:
            put(folder, *self.names)

        def poll(self) -> list[dict]:
            return [{"type": "result"}]

        def cancel(self) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr(operators, "DownloadStage", Stage)
    for operator in (operators.FLOWBRUSH_OT_download_model, operators.FLOWBRUSH_OT_fetch_models):
        monkeypatch.setattr(operator, "poll", classmethod(lambda _cls, _context: True))
    if not bpy.ops.flowbrush.download_model.poll():
        pytest.skip("this Blender keeps the first poll")
    assert "agree to the licence first" in said(bpy.ops.flowbrush.fetch_models, name="ip-adapter-sd15")
    assert models.known().agreed == frozenset()
    assert said(bpy.ops.flowbrush.download_model, name="ip-adapter-sd15") == "2 models can be used now"
    assert models.known().agreed == {"apache-2"}
    assert set(models.known().there) == {"ip-adapter-encoder", "ip-adapter-sd15"}
    assert "there already" in said(bpy.ops.flowbrush.fetch_models, name="ip-adapter-sd15")


def test_what_is_added_to_a_model_goes_into_its_list(folder: Path) -> None:
    chosen = bpy.context.scene.flowbrush
    assert "download it first" in said(bpy.ops.flowbrush.choose_model, name="lcm-sd15")
    put(folder, "lcm-sd15", "easynegative", "vae-ft-mse")
    for name in ("lcm-sd15", "easynegative", "vae-ft-mse"):
        said(bpy.ops.flowbrush.choose_model, name=name)
    settings = take_settings(chosen)
    assert [Path(one.file).parent.name for one in settings.loras] == ["lcm-sd15"]
    assert [one.word for one in settings.embeddings] == ["EasyNegative"]
    assert settings.vae == str(folder / "vae-ft-mse")
    assert {"openrail-plus", "mit"} <= models.known().agreed


def test_removing_takes_the_files(folder: Path) -> None:
    put(folder, "sd15", "sdxl")
    assert said(bpy.ops.flowbrush.remove_model, name="sd15") == "Stable Diffusion 1.5 is removed"
    assert [path.name for path in folder.iterdir()] == ["sdxl"]
    assert "no downloaded model" in said(bpy.ops.flowbrush.remove_model, name="sd15")


def test_a_broken_catalogue_of_the_users_own_is_told_and_does_no_harm(folder: Path) -> None:
    folder.mkdir()
    (folder / installed.OWN_CATALOGUE).write_text("[model.mine]\nkind = 'virus'")
    now = models.known()
    assert "kind" in now.problem and "sd15" in now.entries


def test_sizes_say_what_is_known() -> None:
    entries = models.known().entries
    assert models.size_of([entries["sd15"]]) == "2.1 GB"
    assert models.size_of([entries["control-depth-sd15"]]) == "723 MB"
    assert models.size_of([entries["dreamshaper-8"]]) == "size told when it begins"
    assert models.size_of([entries["dreamshaper-8"], entries["sd15"]]) == "more than 2.1 GB"
