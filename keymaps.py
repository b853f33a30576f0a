"""Keys for what is pressed most often, beside Blender's own for rendering; users change them in the preferences."""

import bpy

PLACE = "Screen"  # where F12 is: in every editor
KEYS = (("flowbrush.stylize_frame", "F12"), ("flowbrush.next_step", "F11"))  # both with Ctrl and Shift

_added: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    """Adds them; a Blender without a window has no keys."""
    keyconfig = bpy.context.window_manager.keyconfigs.addon
    if keyconfig is None:
        return
    keymap = keyconfig.keymaps.new(PLACE)
    for operator, key in KEYS:
        _added.append((keymap, keymap.keymap_items.new(operator, key, "PRESS", ctrl=True, shift=True)))


def unregister() -> None:
    """Takes them away."""
    for keymap, item in _added:
        keymap.keymap_items.remove(item)
    _added.clear()
