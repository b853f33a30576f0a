"""The takes of every shot that was looked at, as panels list them.

They are kept in the window manager, because undo leaves that alone, as it does the disk. `operators.refresh` fills
them.
"""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, IntProperty, StringProperty

from .. import preferences, thumbnails
from ..backend.shot import Shot
from ..backend.take import TakeSettings
from ..languages import CONTEXT
from ..scene import compare

# What panels are drawn by without reading a file, as it was when last looked at
shots: dict[Path, Shot] = {}  # by their folders
made_with: dict[Path, TakeSettings] = {}  # the settings of takes, by the takes' folders


class FlowbrushTake(bpy.types.PropertyGroup):
    """What is shown of a take; its name is the take's."""

    folder: StringProperty(name="Folder")
    about: StringProperty(name="About", description="Its style and method")
    prompt: StringProperty(name="Prompt")
    finished: IntProperty(name="Finished", description="How many of its frames are done")
    wanted: IntProperty(name="Frames", description="How many frames it has when it is whole")
    stars: IntProperty(name="Stars", description="How many stars it was given, 0 for none")
    former: BoolProperty(name="Former", description="Whether it shows a former capture of the shot")
    problem: StringProperty(name="Problem", description="What of it cannot be read, or does not hold any more")
    keyframes: StringProperty(name="Keyframes", description="The frames that were painted for the others to take from")
    icon: IntProperty(name="Picture", get=lambda self: thumbnails.icon(self.folder))

    @property
    def keyframe_numbers(self) -> list[int]:
        """`keyframes` as numbers."""
        return [int(number) for number in self.keyframes.split()]


class FlowbrushTakeList(bpy.types.PropertyGroup):
    """What is known of the shot in the folder that is its name, and its takes."""

    first: IntProperty(name="First", description="The first frame of the shot")
    frames: IntProperty(name="Frames", description="How many frames the shot has; 0 where it is not captured")
    missing: IntProperty(name="Missing", description="How many of them are not captured")
    footage: BoolProperty(name="Footage", description="Whether the shot was made of a movie or of pictures")
    takes: CollectionProperty(type=FlowbrushTake)
    active: IntProperty(name="Take", description="The take that the buttons below are about")
    compares: BoolProperty(name="Compares", get=lambda _self: compare.runs(bpy.context.scene))
    border: FloatProperty(
        name="Border",
        translation_context=CONTEXT,
        description="Where the comparison changes from the take on the left to the one on the right",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        get=lambda _self: compare.border(bpy.context.scene),
        set=lambda _self, value: compare.move_border(bpy.context.scene, value),
    )


def takes_of(scene: bpy.types.Scene) -> FlowbrushTakeList | None:
    """The list of the shot of `scene`; None where that was not looked at."""
    return bpy.context.window_manager.flowbrush_takes.get(str(preferences.shot_folder(scene)))


def chosen(scene: bpy.types.Scene) -> FlowbrushTake | None:
    """The take of `scene` that is chosen in the list."""
    known = takes_of(scene)
    return known.takes[known.active] if known is not None and known.active < len(known.takes) else None
