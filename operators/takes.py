"""What can be done with the take that is chosen in the list: rate, restore, compare, show in a strip, remove."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty

from .. import preferences
from ..backend import takes
from ..backend.errors import FlowbrushError
from ..backend.take import Take
from ..properties import takes as take_list
from ..properties.next_step import free_name
from ..scene import compare, compat, retake, strips
from ..settings import apply_settings
from ..translations import reported, said
from . import job, refresh
from .capture import captured_shot

RENDER = "/"  # no take can have that name
_others: list[tuple[str, str, str]] = []


class TakeOperator(bpy.types.Operator):
    """Base of the operators that are about the take that is chosen in the list."""

    bl_options = {"REGISTER", "UNDO"}
    waits = True  # for the running job, which may be painting this take

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where nothing is chosen, and not while the take may be growing where that matters."""
        if take_list.chosen(context.scene) is None:
            cls.poll_message_set(said("The shot has no take yet: press Stylize Animation first, or Refresh"))
            return False
        if cls.waits and job.running() is not None:
            cls.poll_message_set(said("Wait for the running job, or cancel it"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Does it, and says so."""
        line = take_list.chosen(context.scene)
        assert line is not None, "see poll"
        try:
            sentence = self.act(context, line)
        except FlowbrushError as error:
            job.tell_error(self, context, error)
            return {"CANCELLED"}
        if sentence:
            job.tell_done(self, context, sentence)
        return {"FINISHED"}

    def act(self, context: bpy.types.Context, line: take_list.FlowbrushTake) -> str:
        """Acts on the take of `line`; gives a sentence for the user where it cannot be seen. Raises FlowbrushError."""
        raise NotImplementedError


class FLOWBRUSH_OT_rate_take(TakeOperator):
    """Give the take so many stars; press the last one that it has to take all of them away"""

    bl_idname = "flowbrush.rate_take"
    bl_label = "Rate Take"
    bl_options = {"INTERNAL"}
    waits = False

    stars: IntProperty(name="Stars", min=0, max=takes.MOST_STARS)

    def act(self, context: bpy.types.Context, line: take_list.FlowbrushTake) -> str:
        """Writes it beside the take."""
        stars = 0 if line.stars == self.stars else self.stars
        takes.rate(preferences.shot_folder(context.scene), line.name, stars)
        line.stars = stars
        return ""


class FLOWBRUSH_OT_new_take(bpy.types.Operator):
    """Give the next take a name of its own, so that other settings do not touch those that are finished"""

    bl_idname = "flowbrush.new_take"
    bl_label = "New Take"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """The next number that is free."""
        context.scene.flowbrush.take = free_name(context.scene)
        return {"FINISHED"}


class FLOWBRUSH_OT_restore_settings(TakeOperator):
    """Set style, prompts, method, regions and all else in the tab as they were when the take was made"""

    bl_idname = "flowbrush.restore_settings"
    bl_label = "Restore Settings"
    waits = False

    def act(self, context: bpy.types.Context, line: take_list.FlowbrushTake) -> str:
        """Reads them from the take."""
        take = Take.load(captured_shot(context.scene), line.name)
        for notice in apply_settings(context.scene, take.settings):
            self.report({"WARNING"}, reported(notice))
        return f"The settings are those of {take.name}"


class FLOWBRUSH_OT_swap_take(TakeOperator):
    """Puts another take into a strip in place."""

    bl_idname = "flowbrush.swap_take"
    bl_label = "Show in Active Strip"
    bl_description = (
        "Let the sequencer's active strip show this take instead of the one that it shows; "
        "its place, length, handles, speed and effects stay"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where a strip is active that shows a take."""
        if not super().poll(context):
            return False
        strip = _active_strip(context)
        if strip is None or strip.get(strips.TAG) is None:
            cls.poll_message_set(said("Click the strip of another take in the sequencer first"))
            return False
        return True

    def act(self, context: bpy.types.Context, line: take_list.FlowbrushTake) -> str:
        """Changes the strip."""
        strip = _active_strip(context)
        shot = captured_shot(context.scene)
        retake.swap(strip, shot, Take.load(shot, line.name))
        return f"The strip on channel {strip.channel} shows {line.name}"


def _what_else(_operator: bpy.types.Operator, context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
    _others.clear()  # Blender does not keep the texts of items that a function gives
    _others.append((RENDER, "Render", "The pictures that the shot was captured with"))
    known = take_list.takes_of(context.scene) if context else None
    if known is not None:
        names = [line.name for index, line in enumerate(known.takes) if index != known.active and line.finished]
        _others.extend((name, name, "Another take of this shot") for name in names)
    return _others


class FLOWBRUSH_OT_compare_takes(TakeOperator):
    """Put this take and another one, or the render, on the timeline with a border between them that can be moved"""

    bl_idname = "flowbrush.compare_takes"
    bl_label = "Compare Takes"

    other: EnumProperty(name="With", description="What is seen on the right", items=_what_else)

    def act(self, context: bpy.types.Context, line: take_list.FlowbrushTake) -> str:
        """Three strips above the others, instead of those of the last comparison."""
        shot = captured_shot(context.scene)
        left = strips.take_pictures(shot, Take.load(shot, line.name))
        right = strips.render_pictures(shot)
        if self.other != RENDER:
            right = strips.take_pictures(shot, Take.load(shot, self.other))
        compare.begin(context.scene, left, right)
        return f"{left.name} is on the left, {right.name} on the right: end the comparison before you render"


class FLOWBRUSH_OT_end_comparison(bpy.types.Operator):
    """Take the three strips of the comparison off the timeline; the takes stay"""

    bl_idname = "flowbrush.end_comparison"
    bl_label = "End Comparison"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where something is compared."""
        if not compare.runs(context.scene):
            cls.poll_message_set(said("Nothing is compared: choose a take, then Compare"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Removes them."""
        compare.end(context.scene)
        job.tell_done(self, context, "The comparison is off the timeline")
        return {"FINISHED"}


class FLOWBRUSH_OT_remove_take(TakeOperator):
    """Remove the take from the disk with all its frames, after asking. This cannot be undone"""

    bl_idname = "flowbrush.remove_take"
    bl_label = "Remove Take"
    bl_options = {"REGISTER"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Asks, and names the strips that would be left without pictures."""
        line = take_list.chosen(context.scene)
        assert line is not None, "see poll"
        asked = question(preferences.shot_folder(context.scene), line)
        outcome: set[str] = context.window_manager.invoke_confirm(
            self, event, title=said("Remove Take"), message=asked, confirm_text=said("Remove"), icon="WARNING"
        )
        return outcome

    def act(self, context: bpy.types.Context, line: take_list.FlowbrushTake) -> str:
        """Removes the folder; the list is read anew, also where it could not be."""
        name = line.name
        try:
            takes.remove(preferences.shot_folder(context.scene), name)
        finally:
            refresh.look(context.scene)
        return f"{name} is removed"


def question(shot: Path, line: take_list.FlowbrushTake) -> str:
    """What is asked before a take is removed."""
    frames = "its frame" if line.finished == 1 else f"its {line.finished} frames"
    text = said(f"'{line.name}' and {frames} are removed from the disk. This cannot be undone.")
    used = retake.strips_of_take(shot / "takes" / line.name)
    if used:
        named = ", ".join(f"'{name}'" for name in used[:5]) + (f" and {len(used) - 5} more" if len(used) > 5 else "")
        shown = f"It is shown by the strip {named}." if len(used) == 1 else f"It is shown by the strips {named}."
        text += f" {said(shown)}"
    return text


def _active_strip(context: bpy.types.Context) -> Any:
    editor = compat.sequencer_scene(context).sequence_editor
    return editor.active_strip if editor else None


CLASSES = (
    FLOWBRUSH_OT_new_take,
    FLOWBRUSH_OT_rate_take,
    FLOWBRUSH_OT_restore_settings,
    FLOWBRUSH_OT_swap_take,
    FLOWBRUSH_OT_compare_takes,
    FLOWBRUSH_OT_end_comparison,
    FLOWBRUSH_OT_remove_take,
)
