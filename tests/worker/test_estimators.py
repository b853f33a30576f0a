"""controlnet-aux itself, where the footage extra is installed; and what is said where it is not."""

import importlib.util
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from flowbrush.backend import environment
from flowbrush.backend.client import LAUNCH, clean_environment
from flowbrush.backend.errors import BackendError, Code, ModelError
from flowbrush.backend.footage.capture import FootageSettings, capture_footage
from flowbrush.backend.footage.estimators import load_estimator
from flowbrush.backend.shot import Shot
from made_footage import pan, write_images

extra = pytest.mark.skipif(
    importlib.util.find_spec("controlnet_aux") is None, reason="the footage extra is not installed here"
)
PICTURE = pan(1, 1, size=(128, 96))[0]


class RunsCode:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("the weights ran code",)


@extra
def test_lines_without_a_network() -> None:
    drawn = load_estimator("lineart_standard", None)(PICTURE)
    assert drawn.shape == PICTURE.shape and drawn.dtype == np.uint8 and drawn.std() > 5


@extra
@pytest.mark.parametrize("name", ["softedge", "lineart"])
def test_a_network_draws(tmp_path: Path, name: str) -> None:
    from annotator_weights import write_weights

    drawn = load_estimator(name, write_weights(tmp_path, (name,)))(PICTURE)
    assert drawn.shape == PICTURE.shape and drawn.dtype == np.uint8 and drawn.std() > 0


@extra
def test_weights_that_fit_nothing_or_run_code_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    import torch

    file = tmp_path / "ControlNetHED.pth"
    for content, code in (({"a": torch.zeros(1)}, Code.BAD_MODEL), ({"a": RunsCode()}, Code.UNSAFE_MODEL)):
        torch.save(content, file)
        with pytest.raises(ModelError) as caught:
            load_estimator("softedge", tmp_path)
        assert caught.value.code == code
    file.write_bytes(b"not weights")
    with pytest.raises(ModelError):
        load_estimator("softedge", tmp_path)
    assert "ran code" not in capsys.readouterr().out


@extra
def test_the_command_line_estimates(tmp_path: Path) -> None:
    footage = write_images(tmp_path / "footage", pan(1, 2))
    list(capture_footage(footage, tmp_path / "shot", FootageSettings(), lambda _: None, lambda: False))
    command = [sys.executable, "-I", str(LAUNCH), "backend", "estimate", str(tmp_path / "shot"), "lineart_standard"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=clean_environment())
    assert done.returncode == 0, done.stderr
    assert "2/2" in done.stdout and done.stderr == ""
    assert Shot.load(tmp_path / "shot").drawn["lineart"].estimated


def test_without_the_extra_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(BackendError, match="environment create FOLDER --footage") as caught:
        load_estimator("lineart_standard", None)
    assert caught.value.code == Code.NO_ENVIRONMENT


def test_the_extra_is_locked_and_checked_for(tmp_path: Path) -> None:
    assert set(environment.required_packages(environment.FOOTAGE)) <= set(environment.locked_versions())
    venv.create(tmp_path / "bare")
    with pytest.raises(BackendError, match="controlnet-aux 0"):
        environment.check(environment.python_of(tmp_path / "bare"), footage=True)
