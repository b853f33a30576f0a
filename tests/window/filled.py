"""The demo's scene as after a day's work: every list of the tab has lines, and every panel what it can show."""

import shutil
import sys
from pathlib import Path
from typing import Any

import bpy

MODULE = "bl_ext.user_default.flowbrush"
FRAMES = (1, 48)
PROMPT = "watercolour of a knight in a white tunic before a castle, wide brush strokes"
# Name, style, method, how many of its frames are finished, stars
TAKES = (
    ("take 1", "ink", "surface", 48, 4),
    ("cel with softer light", "cel", "flow", 48, 0),
    ("take 2", "watercolour", "surface", 31, 2),
)
KEYFRAMES = (1, 9, 17, 22, 30, 41)
ERRORS = {
    "no_environment": "The backend's Python does not run (/opt/flowbrush/bin/python): set up the backend, or choose "
    "another in the preferences",
    "out_of_memory": "The model and the picture do not fit into memory: render smaller, use fewer ControlNets, a lower "
    "precision or a smaller model, or close other programs",
}


def part(name: str) -> Any:
    """A module of the installed extension."""
    return sys.modules[f"{MODULE}.{name}"]


def write_pictures(style: str, paths: list[Path]) -> None:
    """The gallery's picture of `style` as PNG, under each of the names."""
    image = bpy.data.images.load(str(part("gallery").FOLDER / f"{style}.jpg"))
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    image.save(filepath=str(paths[0]))
    bpy.data.images.remove(image)
    image = bpy.data.images.load(str(paths[0]))
    image.file_format = "PNG"
    image.save()
    bpy.data.images.remove(image)
    for path in paths[1:]:
        shutil.copy(paths[0], path)


def fill_shot(scene: bpy.types.Scene) -> None:
    """A captured shot with takes: whole, unfinished, and one that cannot be read."""
    shots, takes = part("backend.shot"), part("backend.take")
    camera = shots.Camera("Camera", "PERSP", (0.0,) * 16, (0.0,) * 16)
    numbers = range(FRAMES[0], FRAMES[1] + 1)
    folder = part("preferences").shot_folder(scene)
    shot = shots.Shot(
        folder=folder, name=folder.name, scene=scene.name, blender="4.2.0", engine="CYCLES", view_layer="ViewLayer",
        fps=(24, 1), resolution=(256, 256), pixel_aspect=(1.0, 1.0), frames=FRAMES, near=1.0, far=9.0, cuts=(),
        cameras=dict.fromkeys(numbers, camera), objects=(), materials=(), passes={},
    )  # fmt: skip
    shot.save()
    write_pictures("gouache", [shot.picture_path(frame) for frame in numbers])
    for name, style, method, finished, stars in TAKES:
        settings = takes.TakeSettings(style=style, method=method, prompt=PROMPT)
        take = takes.Take.start(shot, name, settings, {})
        write_pictures(style, [take.frame_path(frame) for frame in numbers[:finished]])
        if method == "surface":
            write_pictures(style, [take.folder / "keyframes" / f"{frame:04d}.png" for frame in KEYFRAMES])
        part("backend.takes").rate(folder, name, stars)
    (shot.take_folder("damaged") / "frames").mkdir(parents=True)
    (shot.take_folder("damaged") / "take.json").write_text("{}", "utf-8")


def fill_queue(scene: bpy.types.Scene) -> None:
    """A take in every state."""
    queue, settings = part("backend.queue"), part("backend.take").TakeSettings(style="cel", prompt=PROMPT)
    folder = part("preferences").shot_folder(scene)
    for number, state in enumerate(queue.State, 1):
        if state is not queue.State.RUNNING:  # which none is whose Blender has ended
            sentence = ERRORS["out_of_memory"] if state is queue.State.FAILED else ""
            part("operators.queue").queue().add(queue.Item(folder, f"take {number}", settings, state, sentence))


def fill_tab(scene: bpy.types.Scene, folder: Path) -> None:
    """Conditions, regions, prompts at markers, what is added to the model, a model of the catalogue."""
    chosen = scene.flowbrush
    chosen.shot_name, chosen.style, chosen.prompt = "knight", "watercolour", PROMPT
    chosen.use_custom_range, (chosen.frame_start, chosen.frame_end) = True, FRAMES
    chosen.fill_controls(
        part("backend.take").ControlSettings(name) for name in ("depth", "lineart_grease_pencil", "openpose_faceonly")
    )
    for mask in ("Knight_*", "nobody", "knight"):
        bpy.ops.flowbrush.region_add()
        chosen.regions[-1].mask = mask
    for frame, prompt in ((12, "the same at dusk"), (30, "night, lanterns")):
        scene.frame_set(frame)
        bpy.ops.flowbrush.prompt_add()
        scene.timeline_markers[chosen.active_prompt].flowbrush.prompt = prompt
    scene.frame_set(9)
    for name in ("hyper-8-steps", "ink-wash-of-a-long-name"):
        chosen.loras.add().file = str(folder / f"{name}.safetensors")
    chosen.embeddings.add().file = str(folder / "easynegative.safetensors")
    chosen.paint = "Knight_*"
    chosen.model = "sd15"
    chosen.model_use.reference = str(folder / "reference.png")
    chosen.export.conditions = {"depth", "openpose"}
    scene.keyframe_insert("flowbrush.strength", frame=1)
    bpy.context.view_layer.objects.active = next(thing for thing in scene.objects if thing.type == "ARMATURE")


def fill_timeline(scene: bpy.types.Scene) -> None:
    """The first take on the timeline, in comparison with the second."""
    bpy.ops.flowbrush.load_into_sequencer(take=TAKES[0][0])
    known = part("properties.takes").takes_of(scene)
    known.active = known.takes.find(TAKES[0][0])
    bpy.ops.flowbrush.compare_takes(other=TAKES[1][0])


def show_pictures(scene: bpy.types.Scene) -> None:
    """A painted picture beside its render, in the Image Editor."""
    folder = part("preferences").shot_folder(scene)
    painted = folder / "takes" / TAKES[0][0] / "frames" / "0009.png"
    part("operators.picture").show(str(painted), part("backend.shot").Shot.load(folder).picture_path(9))


def progress() -> str:
    """What a job says of itself while it runs, put together as it does."""
    said = part("translations").said
    told = f"{said('Stylizing')}: {said('Keyframe 17 is done')}"
    return f"{told}, {said('3.2 s a keyframe, more than 4 min left')}"


def tell(**what: Any) -> None:
    """Writes what the panels show of a job."""
    told = bpy.context.window_manager.flowbrush
    for name, empty in {
        "running": False,
        "title": "",
        "sentence": "",
        "progress": 0.0,
        "error": "",
        "code": "",
    }.items():
        setattr(told, name, what.get(name, empty))
