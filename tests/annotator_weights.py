"""Weights for controlnet-aux's networks in the hub's own layout, random: what they draw means nothing, but it is drawn.

Needs the footage extra. The networks have their full size, so MiDaS, NormalBae and OpenPose take minutes on two cores.
"""

import types
from pathlib import Path

import torch
from flowbrush.backend.footage.estimators import _controlnet_aux


def write_weights(folder: Path, names: tuple[str, ...], seed: int = 0) -> Path:
    """The files that the estimators called `names` look for."""
    _controlnet_aux()
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        _WRITERS[name](folder)
    return folder


def _softedge(folder: Path) -> None:
    from controlnet_aux.hed import ControlNetHED_Apache2

    torch.save(ControlNetHED_Apache2().state_dict(), folder / "ControlNetHED.pth")


def _lineart(folder: Path) -> None:
    from controlnet_aux.lineart import Generator

    for file in ("sk_model.pth", "sk_model2.pth"):
        torch.save(Generator(3, 1, 3).state_dict(), folder / file)


def _depth(folder: Path) -> None:
    from controlnet_aux.midas.midas.dpt_depth import DPTDepthModel

    network = DPTDepthModel(path=None, backbone="vitb_rn50_384", non_negative=True)
    torch.save(network.state_dict(), folder / "dpt_hybrid-midas-501f0c75.pt")


def _normal(folder: Path) -> None:
    from controlnet_aux.normalbae.nets.NNET import NNET

    settings = {"mode": "client", "architecture": "BN", "pretrained": "scannet"}
    network = NNET(types.SimpleNamespace(**settings, sampling_ratio=0.4, importance_ratio=0.7))
    torch.save({"model": network.state_dict()}, folder / "scannet.pt")


def _openpose(folder: Path) -> None:
    from controlnet_aux.open_pose.face import FaceNet
    from controlnet_aux.open_pose.model import bodypose_model, handpose_model

    for file, network in (("body_pose_model.pth", bodypose_model()), ("hand_pose_model.pth", handpose_model())):
        # These files name the layers without the blocks that they lie in.
        torch.save({key.split(".", 1)[1]: value for key, value in network.state_dict().items()}, folder / file)
    torch.save(FaceNet().state_dict(), folder / "facenet.pth")


_WRITERS = {
    "softedge": _softedge,
    "lineart": _lineart,
    "depth": _depth,
    "normal": _normal,
    "openpose": _openpose,
}
