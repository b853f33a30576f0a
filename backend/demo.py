"""The whole way on the bundled scene: Blender scene, shot, two takes, an edit, a movie and a contact sheet."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from .blender import run_scene
from .needs import needed
from .passes.exr import read_picture
from .quality.contact_sheet import contact_sheet, read_frame
from .quality.flicker import warping_error
from .shot import Shot
from .storage import make_folder
from .stylize import stylize
from .take import Take, style_settings

SHOWN = ("per_frame", "surface")
STYLE = "ink"


def run_demo(folder: Path, frames: int, blender: str) -> None:
    """Leaves everything in `folder` and prints where it is and how long each part took.

    Goes on where an earlier run was stopped. Raises any FlowbrushError.
    """
    folder = make_folder(folder.absolute())
    scene, shot_folder, edit = folder / "scene.blend", folder / "shot", folder / "edit.blend"
    movie, sheet = folder / "comparison.mp4", folder / "contact_sheet.png"
    times: dict[str, float] = {}

    with _timed("scene", times):
        if not scene.exists():  # another file would be another capture
            run_scene(blender, ["demo-scene", str(scene)], print)
    passes, _ = needed("surface", (control.condition for control in style_settings(STYLE).controls))
    with _timed("capture", times):
        wanted = ["--frames", "1", str(frames), "--passes", *passes]
        run_scene(blender, ["capture", str(scene), str(shot_folder), *wanted], print)
    shot = Shot.load(shot_folder)
    for method in SHOWN:
        settings = replace(style_settings(STYLE), method=method)
        with _timed(f"stylize, {method}", times):
            for done in stylize(shot, method, settings, print, lambda: False, replace_other=True):
                print(f"{method}: frame {done.frame}, {done.done}/{done.total}, {done.seconds:.1f} s", flush=True)
    with _timed("edit", times):
        takes = [word for method in SHOWN for word in ("--take", method)]
        run_scene(blender, ["sequence", str(shot_folder), str(edit), *takes, "--source", str(scene)], print)
    with _timed("movie", times):
        run_scene(blender, ["comparison", str(shot_folder), str(movie), *takes], print)
    with _timed("contact sheet, flicker", times):
        finished = [Take.load(shot, method) for method in SHOWN]
        contact_sheet(shot, finished, sheet)
        flicker = {"render": warping_error(shot, shot.frame_numbers, partial(read_picture, shot))}
        for take in finished:
            flicker[take.name] = warping_error(shot, shot.frame_numbers, partial(read_frame, take))

    width, height = shot.resolution
    print(f"\n{frames} frames at {width}x{height}")
    for part, seconds in times.items():
        print(f"  {part:<24}{seconds:7.1f} s")
    print(f"  {'together':<24}{sum(times.values()):7.1f} s")
    print("Flicker (warping error against the frame before, 0 to 255; less is steadier)")
    for name, error in flicker.items():
        print(f"  {name:<24}{error:7.2f}")
    print("Where everything is")
    for what, path in {
        "scene": scene,
        "shot": shot_folder,
        **{f"take {take.name}": take.folder for take in finished},
        "edit, opens in Blender": edit,
        "side by side": movie,
        "contact sheet": sheet,
    }.items():
        print(f"  {what:<24}{path}")


@contextmanager
def _timed(part: str, times: dict[str, float]) -> Iterator[None]:
    print(f"== {part}", flush=True)
    began = time.monotonic()
    yield
    times[part] = time.monotonic() - began
