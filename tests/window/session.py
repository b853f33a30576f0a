"""What happens in the window, told step by step. Run by Blender itself, see test_window:

blender --enable-event-simulate SCENE.blend --python session.py -- SCRIPT FOLDER BACKEND_PYTHON FRAMES
"""

import os
import signal
import sys
import webbrowser
from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parent))
from driver import Desk, Script, perform, running

MODULE = "bl_ext.user_default.flowbrush"
BACKEND = ""
FRAMES = 0


def job() -> bpy.types.PropertyGroup:
    """What the panel shows."""
    return bpy.context.window_manager.flowbrush


def modal(desk: Desk) -> list[str]:
    """The operators that run in the window."""
    return [operator.bl_idname for operator in desk.window.modal_operators]


def worker_pid() -> int:
    """The process id of the warm worker, 0 if there is none."""
    connection = sys.modules[f"{MODULE}.operators.worker"]._worker
    return connection.pid if connection is not None else 0


def lighten(scene: bpy.types.Scene) -> None:
    """Makes the scene short and quick to render, and possible to render where Blender has no denoiser, as Debian's."""
    scene.render.resolution_x = scene.render.resolution_y = 256
    scene.frame_end = FRAMES
    scene.flowbrush.samples = 4
    scene.cycles.use_denoising = False


def colour_the_view(scene: bpy.types.Scene) -> None:
    """Gives the quick viewport the colours that the render has."""
    for material in bpy.data.materials:
        if shader := material.node_tree and material.node_tree.nodes.get("Principled BSDF"):
            material.diffuse_color = shader.inputs["Base Color"].default_value
    scene.world.color = scene.world.node_tree.nodes["Background"].inputs["Color"].default_value[:3]
    for thing in bpy.context.selected_objects:
        thing.select_set(False)


def arrange(desk: Desk) -> Generator[float, None, None]:
    """A window as for this work: the 3D View with the tab, an Image Editor beside it, the sequencer below that."""
    bpy.context.preferences.view.show_splash = False
    bpy.context.preferences.system.use_region_overlap = False  # or the 3D View is drawn anew as the mouse moves
    lighten(bpy.context.scene)
    bpy.context.preferences.addons[MODULE].preferences.backend_python = BACKEND
    screen = desk.window.screen
    for kind in ("OUTLINER", "PROPERTIES"):
        with bpy.context.temp_override(window=desk.window, area=desk.area(kind)):
            bpy.ops.screen.area_close()
        yield 0.2
    for direction, factor, kind in (("VERTICAL", 0.6, "IMAGE_EDITOR"), ("HORIZONTAL", 0.4, "SEQUENCE_EDITOR")):
        area = desk.area("VIEW_3D") if kind == "IMAGE_EDITOR" else desk.area("IMAGE_EDITOR")
        known = {area.as_pointer() for area in screen.areas}
        with bpy.context.temp_override(window=desk.window, area=area):
            bpy.ops.screen.area_split(direction=direction, factor=factor)
        yield 0.2
        new = next(area for area in screen.areas if area.as_pointer() not in known)
        # The new area is the one to the left or below; the view stays left, the sequencer goes below.
        (area if kind == "IMAGE_EDITOR" and area.x > new.x else new).type = kind
        yield 0.2
    desk.area("SEQUENCE_EDITOR").spaces.active.view_type = "SEQUENCER_PREVIEW"
    view = desk.area("VIEW_3D").spaces.active
    view.show_region_ui = True
    view.region_3d.view_perspective = "CAMERA"
    view.shading.type, view.shading.color_type, view.shading.background_type = "SOLID", "TEXTURE", "WORLD"
    view.overlay.show_floor = view.overlay.show_cursor = False
    colour_the_view(bpy.context.scene)
    view.overlay.show_bones = view.overlay.show_extras = False
    yield 1.0
    desk.region("VIEW_3D", "UI").active_panel_category = "Flowbrush"
    desk.area("VIEW_3D").tag_redraw()
    yield 0.5


