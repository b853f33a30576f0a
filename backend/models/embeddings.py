"""Textual inversions (Gal et al. 2022): words that a text encoder was not taught, as rows for its table of words."""

from __future__ import annotations

import copy
import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Code, ModelError
from .tensors import read_tensors

if TYPE_CHECKING:
    import torch

MAX_ROWS = 75  # word pieces that CLIP reads in one prompt
_OF_XL = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}


def read_embedding(path: Path, widths: dict[str, int]) -> dict[str, torch.Tensor]:
    """The rows (N, width) float32 for each text encoder, from the safetensors file `path`.

    widths: of the text encoders' tables. A1111's layout has `emb_params`, diffusers' the token, and that of XL models
    `clip_l` and `clip_g`. Raises ModelError (BAD_MODEL).
    """
    tensors = read_tensors(path)
    if len(widths) == 1 and len(tensors) == 1:
        rows = {part: next(iter(tensors.values())) for part in widths}
    elif len(widths) > 1 and set(tensors) == set(_OF_XL.values()):
        rows = {part: tensors[_OF_XL[part]] for part in widths}
    else:
        names = ", ".join(sorted(tensors))[:80]
        raise _bad(f"{path.name} is no embedding for this family of models (it holds {names})")
    rows = {part: tensor.float()[None] if tensor.ndim == 1 else tensor.float() for part, tensor in rows.items()}
    if any(tensor.ndim != 2 or tensor.shape[1] != widths[part] for part, tensor in rows.items()):
        raise _bad(f"the embedding {path.name} was made for another family of models: its words have another size")
    counts = {len(tensor) for tensor in rows.values()}
    if len(counts) > 1 or not counts <= set(range(1, MAX_ROWS + 1)):
        raise _bad(f"the embedding {path.name} has {max(counts)} rows, and a prompt holds 1 to {MAX_ROWS} for all")
    return rows


def teach(pipeline: Any, number: int, rows: dict[str, torch.Tensor], undo: ExitStack) -> str:
    """Teaches the text encoders of `pipeline` the embedding `rows`, and gives the words that stand for it.

    number: other than that of all others. `undo` gets what makes the encoders forget it again.
    """
    for part, vectors in rows.items():
        names = [f"<|flowbrush-{number}-{row}|>" for row in range(len(vectors))]
        _teach(pipeline, part, names, vectors, undo)
    return " ".join(names)


def _teach(pipeline: Any, part: str, names: list[str], vectors: torch.Tensor, undo: ExitStack) -> None:
    import torch
    from tokenizers import AddedToken

    encoder, tokenizer_name = getattr(pipeline, part), part.replace("text_encoder", "tokenizer")
    former = getattr(pipeline, tokenizer_name)
    tokenizer = copy.deepcopy(former)
    tokenizer.add_tokens([AddedToken(name, normalized=False) for name in names])
    ids = tokenizer.convert_tokens_to_ids(names)
    setattr(pipeline, tokenizer_name, tokenizer)
    undo.callback(setattr, pipeline, tokenizer_name, former)

    table = encoder.get_input_embeddings()
    known = table.weight
    grown = known.new_zeros(max(len(known), max(ids) + 1), known.shape[1])
    grown[: len(known)] = known.detach()
    grown[ids] = vectors.to(grown)
    table.weight = torch.nn.Parameter(grown, requires_grad=False)
    undo.callback(setattr, table, "weight", known)

    for module in encoder.modules():
        # Configurations of old say 2, and then the end of the prompt is taken to be its highest id: now a taught one.
        if getattr(module, "eos_token_id", None) == 2:
            module.eos_token_id = tokenizer.eos_token_id
            undo.callback(setattr, module, "eos_token_id", 2)


def replaced(prompt: str, taught: dict[str, str]) -> str:
    """`prompt` with the words of embeddings, whatever their case, replaced by what stands for them.

    taught: what stands for each word, the words in lower case.
    """
    if not taught:
        return prompt
    words = "|".join(map(re.escape, sorted(taught, key=len, reverse=True)))
    return re.sub(rf"(?<!\w)(?:{words})(?!\w)", lambda found: taught[found[0].lower()], prompt, flags=re.IGNORECASE)


def _bad(reason: str) -> ModelError:
    return ModelError(Code.BAD_MODEL, f"This model cannot be used: {reason}")
