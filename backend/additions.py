"""What a take adds to its model: LoRAs and embeddings, as settings."""

from dataclasses import dataclass
from pathlib import Path

from .parsing import Fields

MAX_ADDITIONS = 16
MAX_LORA_WEIGHT = 2.0


@dataclass(frozen=True)
class LoraSettings:
    """A LoRA.

    file: a safetensors file, or the folder in which diffusers keeps one. weight: how strongly it acts, -2 to 2; at 0
    the picture is the one without it, and weights of the same file add up.
    """

    file: str
    weight: float = 1.0

    @staticmethod
    def parse(given: Fields) -> "LoraSettings":
        """Checks the fields. Raises SettingsError."""
        weight = given.number("weight", -MAX_LORA_WEIGHT, MAX_LORA_WEIGHT, LoraSettings.weight)
        return LoraSettings(given.text("file"), weight)


@dataclass(frozen=True)
class EmbeddingSettings:
    """A textual inversion.

    file: a safetensors file. token: the word of the prompts that stands for it, whatever its case; empty: the file's
    name.
    """

    file: str
    token: str = ""

    @property
    def word(self) -> str:
        """What stands for it in prompts."""
        return self.token.strip() or Path(self.file).stem

    @staticmethod
    def parse(given: Fields) -> "EmbeddingSettings":
        """Checks the fields. Raises SettingsError."""
        return EmbeddingSettings(given.text("file"), given.text("token", EmbeddingSettings.token))