def begin(desk: Desk, operator: str, at: float = 0.01) -> Generator[float, None, None]:
    """Clicks on an operator's button, and waits until its job has made `at` that much progress."""
    yield from desk.click(operator)
    yield from desk.until(lambda: job().running or job().error, f"{operator} to start", 20)
    yield from desk.until(lambda: job().progress >= at or not job().running, f"{operator} to go on")
    if job().error:
        raise RuntimeError(f"{operator}: {job().error}")


def run(desk: Desk, operator: str, picture: str, at: float) -> Generator[float, None, None]:
    """Clicks on an operator's button, photographs it `at` that much progress, and waits for its end."""
    yield from begin(desk, operator, at)
    desk.found[f"{operator} runs"] = modal(desk)
    desk.photograph(picture)
    yield from desk.until(lambda: not job().running, f"{operator} to end")
    desk.found[operator] = {"error": job().error, "sentence": job().sentence}
    yield 0.5


def whole_way(desk: Desk) -> Script:
    """From a scene to a strip on the timeline, with the buttons alone."""
    yield from arrange(desk)
    scene = bpy.context.scene
    desk.photograph("1-scene")
    yield from choose_style(desk)
    yield from run(desk, "capture", "2-capturing", 0.3)
    desk.found["captured"] = scene.flowbrush.captured
    desk.found["dirty"] = bpy.data.is_dirty
    scene.frame_set(scene.frame_start + 2)
    yield from run(desk, "stylize_frame", "3-painting-a-frame", 0.0)
    image = bpy.data.images["Flowbrush"]
    desk.found["image"] = [*image.size, Path(image.filepath_from_user()).name]
    desk.found["shown"] = desk.area("IMAGE_EDITOR").spaces.active.image == image
    yield from show_whole(desk, "IMAGE_EDITOR")
    desk.photograph("4-a-frame")
    desk.found["worker"] = worker_pid()
    yield from run(desk, "stylize_animation", "5-painting-the-animation", 0.5)
    desk.found["same worker"] = worker_pid() == desk.found["worker"]
    lines = sys.modules[f"{MODULE}.properties.takes"].takes_of(scene).takes
    desk.found["listed"] = {line.name: [line.finished, line.wanted, line.icon > 0] for line in lines}
    yield from desk.click("load_into_sequencer")
    yield from desk.until(lambda: bool(scene.sequence_editor and all_strips(scene)), "the strip", 20)
    desk.found["strips"] = [(strip.type, strip.frame_final_start, strip.frame_final_end) for strip in all_strips(scene)]
    yield from show_whole(desk, "SEQUENCE_EDITOR")
    desk.photograph("6-on-the-timeline")
    yield from report(desk)
    yield from export(desk)
    yield from choose_class(desk)


def choose_style(desk: Desk) -> Generator[float, None, None]:
    """Clicks the second picture of the gallery, which opens below the chosen one's, and types an unknown word."""
    chosen = bpy.context.scene.flowbrush
    pictures, words = (sys.modules[f"{MODULE}.{name}"] for name in ("gallery", "backend.words"))
    styles = sys.modules[f"{MODULE}.properties.styles"].styles()
    names = list(styles)
    desk.found["pictures"] = len({pictures.icon(name) for name in names} - {0}) == len(names)
    x, y = yield from desk.find("style")
    yield from desk.click_at(x, y + 80)
    yield 1.0
    x = desk.region("VIEW_3D", "UI").x + 78 + 126
    desk.event("MOUSEMOVE", "NOTHING", x, y - 53)
    yield 0.5
    desk.photograph("1-styles")
    yield from desk.click_at(x, y - 53)
    yield 0.5
    desk.found["second style"] = [chosen.style == names[1], chosen.prompt == styles[names[1]].prompt]
    chosen.model = str(desk.folder / "little")
    Path(chosen.model).mkdir()
    words.Words(("ink", "cel", "watercolour", "dark"), ("a",)).write(Path(chosen.model))
    yield from desk.click("prompt")
    yield from desk.type("dark fox")
    desk.press("RET")
    yield 0.5
    desk.found["typed"] = [chosen.prompt, chosen.words]
    desk.photograph("1-unknown-word")
    chosen.style = names[0]


def in_view(desk: Desk) -> Any:
    """For operators that a user starts from the 3D View."""
    return bpy.context.temp_override(
        window=desk.window, area=desk.area("VIEW_3D"), region=desk.region("VIEW_3D", "WINDOW")
    )


