"""The panel Prompts over Time: the markers of the timeline at which another prompt begins."""

import bpy

from .tab import FlowbrushPanel, draw_words, field_layout


class FLOWBRUSH_UL_prompts(bpy.types.UIList):
    """One prompt a line: its frame and its first words."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: bpy.types.AnyType,
        item: bpy.types.AnyType,
        icon: int,
        active_data: bpy.types.AnyType,
        active_property: str,
    ) -> None:
        """Both can be edited in the line itself."""
        layout.use_property_split = False
        split = layout.split(factor=0.3)
        split.prop(item, "frame", text="", emboss=False)
        split.prop(item.flowbrush, "prompt", text="", emboss=False, placeholder="Prompt")

    def filter_items(
        self, context: bpy.types.Context, data: bpy.types.AnyType, property: str
    ) -> tuple[list[int], list[int]]:
        """Only markers with a prompt, in the order of the timeline."""
        markers = list(getattr(data, property))
        shown = [self.bitflag_filter_item if marker.flowbrush.use else 0 for marker in markers]
        by_frame = sorted(range(len(markers)), key=lambda index: markers[index].frame)
        places = {index: place for place, index in enumerate(by_frame)}
        return shown, [places[index] for index in range(len(markers))]


class FLOWBRUSH_PT_prompts(FlowbrushPanel, bpy.types.Panel):
    """Where along the timeline another prompt begins."""

    bl_label = "Prompts over Time"
    bl_parent_id = "FLOWBRUSH_PT_style"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The list, and the fields of the active one."""
        layout = field_layout(self)
        scene = context.scene
        markers, active = scene.timeline_markers, scene.flowbrush.active_prompt
        if any(marker.flowbrush.use for marker in markers):
            row = layout.row()
            row.template_list(
                "FLOWBRUSH_UL_prompts", "", scene, "timeline_markers", scene.flowbrush, "active_prompt", rows=3
            )
            row.operator("flowbrush.prompt_remove", text="", icon="REMOVE")
            if active < len(markers) and markers[active].flowbrush.use:
                column = layout.column()
                column.prop(markers[active], "name", text="Marker")
                for name in ("prompt", "negative_prompt"):
                    column.prop(markers[active].flowbrush, name)
                draw_words(column, context, markers[active].flowbrush)
        layout.operator("flowbrush.prompt_add", icon="MARKER")


CLASSES = (FLOWBRUSH_UL_prompts, FLOWBRUSH_PT_prompts)
