"""Writes a training run's averaged weights as the diffusers folder that Flowbrush ships.

    python -I launch.py backend.training export RUN STARTER

Letters, which training never saw, get the mean of the words that it taught to change nothing: diffusers gives the model
all words of a prompt, Flowbrush only those that it knows.
"""

import argparse
from pathlib import Path

import torch
from transformers import CLIPTokenizer

from .network import Starter, new_starter, save_starter
from .vocabulary import FILLERS, KNOWN, new_tokenizer


@torch.no_grad()
def calm_unknown_words(starter: Starter, tokenizer: CLIPTokenizer) -> None:
    """Gives every token that is no known word the mean embedding of the `FILLERS`."""
    table = starter.text.get_input_embeddings().weight
    mean = table[[tokenizer.convert_tokens_to_ids(word) for word in FILLERS]].mean(dim=0)
    known = set(tokenizer(" ".join(KNOWN), truncation=True, max_length=len(KNOWN) + 2).input_ids)
    table[[token for token in range(len(table)) if token not in known]] = mean


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
    calm_unknown_words(starter, tokenizer)
    save_starter(starter, tokenizer, choice.starter)