def report(desk: Desk) -> Generator[float, None, None]:
    """Clicks on Report; a list stands in for the browser."""
    shown: list[str] = []
    browse, webbrowser.open = webbrowser.open, shown.append
    try:
        yield from run(desk, "report", "6-making-the-report", 0.3)
    finally:
        webbrowser.open = browse
    desk.found["shown pages"] = shown


def export(desk: Desk) -> Generator[float, None, None]:
    """Writes a condition of the captured shot; its panel is closed until a user opens it."""
    bpy.context.scene.flowbrush.export.conditions = {"depth"}
    with in_view(desk):
        bpy.ops.flowbrush.export_conditions("INVOKE_DEFAULT")
    yield from desk.until(lambda: not job().running, "the export")
    exported = Path(bpy.data.filepath).parent / "flowbrush" / Path(bpy.data.filepath).stem / "export"
    desk.found["exported"] = sorted(str(path.relative_to(exported)) for path in exported.glob("*/*.png"))


def choose_class(desk: Desk) -> Generator[float, None, None]:
    """Types the beginning of a class's name into the palette, and takes the first that it finds."""
    chips = sys.modules[f"{MODULE}.chips"]
    names = sys.modules[f"{MODULE}.backend.ade20k"].COLOURS
    desk.found["chips"] = len({chips.icon(name) for name in names})
    ball = bpy.data.objects["Ball"]
    bpy.context.view_layer.objects.active = ball
    with in_view(desk):
        bpy.ops.flowbrush.set_class("INVOKE_DEFAULT", target="OBJECT")
    yield 0.5
    yield from desk.type("playt")
    area = desk.area("VIEW_3D")
    desk.photograph("6-classes")
    for value in ("PRESS", "RELEASE"):
        desk.event("RET", value, area.x + 9, area.y + 9)
    yield 0.5
    desk.found["class"] = ball.get("ade20k")


def show_whole(desk: Desk, kind: str) -> Generator[float, None, None]:
    """Zooms an editor so that all it has to show can be seen."""
    calls = {
        "IMAGE_EDITOR": [("WINDOW", bpy.ops.image.view_all)],
        "SEQUENCE_EDITOR": [("WINDOW", bpy.ops.sequencer.view_all), ("PREVIEW", bpy.ops.sequencer.view_all_preview)],
    }
    for region, call in calls[kind]:
        with bpy.context.temp_override(window=desk.window, area=desk.area(kind), region=desk.region(kind, region)):
            call(**({"fit_view": True} if kind == "IMAGE_EDITOR" else {}))
        yield 1.0


def all_strips(scene: bpy.types.Scene) -> list:
    """The sequencer's strips, in any version of Blender."""
    editor = scene.sequence_editor
    return list(getattr(editor, "strips", None) or getattr(editor, "sequences", ()))


def cancelling(desk: Desk) -> Script:
    """Cancel by button and by Escape; what was finished stays, and the same job goes on from there."""
    yield from arrange(desk)
    scene = bpy.context.scene
    shot = Path(bpy.data.filepath).parent / "flowbrush" / Path(bpy.data.filepath).stem

    yield from begin(desk, "capture")
    yield from desk.click("cancel")
    yield from desk.until(lambda: not job().running, "Cancel to work", 20)
    desk.found["button"] = {"sentence": job().sentence, "error": job().error, "runs": modal(desk)}
    desk.photograph("7-cancelled")

    yield from run(desk, "capture", "8-capturing-again", 0.9)
    scene.flowbrush.method = "flow"  # whose first preview is a finished frame
    yield from begin(desk, "stylize_animation")
    desk.press("ESC")
    yield from desk.until(lambda: not job().running, "Escape to work", 20)
    frames = shot / "takes" / scene.flowbrush.take / "frames"
    before = {path.name: path.stat().st_mtime_ns for path in frames.glob("*.png")}
    desk.found["escape"] = {"sentence": job().sentence, "runs": modal(desk), "frames": len(before)}
    yield from run(desk, "stylize_animation", "9-going-on", 0.9)
    after = {path.name: path.stat().st_mtime_ns for path in frames.glob("*.png")}
    desk.found["resumed"] = {"frames": len(after), "kept": all(after[name] == at for name, at in before.items())}


