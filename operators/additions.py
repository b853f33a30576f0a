"""The lists of LoRAs and embeddings: adding files to them and removing them."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import CollectionProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..backend.additions import MAX_ADDITIONS
from ..scene import keyed_lists
from ..translations import said


class AddFiles(ImportHelper):
    """Base of the operators that add what the user chooses in a file browser."""

    bl_options = {"REGISTER", "UNDO"}
    filename_ext = ".safetensors"
    kind: str  # of the list, as the settings call it

    filter_glob: StringProperty(default="*.safetensors", options={"HIDDEN"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not more than a take can have."""
        if len(getattr(context.scene.flowbrush, cls.kind)) >= MAX_ADDITIONS:
            cls.poll_message_set(said(f"{MAX_ADDITIONS} are the most that a take can have: remove one first"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds each, as far as there is room."""
        chosen = context.scene.flowbrush
        additions: Any = getattr(chosen, self.kind)
        folder = Path(self.filepath).parent
        for name in [file.name for file in self.files] or [Path(self.filepath).name]:
            if len(additions) < MAX_ADDITIONS:
                additions.add().file = str(folder / name)
        setattr(chosen, f"active_{self.kind}", len(additions) - 1)
        return {"FINISHED"}


class Remove(bpy.types.Operator):
    """Base of the operators that remove the active one of a list."""

    bl_options = {"REGISTER", "UNDO"}
    kind: str

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where none is active."""
        chosen = context.scene.flowbrush
        if getattr(chosen, f"active_{cls.kind}") >= len(getattr(chosen, cls.kind)):
            cls.poll_message_set(said("Nothing is in this list"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """The one below it becomes active."""
        chosen = context.scene.flowbrush
        active = getattr(chosen, f"active_{self.kind}")
        keyed_lists.remove(chosen, self.kind, active)
        setattr(chosen, f"active_{self.kind}", max(0, min(active, len(getattr(chosen, self.kind)) - 1)))
        return {"FINISHED"}


class FLOWBRUSH_OT_lora_add(AddFiles, bpy.types.Operator):
    """Add LoRAs: small files that teach the model a style, a figure or to paint in few steps"""

    bl_idname = "flowbrush.lora_add"
    bl_label = "Add LoRA"
    kind = "loras"


class FLOWBRUSH_OT_lora_remove(Remove):
    """Remove the active LoRA from the list; its file stays"""

    bl_idname = "flowbrush.lora_remove"
    bl_label = "Remove LoRA"
    kind = "loras"


class FLOWBRUSH_OT_embedding_add(AddFiles, bpy.types.Operator):
    """Add embeddings (textual inversions): small files that teach the model a word"""

    bl_idname = "flowbrush.embedding_add"
    bl_label = "Add Embedding"
    kind = "embeddings"


class FLOWBRUSH_OT_embedding_remove(Remove):
    """Remove the active embedding from the list; its file stays"""

    bl_idname = "flowbrush.embedding_remove"
    bl_label = "Remove Embedding"
    kind = "embeddings"


CLASSES = (
    FLOWBRUSH_OT_lora_add,
    FLOWBRUSH_OT_lora_remove,
    FLOWBRUSH_OT_embedding_add,
    FLOWBRUSH_OT_embedding_remove,
)
