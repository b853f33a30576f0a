"""The bundled scene, captured for the pictures of the documentation and of the panel."""

from pathlib import Path

from flowbrush.backend.blender import run_scene
from flowbrush.backend.shot import Shot
from flowbrush.backend.storage import make_folder


def capture_demo(work: Path, blender: str, options: list[str]) -> Shot:
    """The scene, made in `work` unless it is there, captured with the options of `scene capture`."""
    scene, folder = (work.absolute() / name for name in ("scene.blend", "shot"))
    make_folder(work)
    if not scene.exists():  # another file would be another capture
        run_scene(blender, ["demo-scene", str(scene)], print)
    run_scene(blender, ["capture", str(scene), str(folder), *options], print)
    return Shot.load(folder)
