"""Puts LoRAs and embeddings on a model that is in memory, and takes them off again to the last bit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..take import TakeSettings
from . import embeddings, lora
from .choice import ModelChoice

# LoRAs that were trained to paint in few steps, by what their files are called: which scheduler, how many steps and
# how much guidance they want. https://huggingface.co/latent-consistency, https://huggingface.co/ByteDance/Hyper-SD
_SPEED: tuple[tuple[re.Pattern[str], str, int, float], ...] = (
    (re.compile(r"(?<![a-z])lcm(?![a-z])"), "lcm", 8, 2.0),
    (re.compile(r"(?<![a-z])hyper[-_ ]?sd(?!.*cfg)"), "ddim_trailing", 8, 1.0),
    (re.compile(r"(?<![a-z])hyper[-_ ]?sd.*cfg"), "ddim_trailing", 12, 8.0),
)


class Additions:
    """What `pipeline`, a diffusers pipeline, wears. Nothing at first."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self._worn: tuple[Any, ...] = ((), ())
        self._undo = ExitStack()
        self._weights: list[float] = []
        self._taught: dict[str, str] = {}

    def wear(self, choice: ModelChoice) -> None:
        """Puts on the LoRAs, of weight 1, and the embeddings of `choice` and nothing else.

        Raises ModelError (BAD_MODEL), with nothing put on, for what does not fit the model.
        """
        if (choice.loras, choice.embeddings) == self._worn:
            return
        self.take_off()
        try:
            self._put_on(choice)
        except BaseException:
            self.take_off()
            raise
        self._worn = choice.loras, choice.embeddings

    def take_off(self) -> None:
        """Leaves the model as it was loaded."""
        self._worn = (), ()
        self._undo.close()
        self._weights, self._taught = [], {}

    def weigh(self, weights: Sequence[float]) -> None:
        """How strongly each LoRA acts from now on, in the order of the choice; costs nothing."""
        self._weights[:] = weights

    @property
    def weights(self) -> tuple[float, ...]:
        """How strongly each LoRA acts."""
        return tuple(self._weights)

    def understood(self, prompt: str) -> str:
        """`prompt` with the words of embeddings as the text encoders were taught them."""
        return embeddings.replaced(prompt, self._taught)

    def _put_on(self, choice: ModelChoice) -> None:
        names = [name for name in ("text_encoder", "text_encoder_2") if hasattr(self._pipeline, name)]
        encoders = {name: getattr(self._pipeline, name) for name in names}
        found = lora.layers({"unet": self._pipeline.unet, **encoders}) if choice.loras else {}
        self._weights = [1.0] * len(choice.loras)
        for index, source in enumerate(choice.loras):
            pairs = lora.read_pairs(source.path, found)
            lora.put_on(pairs, index, self._weights, self._undo)
        widths = {name: encoder.get_input_embeddings().embedding_dim for name, encoder in encoders.items()}
        for number, (word, source) in enumerate(choice.embeddings):
            rows = embeddings.read_embedding(source.path, widths)
            self._taught[word.lower()] = embeddings.teach(self._pipeline, number, rows, self._undo)


def notices(settings: TakeSettings) -> list[str]:
    """Sentences for the user on LoRAs and embeddings that will not do what they are for with these `settings`."""
    sentences = []
    for lora_settings in settings.loras:
        name = "/".join(Path(lora_settings.file).parts[-2:])
        wanted = next((one[1:] for one in _SPEED if one[0].search(name.lower())), None)
        if wanted is None or lora_settings.weight == 0:
            continue
        scheduler, steps, guidance = wanted
        if settings.scheduler != scheduler or settings.steps > steps or settings.guidance > guidance:
            sentences.append(
                f"The LoRA {name} is made for few steps: set the scheduler to {scheduler}, steps to at most {steps} "
                f"and guidance to at most {guidance:g}"
            )
    sentences += [
        f"No prompt has the word '{one.word}', so the embedding {Path(one.file).name} does nothing"
        for one in settings.embeddings
        if all(embeddings.replaced(prompt, {one.word.lower(): ""}) == prompt for prompt in settings.prompts)
    ]
    return sentences
