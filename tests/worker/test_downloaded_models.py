"""A downloaded model by its id, with the downloaded ControlNet of its family, as a take names them."""

from pathlib import Path

import pytest
import tiny_models
from flowbrush.backend.models import installed, loading
from flowbrush.backend.models.catalogue import load_catalogue
from flowbrush.backend.models.choice import resolve
from flowbrush.backend.take import ControlSettings, TakeSettings


def test_a_model_and_its_controlnet_load_from_the_models_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = load_catalogue()
    tiny_models.write_sd(tmp_path / "sd15")
    tiny_models.write_controlnet(tmp_path / "control-depth-sd15")
    for name in ("sd15", "control-depth-sd15"):
        installed.record(tmp_path / name, entries[name], "0" * 40, {})
    monkeypatch.setenv(installed.VARIABLE, str(tmp_path))
    settings = TakeSettings(model="sd15", controls=(ControlSettings("depth"),))
    choice = resolve(settings)
    assert choice.base.path == tmp_path / "sd15"
    assert choice.controls[0].path == tmp_path / "control-depth-sd15"
    assert len(loading.load(choice, "float32").controlnets) == 1
    loading.forget()
