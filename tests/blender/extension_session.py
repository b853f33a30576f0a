"""One session of Blender with the built extension installed, run by test_extension in a process of its own.

    python -I extension_session.py SCENARIO ZIP

The last line of standard output is what the scenario found, as JSON. BLENDER_USER_RESOURCES names a fresh folder.
"""

import json
import sys
import time
from array import array
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.flowbrush"


def install(archive: str) -> None:
    """Installs and enables the extension as a user does from a file."""
    bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)


def said(operator, **arguments) -> str:
    """What the user reads when `operator` refuses: the reason why it is grey, or its error."""
    try:
        outcome = operator(**arguments)
    except RuntimeError as error:
        return str(error).strip()
    return f"{sorted(outcome)}"


def ours() -> dict[str, list[str]]:
    """All that carries Flowbrush's name in this Blender."""
    handlers = [
        f"{name}: {getattr(handler, '__module__', '')}"
        for name in dir(bpy.app.handlers)
        if isinstance(getattr(bpy.app.handlers, name), list)
        for handler in getattr(bpy.app.handlers, name)
    ]
    modules = [addon.module for addon in bpy.context.preferences.addons]
    drawn = [
        f"{name}: {function.__module__}"
        for name in dir(bpy.types)
        if hasattr(getattr(bpy.types, name), "draw")
        for function in getattr(getattr(bpy.types, name).draw, "_draw_funcs", ())
    ]
    keys = [
        f"{keymap.name}: {item.idname}"
        for keyconfig in bpy.context.window_manager.keyconfigs
        for keymap in keyconfig.keymaps
        for item in keymap.keymap_items
    ]
    return {
        "types": [name for name in dir(bpy.types) if "flowbrush" in name.lower()],
        "operators": dir(bpy.ops.flowbrush),
        "properties": [
            f"{owner.__name__}.{name}"
            for owner in (bpy.types.Scene, bpy.types.Object, bpy.types.TimelineMarker, bpy.types.WindowManager)
            for name in (known.identifier for known in owner.bl_rna.properties)
            if "flowbrush" in name
        ],
        "handlers": [handler for handler in handlers if "flowbrush" in handler],
        "drawn": [entry for entry in drawn if "flowbrush" in entry],
        "keys": [key for key in keys if "flowbrush" in key],
        "manual": [hook.__module__ for hook in bpy.utils._manual_map if "flowbrush" in hook.__module__],
        "enabled": [module for module in modules if "flowbrush" in module],
    }


def enable_and_disable(archive: str) -> dict:
    """What register() adds, and what is left after unregister()."""
    import addon_utils

    before = ours()
    install(archive)
    enabled = ours()
    addon_utils.disable(MODULE, default_set=True)
    disabled = ours()
    bpy.ops.preferences.addon_enable(module=MODULE)
    again = ours()
    bpy.ops.preferences.addon_disable(module=MODULE)
    return {"before": before, "enabled": enabled, "disabled": disabled, "again": again, "last": ours()}


def refusals(archive: str) -> dict:
    """What a user reads in the cases that are bound to happen."""
    install(archive)
    flowbrush = bpy.ops.flowbrush
    preferences = bpy.context.preferences.addons[MODULE].preferences
    scene = bpy.context.scene
    shown = bpy.context.window_manager.flowbrush
    found = {"cancel": said(flowbrush.cancel)}

    camera, scene.camera = scene.camera, None
    found["no camera"] = said(flowbrush.capture)
    found["no camera, in the panel"] = shown.error
    found["no camera, frame"] = said(flowbrush.stylize_frame)
    scene.camera = camera

    scene.flowbrush.use_custom_range = True
    scene.flowbrush.frame_start, scene.flowbrush.frame_end = 10, 9
    found["empty range"] = said(flowbrush.capture)
    scene.flowbrush.use_custom_range = False

    found["not captured"] = said(flowbrush.stylize_animation)
    found["nothing to load"] = said(flowbrush.load_into_sequencer)
    found["nothing to report"] = said(flowbrush.report)

    found["environment missing"] = said(flowbrush.check_environment)
    found["environment missing, in the preferences"] = shown.environment
    preferences.backend_python = "/nowhere/python"
    found["other environment missing"] = said(flowbrush.check_environment)
    found["own python and set up"] = said(flowbrush.set_up_environment)
    preferences.backend_python = ""
    bpy.context.preferences.system.use_online_access = False
    found["offline and set up"] = said(flowbrush.set_up_environment)

    occupied = Path(archive).with_name("occupied")
    occupied.write_text("a file where a folder should be")
    preferences.shots_folder = str(occupied)
    found["not writable"] = said(flowbrush.capture)
    return found


