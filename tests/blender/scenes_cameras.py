"""What cameras do, each a change to the stage's camera; see `test_scenes_cameras`."""

import math
from collections.abc import Callable

import bpy
from blender import scenes
from blender.stage import link


def moving_lens(camera: bpy.types.Object) -> None:
    """Zoom and shift at once."""
    scenes.key_every_frame(camera.data, "lens", lambda f: 30 + 0.2 * f * f)
    scenes.key_every_frame(camera.data, "shift_x", lambda f: 0.002 * f * f - 0.05)
    scenes.key_every_frame(camera.data, "shift_y", lambda f: 0.02 - 0.0009 * f * f)


def orthographic(camera: bpy.types.Object) -> None:
    """Zooms and stands still; what moves is in front of it."""
    camera.animation_data_clear()
    camera.location, camera.rotation_euler = (0.3, -5.2, 1.8), (math.radians(85), 0.0, 0.1)
    camera.data.type = "ORTHO"
    scenes.key_every_frame(camera.data, "ortho_scale", lambda f: 7 - 0.03 * f * f)


def scaled_and_mirrored(camera: bpy.types.Object) -> None:
    camera.scale = (-2.0, 0.5, 3.0)


def on_a_crooked_parent(camera: bpy.types.Object) -> None:
    """Scaled differently along each axis and turned: the camera is sheared."""
    parent = link("Crooked", None)
    parent.scale = (1.0, 1.6, 0.8)
    camera.parent = parent


def carried_by_constraints(camera: bpy.types.Object) -> None:
    """No key on the camera itself: it rides on one object and looks at another, through a driver on its lens."""
    camera.animation_data_clear()
    rail, target = link("Rail", None), link("Target", None)
    scenes.key_every_frame(rail, "location", lambda f: (-0.8 + 0.012 * f * f, -5.2, 1.6))
    target.location = (0.2, 0.0, 1.0)
    camera.constraints.new("COPY_LOCATION").target = rail
    track = camera.constraints.new("TRACK_TO")
    track.target, track.track_axis, track.up_axis = target, "TRACK_NEGATIVE_Z", "UP_Y"
    camera.data.driver_add("lens").driver.expression = "30 + 0.1 * frame * frame"


def wide_pixels(camera: bpy.types.Object) -> None:
    """Pixels that are not square, and a part of the resolution that leaves no whole number of pixels."""
    render = bpy.context.scene.render
    render.pixel_aspect_x, render.resolution_percentage = 1.7, 101


def tall_pixels_in_portrait(camera: bpy.types.Object) -> None:
    render = bpy.context.scene.render
    render.pixel_aspect_y, render.resolution_x, render.resolution_y = 1.3, 90, 150
    camera.data.sensor_fit, camera.data.shift_x, camera.data.lens = "VERTICAL", 0.1, 60.0


def driving_on_in_a_region(camera: bpy.types.Object) -> None:
    """The whole picture is captured, cropped or not."""
    render = bpy.context.scene.render
    render.use_border = render.use_crop_to_border = True
    render.border_min_x, render.border_max_y = 0.3, 0.6


CAMERAS: list[Callable[[bpy.types.Object], None]] = [
    moving_lens,
    orthographic,
    scaled_and_mirrored,
    on_a_crooked_parent,
    carried_by_constraints,
    wide_pixels,
    tall_pixels_in_portrait,
    driving_on_in_a_region,
]
