"""Loads and runs the estimators of `catalogue`.

Weights lie in a folder under the names that the hub gives them, or in the hub's own cache, or are downloaded where the
user allows it. They are read as plain tensors: a file that would run code is refused (torch.load with weights_only, its
default).
"""

import importlib
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..errors import BackendError, Code, ModelError
from ..models.device import choose_device
from ..models.vision import import_torchvision
from .catalogue import ESTIMATORS, HUB, Estimator, estimator

LARGEST = 1024  # pixels of the shorter side that a network is given
_LOADING_ERRORS = (RuntimeError, KeyError, ValueError, TypeError, AttributeError, EOFError, OSError)

Estimate = Callable[[np.ndarray], np.ndarray]


def find_weights(name: str, folder: Path | None, *, download: bool) -> Path | None:
    """The folder that holds the weights of `name`; None for an estimator without any.

    folder: the user's own; without it the hub's cache serves. download: the user allows to fetch what is missing.
    Raises ModelError(MISSING_MODEL) with what is missing, how large it is and under which licence.
    """
    chosen = estimator(name)
    if not chosen.files:
        return None
    if folder is not None:
        missing = [file for file in chosen.files if not (folder / file).is_file()]
        if missing:
            raise _missing(name, f"{folder} lacks {', '.join(missing)}")
        return folder
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        found = [Path(hf_hub_download(HUB, file, local_files_only=not download)) for file in chosen.files]
    except (HfHubHTTPError, OSError) as error:  # not in the cache, no connection, offline mode, no such file
        raise _missing(name, "the hub's cache lacks them" if not download else f"{HUB} could not be reached") from error
    return found[0].parent


def load_estimator(name: str, weights: Path | None) -> Estimate:
    """Loads `name` from the folder `weights`, onto the fastest device.

    The result takes a picture, (H, W, 3) uint8 RGB, and gives the condition, (H, W, 3) uint8; one that gives depth
    (H, W) float32, larger is nearer, of unknown scale. Raises BackendError(NO_ENVIRONMENT) where the extra is not
    installed, ModelError for weights that cannot be used.
    """
    chosen = estimator(name)
    package = _controlnet_aux()
    cls = getattr(package, chosen.detector)
    if weights is None:
        return _drawing(cls(), chosen)
    try:
        detector = cls.from_pretrained(str(weights)).to(choose_device("auto"))
    except pickle.UnpicklingError as error:
        raise ModelError(
            Code.UNSAFE_MODEL, f"The weights of '{name}' in {weights} hold more than numbers: they are not loaded"
        ) from error
    except _LOADING_ERRORS as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            Code.BAD_MODEL, f"The weights of '{name}' in {weights} do not fit its network ({reason}): get them anew"
        ) from error
    return _depth(detector, package) if chosen.gives_depth else _drawing(detector, chosen)


def _drawing(detector: Any, chosen: Estimator) -> Estimate:
    def estimate(picture: np.ndarray) -> np.ndarray:
        side = _side(picture)
        sizes = {"detect_resolution": side} | ({"image_resolution": side} if chosen.files else {})
        drawn = detector(picture, output_type="np", **sizes, **chosen.options)
        scaled: np.ndarray = cv2.resize(drawn, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return scaled

    return estimate


def _depth(detector: Any, package: Any) -> Estimate:
    """MiDaS's own numbers: its detector stretches every frame to the full range, which is what flickers."""
    import torch

    device = next(detector.model.parameters()).device

    def estimate(picture: np.ndarray) -> np.ndarray:
        small = package.util.resize_image(picture, _side(picture))
        signal = torch.from_numpy(small).to(device).float().permute(2, 0, 1)[None] / 127.5 - 1.0
        with torch.no_grad():
            depth = detector.model(signal)[0].float().cpu().numpy()
        scaled: np.ndarray = cv2.resize(depth, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return scaled

    return estimate


def _side(picture: np.ndarray) -> int:
    """The shorter side at which a picture is estimated: its own as far as it goes, in the networks' steps of 64."""
    return max(64, min(LARGEST, round(min(picture.shape[:2]) / 64) * 64))


def _controlnet_aux() -> Any:
    """The package, imported now: it brings torchvision and timm along. Raises BackendError(NO_ENVIRONMENT)."""
    try:
        import_torchvision()
        importlib.import_module("torchvision")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it uses old names of timm's
            return importlib.import_module("controlnet_aux")
    except ImportError as error:
        raise BackendError(
            Code.NO_ENVIRONMENT,
            f"Estimating conditions needs the footage extra ({error.name} is missing): "
            "flowbrush environment create FOLDER --footage",
        ) from error


def _missing(name: str, why: str) -> ModelError:
    chosen = ESTIMATORS[name]
    return ModelError(
        Code.MISSING_MODEL,
        f"The weights of '{name}' are missing ({why}): put {', '.join(chosen.files)} "
        f"({chosen.megabytes} MB, licence: {chosen.licence}) from {HUB} into a folder and name it with --weights, "
        "or allow the download with --download",
    )
