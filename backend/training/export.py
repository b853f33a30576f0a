"""Writes a training run's averaged weights as the diffusers folder that Flowbrush ships.

python -I launch.py backend.training export RUN STARTER
"""

import argparse
from pathlib import Path

import torch

from .network import new_starter, save_starter
from .vocabulary import new_tokenizer


def main(arguments: list[str]) -> None:
    """The command line; see this module's head."""
    parser = argparse.ArgumentParser(
        prog="training export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder with checkpoint.pt")
    parser.add_argument("starter", type=Path, help="folder to write")
    choice = parser.parse_args(arguments)
    tokenizer = new_tokenizer()
    starter = new_starter(tokenizer)
    starter.modules().load_state_dict(torch.load(choice.run / "checkpoint.pt", weights_only=True)["average"])
    save_starter(starter, tokenizer, choice.starter)
