"""Where the file of a LoRA may lie that another program's prompt names."""

from pathlib import Path

from ..take import TakeSettings

# Beside the model, and where A1111 and ComfyUI keep LoRAs beside the folder that has their models.
_FOLDERS = (".", "Lora", "loras", "../Lora", "../loras")


def find_lora(name: str, base: TakeSettings) -> Path | None:
    """The file of the LoRA `name` beside the LoRAs or the model of `base`; None where it is not."""
    if not name or len(name) > 200 or any(sign in name for sign in "/\\\0"):
        return None  # a name, not a way to somewhere else
    beside = Path(base.model).expanduser().parent if Path(base.model).is_absolute() else None
    folders = [Path(lora.file).parent for lora in base.loras]
    folders += [beside / folder for folder in _FOLDERS] if beside else []
    files = (folder / f"{name}.safetensors" for folder in folders)
    return next((file.resolve() for file in files if file.is_file()), None)
