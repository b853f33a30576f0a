"""Puts finished pictures on a scene's sequencer, and says what the user would otherwise be surprised by.

An image strip holds one picture a frame and has no rate of its own, so its length is exact at any frame rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

from ..backend.errors import Code, SceneError, ShotError
from ..backend.shot import Shot
from ..backend.take import Take
from . import compat
from .describe import frames_per_second, resolution

TAG = "flowbrush_source"  # custom property of a strip: which pictures it shows
TAG_FIRST = "flowbrush_first"  # the frame number of the strip's first picture
OF = "flowbrush_of"  # the name of the strip over which it lies as its restyled version
MAX_CHANNEL = 128  # Blender's own limit


@dataclass(frozen=True)
class Pictures:
    """A run of pictures, one a frame.

    tag: what tells them from others, the same whenever they are loaded again. size: width, height in pixels.
    """

    name: str
    tag: str
    size: tuple[int, int]
    first: int
    paths: tuple[Path, ...]

    @property
    def frames(self) -> range:
        """The frames that the pictures are for."""
        return range(self.first, self.first + len(self.paths))


def take_pictures(shot: Shot, take: Take) -> Pictures:
    """The finished frames of `take`. Raises ShotError(BAD_TAKE) when there are none, or frames missing in between."""
    frames = _unbroken(take.finished(shot), f"The take '{take.name}'", Code.BAD_TAKE)
    tag = f"{shot.name}/{take.name}"
    return Pictures(take.name, tag, shot.resolution, frames[0], tuple(map(take.frame_path, frames)))


def render_pictures(shot: Shot) -> Pictures:
    """The pictures that the shot was captured with. Raises ShotError(BAD_SHOT) when some are missing in between."""
    there = [frame for frame in shot.frame_numbers if shot.picture_path(frame).exists()]
    frames = _unbroken(there, f"The shot '{shot.name}'", Code.BAD_SHOT)
    return Pictures("Render", f"{shot.name}/", shot.resolution, frames[0], tuple(map(shot.picture_path, frames)))


def load_take(scene: bpy.types.Scene, shot: Shot, take: Take) -> list[str]:
    """Shows the finished frames of `take` on the sequencer of `scene`, at the frames of the shot, in the active strip.

    The strip goes on the lowest channel above everything that shares a frame with it. Nothing else is changed: no strip
    is muted or moved, and sound stays as it is. Loading the same take again updates its strip where the user left it,
    trimmed, moved or muted as it may be. A take that is not finished gives a strip of what there is. Returns sentences
    about what the user may not expect.

    Raises ShotError(BAD_TAKE) when nothing is finished or frames are missing in between, SceneError when no channel is
    free.
    """
    pictures = take_pictures(shot, take)
    notices = _what_render_does(scene) + _mismatches(scene, shot, pictures)
    if len(pictures.paths) < len(shot.frame_numbers):
        done = f"{len(pictures.paths)} of {len(shot.frame_numbers)} frames"
        notices.append(f"'{take.name}' has {done}: load it again when it is finished")
    strip = place(scene, pictures)
    scene.sequence_editor.active_strip = strip
    return notices + _around(scene, strip)


def place(scene: bpy.types.Scene, pictures: Pictures) -> Any:
    """The strip of `pictures`: the one that is there already, brought up to date, or a new one."""
    editor = scene.sequence_editor_create()
    strip = _existing(editor, pictures)
    if strip is None:
        strip = add(scene, pictures, free_channel(editor, pictures.frames))
        strip[TAG_FIRST] = pictures.first
    strip[TAG] = pictures.tag
    show(strip, pictures)
    moved = pictures.first - strip[TAG_FIRST]
    if moved:
        compat.move_strip(strip, compat.content_start(strip) + moved)
        strip[TAG_FIRST] = pictures.first
    compat.show_in_sequencer(scene)
    return strip


def add(scene: bpy.types.Scene, pictures: Pictures, channel: int, owner: Any = None) -> Any:
    """A new strip of `pictures`, which no later `place` finds again. owner: a meta strip that it goes into."""
    frame_size = (scene.render.resolution_x, scene.render.resolution_y)
    strip = compat.strips_of(owner or scene.sequence_editor_create()).new_image(
        name=pictures.name,
        filepath=str(pictures.paths[0]),
        channel=channel,
        frame_start=pictures.first,
        # One row or column more is what makes a movie's sides even; scaling for it would blur the picture.
        fit_method="ORIGINAL" if frame_size == even(pictures.size) else "FIT",
    )
    strip.blend_type = "ALPHA_OVER"
    show(strip, pictures)
    return strip


def show(strip: Any, pictures: Pictures) -> None:
    """Lets an image strip show `pictures` instead of what it shows; where it lies is left alone."""
    strip.directory = folder_text(pictures.paths[0].parent)
    for index, path in enumerate(pictures.paths):
        if index < len(strip.elements):
            strip.elements[index].filename = path.name
        else:
            strip.elements.append(path.name)
    while len(strip.elements) > len(pictures.paths):
        strip.elements.pop(index=-1)


def every_strip(owner: Any) -> Iterator[Any]:
    """All strips of a sequence editor or meta strip, those inside meta strips included."""
    for strip in compat.strips_of(owner):
        yield strip
        if strip.type == "META":
            yield from every_strip(strip)


def even(size: tuple[int, int]) -> tuple[int, int]:
    """`size` with each side made even, as H.264 needs it: a pixel more shows black, a pixel less would cut."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2