def small_scene(folder: Path) -> bpy.types.Scene:
    """The cube of Blender's first scene, three small frames, in a saved file with a change that is not saved."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = 64, 48
    scene.frame_start, scene.frame_end = 1, 3
    scene.flowbrush.samples = 1
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "cube.blend"))
    scene.frame_end = 2
    return scene


def capture(archive: str) -> dict:
    """Capture to its end, then Stylize Frame without an environment: an error that the user can read."""
    install(archive)
    folder = Path(archive).parent
    scene = small_scene(folder)
    shown = bpy.context.window_manager.flowbrush
    found = {"outcome": said(bpy.ops.flowbrush.capture), "captured": scene.flowbrush.captured}
    shot = folder / "flowbrush" / "cube"
    for part in ("passes", "pictures"):
        found[part] = sorted(path.name for path in (shot / part).iterdir())
    found["file"] = Path(bpy.data.filepath).name
    found["environment missing"] = said(bpy.ops.flowbrush.stylize_frame)
    found["in the panel"] = shown.error
    found["running"] = shown.running
    return found


def cancel(archive: str) -> dict:
    """A capture that is cancelled half-way, one that is given up with the extension, and what they leave behind."""
    import importlib
    import tempfile

    install(archive)
    folder = Path(archive).parent
    tempfile.tempdir = str(folder / "temporary")
    Path(tempfile.tempdir).mkdir()
    scene = small_scene(folder)
    scene.frame_end = 200
    operators = importlib.import_module(f"{MODULE}.operators.capture")
    jobs = importlib.import_module(f"{MODULE}.operators.job")

    def begin():
        stage = operators.CaptureStage(operators.order_for(scene, (1, 200), "flow"), folder / "shot")
        job = jobs.Job("Capture", [stage], lambda _message: "")
        limit = time.monotonic() + 120
        while job.progress == 0 and job.step() == "running" and time.monotonic() < limit:
            time.sleep(0.05)
        return job, stage

    job, stage = begin()
    found = {"progress": job.progress, "before": job.state}
    job.cancel()
    steps = 0
    while job.step() == "running" and steps < 100:
        time.sleep(0.1)
        steps += 1
    found |= {"state": job.state, "sentence": job.sentence, "alive": stage._connection.alive}
    frames = {path: path.stat().st_mtime_ns for path in (folder / "shot").glob("p*/[0-9]*")}
    found["frames"] = sum(path.suffix == ".exr" for path in frames)

    job, stage = begin()  # on a copy that was saved anew
    found["kept"] = all(path.exists() and path.stat().st_mtime_ns == time for path, time in frames.items())
    job.abandon()
    found |= {"given up": job.state, "alive after giving up": stage._connection.alive}
    found["temporary"] = [path.name for path in Path(tempfile.tempdir).glob("flowbrush-*")]
    return found


def classes(archive: str) -> dict:
    """Objects and collections get their classes through the operator, and what is to be exported is captured."""
    import importlib

    install(archive)
    chips = importlib.import_module(f"{MODULE}.chips")
    capturing = importlib.import_module(f"{MODULE}.operators.capture")
    table = importlib.import_module(f"{MODULE}.backend.ade20k").COLOURS
    needs = importlib.import_module(f"{MODULE}.backend.needs")
    scene, cube = bpy.context.scene, bpy.data.objects["Cube"]
    # Icons have numbers in a window only; their colours can be looked at here.
    shown = {name: [round(255 * part) for part in chips._icons[name].icon_pixels_float[:4]] for name in ("", *table)}
    found = {
        "classes": len(table),
        "colours": shown == {"": [0, 0, 0, 255], **{n: [*c, 255] for n, c in table.items()}},
    }
    found["set"] = said(bpy.ops.flowbrush.set_class, target="OBJECT", category="person")
    found["object"] = cube.get("ade20k")
    said(bpy.ops.flowbrush.set_class, target="COLLECTION", category="traffic light")
    found["collection"] = bpy.context.collection.get("ade20k")
    found["removed"] = said(bpy.ops.flowbrush.set_class, target="OBJECT", category="NONE")
    found["object afterwards"] = cube.get("ade20k")

    export = scene.flowbrush.export
    found["nothing chosen"] = said(bpy.ops.flowbrush.export_conditions)
    export.conditions = set(needs.CONDITIONS)
    found["chosen"] = sorted(set(needs.CONDITIONS) - export.conditions)
    export.conditions = {"normal", "lineart_freestyle"}
    before = capturing.needed_for(scene, "per_frame")
    found["captured"] = "normal" in before[0] and before[1] == ("lineart_freestyle",)
    found["not captured"] = said(bpy.ops.flowbrush.export_conditions)
    return found


def styles(archive: str) -> dict:
    """Every style has a picture, and is chosen in the scene and in a region as before; unknown words are told."""
    import importlib

    install(archive)
    gallery = importlib.import_module(f"{MODULE}.gallery")
    known = importlib.import_module(f"{MODULE}.properties.styles").styles()
    words = importlib.import_module(f"{MODULE}.backend.words")
    chosen = bpy.context.scene.flowbrush
    found = {
        "styles": list(known),
        "first": chosen.style,
        "sizes": {name: list(gallery._pictures[name].image_size) for name in sorted(gallery._pictures)},
        "bytes": [path.stat().st_size for path in gallery.FOLDER.iterdir()],
    }
    bpy.ops.flowbrush.region_add()
    found["region's first"] = chosen.regions[0].style
    for owner in (chosen, chosen.regions[0]):
        for name, style in known.items():
            owner.style = name
            assert (owner.style, owner.prompt, owner.negative_prompt) == (name, style.prompt, style.negative_prompt)
    try:
        chosen.style = "fresco"
    except TypeError as error:
        found["no style"] = str(error)
    chosen.style = found["styles"][1]
    bpy.ops.wm.save_as_mainfile(filepath=str(Path(archive).with_name("styles.blend")))
    copy = str(Path(archive).with_name("copy.blend"))
    bpy.ops.wm.save_as_mainfile(filepath=copy, copy=True)
    with bpy.data.libraries.load(copy) as (stored, wanted):
        wanted.scenes = stored.scenes
    found["stored"] = wanted.scenes[0].flowbrush.style
    # Buttons keep numbers as floats.
    items = importlib.import_module(f"{MODULE}.properties.styles").items(chosen, bpy.context)
    found["numbers"] = [item[-1] == int(array("f", [item[-1]])[0]) for item in items]

    model = Path(archive).with_name("little")
    model.mkdir()
    words.Words(("ink", "dark"), ("a",)).write(model)
    chosen.model, chosen.prompt, chosen.negative_prompt = "//little", "A fox, INK", "blurry"
    chosen.regions[0].prompt, chosen.regions[0].negative_prompt = "a dark ink", ""
    found["words"] = [chosen.words, chosen.regions[0].words]
    chosen.model = "/nowhere"
    found["words of no model"] = chosen.words
    bpy.ops.preferences.addon_disable(module=MODULE)
    found["icon afterwards"] = gallery.icon("ink")
    return found


SCENARIOS = (enable_and_disable, refusals, capture, cancel, classes, styles)

if __name__ == "__main__":
    name, archive = sys.argv[1:]
    (chosen,) = [scenario for scenario in SCENARIOS if scenario.__name__ == name]
    print(json.dumps(chosen(archive)))
