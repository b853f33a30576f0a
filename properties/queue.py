"""The queue as panels list it. It is kept in the window manager, as the takes are; `operators.queue` fills it."""

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, StringProperty

STATES = (
    ("waiting", "Waiting", "It is painted when those above it are"),
    ("running", "Running", "It is being painted"),
    ("paused", "Paused", "Some of its frames are painted; Start goes on with the next one"),
    ("done", "Done", "All of its frames are painted"),
    ("failed", "Failed", "It could not be painted"),
)


class FlowbrushQueueItem(bpy.types.PropertyGroup):
    """What is shown of a take that is to be painted; its name is the item's id."""

    title: StringProperty(name="Take", description="The shot, and the take that is to be painted of it")
    folder: StringProperty(name="Shot", description="The folder of the shot")
    about: StringProperty(name="About", description="Its style and method")
    prompt: StringProperty(name="Prompt")
    capture: StringProperty(name="Capture", description="What of the shot is captured before")
    state: EnumProperty(name="State", items=STATES)
    sentence: StringProperty(name="Problem", description="Why it failed")


class FlowbrushQueue(bpy.types.PropertyGroup):
    """The queue of this user."""

    entries: CollectionProperty(type=FlowbrushQueueItem)
    active: IntProperty(name="Item", description="The take that the buttons beside the list are about")
    runs: BoolProperty(name="Runs", description="This Blender paints what waits")
    elsewhere: BoolProperty(name="Runs Elsewhere", description="Another Blender paints what waits")
    problem: StringProperty(name="Problem", description="Why the queue cannot be read")


def chosen() -> FlowbrushQueueItem | None:
    """The item that is chosen in the list."""
    known = bpy.context.window_manager.flowbrush_queue
    return known.entries[known.active] if known.active < len(known.entries) else None
