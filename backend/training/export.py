"""Writes a training run's averaged weights as the diffusers folder that Flowbrush ships.

Words that training never used get the mean of the words that it taught to change nothing.

    python -I launch.py backend.training export RUN STARTER --vocabulary FILE
"""

import argparse
from pathlib import Path

import torch
from transformers import CLIPTokenizer

from .network import Starter, new_starter, new_tokenizer, save_starter
from .train import FILLERS, PROMPTS


@torch.no_grad()
def calm_unknown_words(starter: Starter, tokenizer: CLIPTokenizer) -> None:
    """Gives every token that no training prompt holds the mean embedding of the `FILLERS`."""
    prompts = [prompt for style in PROMPTS.values() for prompt in style]
    fillers = tokenizer(list(FILLERS), add_special_tokens=False).input_ids
    used = {token for ids in (*tokenizer([*prompts, ""]).input_ids, *fillers) for token in ids}
    table = starter.text.get_input_embeddings().weight
    mean = table[sorted({token for ids in fillers for token in ids})].mean(dim=0)
    unused = [token for token in range(len(table)) if token not in used]
    table[unused] = mean


def main(arguments: list[str]) -> None:
    """The command line; see this module's head."""
    parser = argparse.ArgumentParser(
        prog="training export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder with checkpoint.pt")
    parser.add_argument("starter", type=Path, help="folder to write")
    parser.add_argument("--vocabulary", type=Path, required=True, help="bpe_simple_vocab_16e6.txt.gz")
    choice = parser.parse_args(arguments)
    tokenizer = new_tokenizer(choice.vocabulary)
    starter = new_starter(tokenizer)
    starter.modules().load_state_dict(torch.load(choice.run / "checkpoint.pt", weights_only=True)["average"])
    calm_unknown_words(starter, tokenizer)
    save_starter(starter, tokenizer, choice.starter)
