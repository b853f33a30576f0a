"""What can be estimated from pictures: the annotators of controlnet-aux, an extra of the environment.

Standard library only, so that it can be read before anything is installed.
"""

from dataclasses import dataclass, field
from typing import Any

from ..errors import Code, SettingsError

HUB = "lllyasviel/Annotators"  # on the Hugging Face hub; it holds all the weights named here
_DEPTH = "MiDaS: inverse depth, near is white; one scale and range for the whole shot, held along the flow"
_LINES = "white lines on black"


@dataclass(frozen=True)
class Estimator:
    """One way to estimate a condition.

    detector: its class in controlnet_aux. files: its weights; megabytes: their size. licence: of the weights and code.
    options: what the detector is called with besides the picture. gives_depth: floats that are to be steadied.
    """

    condition: str
    meaning: str
    detector: str
    licence: str
    files: tuple[str, ...] = ()
    megabytes: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    gives_depth: bool = False


ESTIMATORS: dict[str, Estimator] = {
    "depth": Estimator(
        "depth", _DEPTH, "MidasDetector", "MIT", ("dpt_hybrid-midas-501f0c75.pt",), 493, gives_depth=True
    ),
    "normal": Estimator(
        "normal",
        "NormalBae: blue is front, red is left, green is top",
        "NormalBaeDetector",
        "MIT",
        ("scannet.pt",),
        291,
    ),
    "lineart": Estimator(
        "lineart", f"Informative Drawings: {_LINES}", "LineartDetector", "MIT", ("sk_model.pth", "sk_model2.pth"), 34
    ),
    "lineart_standard": Estimator(
        "lineart",
        f"what is darker than its surroundings, no network: {_LINES}",
        "LineartStandardDetector",
        "Apache-2.0",
    ),
    "softedge": Estimator(
        "softedge", "HED: white edges on black, soft", "HEDdetector", "Apache-2.0", ("ControlNetHED.pth",), 29
    ),
    "openpose": Estimator(
        "openpose",
        "OpenPose: body, hands and face in its colours on black",
        "OpenposeDetector",
        "CMU's, not for commercial use",
        ("body_pose_model.pth", "hand_pose_model.pth", "facenet.pth"),
        510,
        {"include_hand": True, "include_face": True},
    ),
}


def estimator(name: str) -> Estimator:
    """The estimator called `name`. Raises SettingsError with the names that exist."""
    if name not in ESTIMATORS:
        raise SettingsError(Code.BAD_SETTINGS, f"There is no estimator '{name}'; choose one of {', '.join(ESTIMATORS)}")
    return ESTIMATORS[name]


def catalogue() -> list[str]:
    """What each estimator's weights are, a line each; for the user to read before anything is downloaded."""
    return [
        f"{name:<18}{one.megabytes:>5} MB  {', '.join(one.files) or 'no weights'} ({one.licence})"
        for name, one in ESTIMATORS.items()
    ]