def going_away(desk: Desk) -> Script:
    """A job is running when another file is opened, and again when the extension is disabled."""
    yield from arrange(desk)
    scene = bpy.context.scene
    for name in ("opened", "disabled"):
        lighten(scene)
        scene.flowbrush.use_custom_range = True
        scene.flowbrush.frame_start, scene.flowbrush.frame_end = 1, 500
        yield from begin(desk, "capture")
        stage = sys.modules[f"{MODULE}.operators.job"].running()._stages[0]
        pid = stage._connection.pid
        if name == "opened":
            bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath, load_ui=False)
            scene = bpy.context.scene
            yield 1.0
            desk.found["shown after opening"] = job().running
        else:
            bpy.ops.preferences.addon_disable(module=MODULE)
            yield 1.0
        desk.found[name] = {"alive": running(pid), "runs": modal(desk)}
    desk.photograph("10-disabled")


def killed(desk: Desk) -> Script:
    """Blender dies while the worker paints."""
    yield from arrange(desk)
    yield from run(desk, "capture", "11-before-the-end", 0.9)
    bpy.context.scene.flowbrush.method = "flow"  # whose first preview is a finished frame
    yield from begin(desk, "stylize_animation")
    desk.found["worker"] = worker_pid()
    desk.save()
    os.kill(os.getpid(), signal.SIGKILL)


def first_run(desk: Desk) -> Script:
    """What a newcomer meets: one panel, and the others once there is a backend."""
    yield from arrange(desk)
    chosen = bpy.context.preferences.addons[MODULE].preferences
    chosen.backend_python = ""
    bpy.context.preferences.system.use_online_access = False
    desk.area("VIEW_3D").tag_redraw()
    yield 2.0
    desk.photograph("0-first-run-offline")
    bpy.context.preferences.system.use_online_access = True
    desk.area("VIEW_3D").tag_redraw()
    yield 1.0
    desk.photograph("0-first-run")
    yield from desk.find("set_up_environment")
    try:
        yield from desk.find("capture")
    except LookupError as error:
        desk.found["capture"] = str(error)
    chosen.backend_python = BACKEND
    desk.area("VIEW_3D").tag_redraw()
    yield 1.0
    yield from desk.find("capture")


def refusals(desk: Desk) -> Script:
    """Errors as a person sees them: beside the button, in the panel, in the preferences."""
    yield from arrange(desk)
    scene = bpy.context.scene
    camera, scene.camera = scene.camera, None
    yield from desk.click("capture")
    yield 1.0
    desk.found["no camera"] = job().error
    desk.photograph("12-no-camera")
    desk.press("ESC")
    scene.camera = camera

    bpy.context.preferences.addons[MODULE].preferences.backend_python = "/nowhere/bin/python"
    yield from desk.click("stylize_frame")
    yield 1.0
    desk.found["environment missing"] = job().error
    desk.photograph("13-environment-missing")

    bpy.ops.screen.userpref_show(section="ADDONS")
    yield 1.0
    bpy.context.window_manager.addon_search = "Flowbrush"
    bpy.ops.preferences.addon_expand(module=MODULE)
    yield 1.5
    desk.photograph("14-preferences")


def from_footage(desk: Desk) -> Script:
    """From a movie's strip to a take above it, with the buttons of the sequencer's sidebar alone."""
    yield from arrange(desk)
    scene = bpy.context.scene
    editor = scene.sequence_editor_create()
    movie = str(desk.folder / "dance.mp4")
    strips = getattr(editor, "strips", None) or editor.sequences
    editor.active_strip = strips.new_movie(name="dance.mp4", filepath=movie, channel=1, frame_start=11)
    with bpy.context.temp_override(window=desk.window, area=desk.area("VIEW_3D")):
        bpy.ops.screen.area_close()
    yield 0.5
    desk.editor = "SEQUENCE_EDITOR"
    desk.area("SEQUENCE_EDITOR").spaces.active.show_region_ui = True
    yield 1.0
    desk.region("SEQUENCE_EDITOR", "UI").active_panel_category = "Flowbrush"
    scene.frame_set(12)
    yield 0.5
    yield from run(desk, "shot_from_strip", "15-making-a-shot", 0.0)
    desk.found["shot"] = [scene.flowbrush.shot_name, scene.flowbrush.captured]
    yield from desk.click("stylize_animation")
    yield from desk.until(lambda: bool(job().error), "the refusal", 30)
    desk.found["lacking"] = job().error
    yield 1.5  # the panel is drawn anew, with its buttons elsewhere
    yield from run(desk, "estimate_conditions", "16-estimating", 0.0)
    yield 1.5
    yield from run(desk, "stylize_animation", "17-painting-footage", 0.3)
    yield 1.5
    yield from desk.click("load_into_sequencer")
    yield from desk.until(lambda: len(all_strips(scene)) == 2, "the strip", 20)
    desk.found["strips"] = [(strip.type, strip.frame_final_start, strip.frame_final_end) for strip in all_strips(scene)]
    yield from show_whole(desk, "SEQUENCE_EDITOR")
    desk.photograph("18-footage-on-the-timeline")


