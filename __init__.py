"""Flowbrush: stylized animation that stays on the surfaces.

Importable without bpy, because the worker and the command line import `flowbrush.backend` from this same folder.
"""


def register() -> None:
    """Adds Flowbrush to Blender."""
    from . import registration

    registration.register()


def unregister() -> None:
    """Removes from Blender all that `register` added."""
    from . import registration

    registration.unregister()
