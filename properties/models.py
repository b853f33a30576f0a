"""The models that can be chosen, and how the scene's own stands: what the panel Model and its operators read.

The catalogue and the models folder are read anew when the folder has changed; drawing asks for no more than that.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import bpy

from .. import preferences
from ..backend.errors import FlowbrushError, ModelError
from ..backend.models import catalogue, installed
from ..backend.needs import CONDITIONS, need
from .control import title_of

STARTER = "starter"
KINDS = {
    "model": "Models",
    "lora": "LoRA",
    "embedding": "Embeddings",
    "vae": "VAE",
}  # what can be chosen, in the menu's words
FAMILIES = catalogue.FAMILIES
COMMERCIAL = {
    "yes": "Commercial use allowed",
    "conditions": "Commercial use allowed, under conditions",
    "no": "No commercial use",
    "unclear": "Commercial use not cleared",
}


@dataclass(frozen=True)
class Known:
    """All entries of the catalogue, what of it is in the models folder, and which licences are agreed to.

    problem: why the user's own catalogue cannot be read; the one that comes along is then used.
    """

    entries: dict[str, catalogue.Entry]
    there: dict[str, installed.Installed]
    agreed: frozenset[str]
    problem: str = ""

    def with_needs(self, names: tuple[str, ...]) -> list[catalogue.Entry]:
        """The entries of these ids and what they need, each once, that are not there."""
        every = [one for name in names for one in catalogue.with_needs(self.entries[name], self.entries)]
        return list({one.id: one for one in every if one.id not in self.there}.values())


@dataclass(frozen=True)
class Condition:
    """Whether a condition of the scene finds its ControlNet. entry: the one that can be downloaded for it, or ''."""

    title: str
    found: bool
    entry: str = ""


def known() -> Known:
    """The models, as the folder says them now."""
    folder = preferences.models_folder()
    return _read(folder, _changed(folder))


@lru_cache(maxsize=1)
def _read(folder: Path, _changed: int) -> Known:
    try:
        entries, problem = installed.catalogue(folder), ""
    except ModelError as error:
        entries, problem = catalogue.load_catalogue(), str(error)
    return Known(entries, installed.listed(folder), frozenset(installed.agreed(folder)), problem)


def size_of(entries: list[catalogue.Entry]) -> str:
    """How large these are together, as far as it is known."""
    size = sum(entry.megabytes for entry in entries)
    unknown = sum(not entry.megabytes for entry in entries)
    shown = f"{size / 1000:.1f} GB" if size >= 1000 else f"{size} MB"
    if not unknown:
        return shown
    return f"more than {shown}" if size else "size told when it begins"


def title_of_model(setting: str) -> str:
    """What the setting `model` is called."""
    if setting == STARTER:
        return "Starter"
    entry = known().entries.get(setting)
    return entry.name if entry else Path(setting).name or "None"


def conditions_of(scene: bpy.types.Scene) -> list[Condition]:
    """How the conditions in use find their ControlNets; empty for the starter, which brings them."""
    chosen = scene.flowbrush
    setting = chosen.model.strip()
    if setting == STARTER:
        return []
    now = known()
    try:
        controls = chosen.control_settings
    except FlowbrushError:  # said in the panel Style
        return []
    path = Path(bpy.path.abspath(setting))
    family = now.entries[setting].family if setting in now.entries else _family(path, _changed(path))
    found = []
    for control in controls:
        if control.condition not in CONDITIONS:
            continue
        network, title = need(control.condition).network, title_of(control.condition)
        if (
            control.model
            or _lies_with(path, network)
            or any(one.family == family and network in one.networks for one in now.there.values())
        ):
            found.append(Condition(title, found=True))
        else:
            fits = catalogue.controlnet(now.entries, family, network)
            found.append(Condition(title, found=False, entry=fits.id if fits else ""))
    return found


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):  # not there, or with signs that no path has
        return 0


@lru_cache(maxsize=16)
def _family(path: Path, _changed: int) -> str:
    return installed.family_of(path)


def _lies_with(path: Path, network: str) -> bool:
    return _changed(path / "controlnets" / network) != 0
