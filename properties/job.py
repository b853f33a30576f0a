"""What a running job tells the panels."""

import bpy
from bpy.props import BoolProperty, FloatProperty, StringProperty


class FlowbrushJob(bpy.types.PropertyGroup):
    """How the running job is doing, or how the last one ended. Written by the operators, drawn by the panels."""

    running: BoolProperty(name="Running", options={"SKIP_SAVE"})
    title: StringProperty(name="Job", options={"SKIP_SAVE"})
    sentence: StringProperty(name="Status", options={"SKIP_SAVE"})
    progress: FloatProperty(name="Progress", min=0.0, max=1.0, subtype="FACTOR", options={"SKIP_SAVE"})
    error: StringProperty(name="Error", description="Why the last job did not finish", options={"SKIP_SAVE"})
    code: StringProperty(name="Error Code", options={"SKIP_SAVE"})
    environment: StringProperty(
        name="Backend", description="What the last check of the backend found", options={"SKIP_SAVE"}
    )