def restyling(desk: Desk) -> Script:
    """A scene strip and a movie strip of another frame rate, restyled in place with one click, and undone."""
    yield from arrange(desk)
    knight = bpy.context.scene
    edit = bpy.data.scenes.new("Edit")
    edit.render.resolution_x = edit.render.resolution_y = 256
    edit.render.fps, edit.render.fps_base = 24, 1.001
    edit.view_settings.view_transform = "Standard"
    desk.window.scene = edit
    if hasattr(desk.window.workspace, "sequencer_scene"):
        desk.window.workspace.sequencer_scene = edit
    chosen = edit.flowbrush
    chosen.samples, chosen.method = 4, "per_frame"
    chosen.own_controls = True
    chosen.controls.add().name = "colour"  # which footage has without the footage extra
    editor = edit.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    scene_strip = strips.new_scene(name="knight", scene=knight, channel=1, frame_start=1)
    scene_strip.scene_camera = other = knight.camera.copy()
    other.name = "Other"
    knight.collection.objects.link(other)
    strips.new_movie(name="dance", filepath=str(desk.folder / "dance.mp4"), channel=1, frame_start=FRAMES + 1)
    for strip, length in ((strips["knight"], FRAMES), (strips["dance"], 5)):
        strip.frame_offset_start, strip.frame_offset_end, strip.select = 1, length - 3, True
    edit.frame_end = FRAMES + 5
    desk.area("VIEW_3D").type = desk.editor = "SEQUENCE_EDITOR"
    yield 0.5
    desk.area("SEQUENCE_EDITOR").spaces.active.view_type = "SEQUENCER_PREVIEW"
    desk.area("SEQUENCE_EDITOR").spaces.active.show_region_ui = True
    yield 1.0
    desk.region("SEQUENCE_EDITOR", "UI").active_panel_category = "Flowbrush"
    yield 0.5
    yield from show_whole(desk, "SEQUENCE_EDITOR")
    bpy.ops.ed.undo_push(message="Edit")
    yield from run(desk, "restyle_strip", "19-restyling", 0.5)
    edit.frame_set(2)
    area = desk.area("SEQUENCE_EDITOR")
    desk.event("MOUSEMOVE", "NOTHING", area.x + 99, area.y + 99)  # a button under the mouse is not drawn anew
    yield from show_whole(desk, "SEQUENCE_EDITOR")
    desk.found["strips"] = sorted(
        (strip.name, strip.channel, strip.frame_final_start, strip.frame_final_end) for strip in all_strips(edit)
    )
    desk.photograph("20-restyled")
    with bpy.context.temp_override(window=desk.window, area=desk.area("SEQUENCE_EDITOR")):
        bpy.ops.ed.undo()
    yield 1.0
    desk.found["undone"] = sorted(strip.name for strip in all_strips(bpy.data.scenes["Edit"]))


SCRIPTS = (first_run, whole_way, cancelling, going_away, killed, refusals, from_footage, restyling)

if __name__ == "__main__":
    name, folder, BACKEND, frames = sys.argv[sys.argv.index("--") + 1 :]
    FRAMES = int(frames)
    (chosen,) = [script for script in SCRIPTS if script.__name__ == name]
    perform(chosen, Desk(Path(folder)))