def colours_changed_by(scene: bpy.types.Scene) -> str:
    """What in the colour management of `scene` alters pictures on their way through its sequencer; empty if nothing."""
    view = scene.view_settings
    if view.view_transform != "Standard":
        return f"view transform {view.view_transform}"
    if view.look != "None":
        return f"look {view.look}"
    if view.exposure != 0.0 or view.gamma != 1.0:
        return "exposure and gamma"
    if view.use_curve_mapping:
        return "curves"
    return "white balance" if getattr(view, "use_white_balance", False) else ""


def show_colours_unchanged(scene: bpy.types.Scene) -> None:
    """Sets the colour management of `scene` so that its sequencer shows sRGB pictures as they are."""
    scene.display_settings.display_device = "sRGB"
    scene.sequencer_colorspace_settings.name = "sRGB"
    view = scene.view_settings
    view.view_transform, view.look, view.exposure, view.gamma = "Standard", "None", 0.0, 1.0
    view.use_curve_mapping = False
    if hasattr(view, "use_white_balance"):
        view.use_white_balance = False


def _unbroken(frames: list[int], what: str, code: Code) -> list[int]:
    if not frames:
        raise ShotError(code, f"{what} has no finished frame yet: nothing can be loaded")
    missing = sorted(set(range(frames[0], frames[-1] + 1)) - set(frames))
    if missing:
        raise ShotError(code, f"{what} lacks {_frame_list(missing)}: finish it, then load it again")
    return frames


def _frame_list(frames: list[int]) -> str:
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame == runs[-1][-1] + 1:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    named = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:5]]
    more = f" and {len(runs) - 5} more gaps" if len(runs) > 5 else ""
    return f"frame{'s' if len(frames) > 1 else ''} {', '.join(named)}{more}"


def _existing(editor: Any, pictures: Pictures) -> Any:
    for strip in every_strip(editor):
        if strip.type == "IMAGE" and strip.get(TAG) == pictures.tag and OF not in strip:
            folder = Path(bpy.path.abspath(strip.directory))
            # Two shots may have one name; a folder that is gone means that this shot was moved.
            if not folder.exists() or folder.samefile(pictures.paths[0].parent):
                return strip
    return None


