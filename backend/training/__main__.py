"""The steps that make the starter model: `training STEP --help` explains each."""

import argparse
import importlib

from ..models.vision import import_torchvision

STEPS = ("scenes", "examples", "train", "export", "judge", "make")

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="training", description=__doc__)
    parser.add_argument("step", choices=STEPS, help="in this order, scenes in Blender's Python; make does them all")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    if chosen.step != "scenes":
        import_torchvision()
    importlib.import_module(f".{chosen.step}", __package__).main(chosen.arguments)