def free_channel(editor: Any, frames: range, count: int = 1) -> int:
    """The lowest channel of `count` above everything that shares one of `frames`. Raises SceneError."""
    channel = 1 + max((strip.channel for strip in sharing(editor, frames)), default=0)
    if channel + count - 1 > MAX_CHANNEL:
        raise SceneError(
            Code.UNSUPPORTED_SCENE,
            f"All {MAX_CHANNEL} channels of the sequencer are taken: move strips down and try again",
        )
    return channel


def sharing(owner: Any, frames: range) -> list[Any]:
    """The strips at the own level of a sequence editor or meta strip that share one of `frames`."""
    spans = [(strip, compat.strip_span(strip)) for strip in compat.strips_of(owner)]
    return [strip for strip, span in spans if span.start < frames.stop and frames.start < span.stop]


def folder_text(folder: Path) -> str:
    """`folder` as a strip names it: relative to the file where that is saved."""
    whole = str(folder.absolute())
    if not bpy.data.filepath:
        return whole
    try:
        return bpy.path.relpath(whole)
    except ValueError:  # another drive of Windows
        return whole


def _what_render_does(scene: bpy.types.Scene) -> list[str]:
    if not scene.render.use_sequencer:
        return [
            "The scene renders without its sequencer: turn on Output > Post Processing > Sequencer to render the take"
        ]
    before = every_strip(scene.sequence_editor) if scene.sequence_editor else ()
    if any(strip.type != "SOUND" and not strip.mute for strip in before):
        return []
    return [
        "Rendering this scene now gives the sequencer's pictures: turn off Output > Post Processing > Sequencer "
        "to render the 3D view again"
    ]


def _mismatches(scene: bpy.types.Scene, shot: Shot, pictures: Pictures) -> list[str]:
    notices = []
    rate = Fraction(*frames_per_second(scene.render))
    if rate != shot.rate:
        notices.append(
            f"The scene plays at {_decimal(rate)} frames a second, the shot was captured at {_decimal(shot.rate)}: "
            "the take keeps its frames and plays at the scene's rate"
        )
    size = resolution(scene.render)
    if size not in (shot.resolution, even(shot.resolution)):
        of_take, of_scene = (f"{width}×{height}" for width, height in (shot.resolution, size))
        notices.append(f"The take has {of_take} pixels, the scene {of_scene}: it is scaled to fit")
    frames = pictures.frames
    if frames.start < scene.frame_start or frames.stop - 1 > scene.frame_end:
        notices.append(
            f"The take covers frames {frames.start} to {frames.stop - 1}, the scene renders only "
            f"{scene.frame_start} to {scene.frame_end}"
        )
    return notices + colour_notices(scene)


def colour_notices(scene: bpy.types.Scene) -> list[str]:
    """A sentence where the colour management of `scene` alters what was painted, else none."""
    changed = colours_changed_by(scene)
    return (
        [
            f"The scene's {changed} changes the take's colours in the sequencer: "
            "choose the view transform Standard with no other adjustment to see them as painted"
        ]
        if changed
        else []
    )


def _around(scene: bpy.types.Scene, strip: Any) -> list[str]:
    editor = scene.sequence_editor
    notices = []
    # Takes and the render lie above each other on purpose.
    others = [other for other in sharing(editor, compat.strip_span(strip)) if other.get(TAG) is None]
    seen = [other for other in others if other.type != "SOUND" and not other.mute]
    if below := [f"'{other.name}'" for other in seen if other.channel < strip.channel]:
        notices.append(f"'{strip.name}' lies above {', '.join(below)} and hides what they show")
    if strip.mute or editor.channels[strip.channel].mute:
        notices.append(f"'{strip.name}' or its channel {strip.channel} is muted, so that it is not seen")
    for workspace in compat.workspaces_showing_another(scene):
        notices.append(f"The workspace {workspace} shows another scene's strips: choose '{scene.name}' in its header")
    return notices


def _decimal(rate: Fraction) -> str:
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")
