"""What Flowbrush adds to Blender, in one list, and its removal in exact reverse."""

import bpy

from . import backend_state, chips, context_help, gallery, keymaps, panels, preferences, thumbnails, translations
from .operators import (
    additions,
    bones,
    cancel,
    capture,
    conditions,
    controls,
    environment,
    footage,
    job,
    keyframes,
    load,
    manual,
    models,
    next_step,
    picture,
    prompts,
    queue,
    queue_run,
    refresh,
    regions,
    report,
    restyle,
    settings,
    stylize,
    takes,
    watch,
)
from .panels import menu, strip_menus, wipe
from .properties.addition import FlowbrushEmbedding, FlowbrushLora
from .properties.control import FlowbrushControl
from .properties.export import FlowbrushExport
from .properties.job import FlowbrushJob
from .properties.model import FlowbrushModel
from .properties.person import FlowbrushPerson
from .properties.picture import FlowbrushPicture
from .properties.prompt import FlowbrushPrompt
from .properties.queue import FlowbrushQueue, FlowbrushQueueItem
from .properties.region import FlowbrushRegion
from .properties.settings import FlowbrushSettings
from .properties.takes import FlowbrushTake, FlowbrushTakeList
from .scene import edits

CLASSES: tuple[type, ...] = (
    preferences.FlowbrushPreferences,
    FlowbrushControl,
    FlowbrushLora,
    FlowbrushEmbedding,
    FlowbrushRegion,
    FlowbrushExport,
    FlowbrushModel,
    FlowbrushPrompt,
    FlowbrushSettings,
    FlowbrushPerson,
    FlowbrushJob,
    FlowbrushPicture,
    FlowbrushTake,
    FlowbrushTakeList,
    FlowbrushQueueItem,
    FlowbrushQueue,
    *capture.CLASSES,
    *stylize.CLASSES,
    *cancel.CLASSES,
    *load.CLASSES,
    *watch.CLASSES,
    *models.CLASSES,
    *keyframes.CLASSES,
    *report.CLASSES,
    *refresh.CLASSES,
    *environment.CLASSES,
    *regions.CLASSES,
    *conditions.CLASSES,
    *controls.CLASSES,
    *prompts.CLASSES,
    *additions.CLASSES,
    *bones.CLASSES,
    *footage.CLASSES,
    *restyle.CLASSES,
    *settings.CLASSES,
    *takes.CLASSES,
    *queue.CLASSES,
    *queue_run.CLASSES,
    *next_step.CLASSES,
    *manual.CLASSES,
    *panels.CLASSES,
)


def register() -> None:
    """Adds classes, properties and handlers."""
    translations.register()
    chips.register()
    gallery.register()
    thumbnails.register()
    conditions.fill_classes()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.flowbrush = bpy.props.PointerProperty(type=FlowbrushSettings)
    bpy.types.TimelineMarker.flowbrush = bpy.props.PointerProperty(type=FlowbrushPrompt)
    bpy.types.Object.flowbrush_person = bpy.props.PointerProperty(type=FlowbrushPerson)
    bpy.types.WindowManager.flowbrush = bpy.props.PointerProperty(type=FlowbrushJob)
    bpy.types.WindowManager.flowbrush_picture = bpy.props.PointerProperty(type=FlowbrushPicture)
    bpy.types.WindowManager.flowbrush_takes = bpy.props.CollectionProperty(type=FlowbrushTakeList)
    bpy.types.WindowManager.flowbrush_queue = bpy.props.PointerProperty(type=FlowbrushQueue)
    strip_menus.register()
    menu.register()
    keymaps.register()
    context_help.register()
    bpy.app.handlers.load_post.append(refresh.look_at_all_scenes)
    bpy.app.handlers.load_pre.append(queue_run.remember)
    bpy.app.handlers.load_post.append(queue_run.go_on)
    bpy.app.timers.register(queue.watch, persistent=True)
    bpy.app.handlers.load_post.append(picture.look_away)
    bpy.app.handlers.undo_post.append(picture.show_again)
    bpy.app.handlers.redo_post.append(picture.show_again)
    edits.register()
    wipe.register()
    bpy.app.timers.register(refresh.look_at_open_file)  # which may not be touched while add-ons are being enabled


def unregister() -> None:
    """Ends what runs, then removes handlers, properties and classes."""
    job.shut_down()
    backend_state.unregister()
    for timer in (queue.watch, queue_run.start_again, refresh.look_at_open_file):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)
    bpy.app.handlers.load_post.remove(queue_run.go_on)
    bpy.app.handlers.load_pre.remove(queue_run.remember)
    context_help.unregister()
    keymaps.unregister()
    menu.unregister()
    strip_menus.unregister()
    wipe.unregister()
    edits.unregister()
    bpy.app.handlers.redo_post.remove(picture.show_again)
    bpy.app.handlers.undo_post.remove(picture.show_again)
    bpy.app.handlers.load_post.remove(picture.look_away)
    picture.forget()
    bpy.app.handlers.load_post.remove(refresh.look_at_all_scenes)
    del bpy.types.WindowManager.flowbrush_queue
    del bpy.types.WindowManager.flowbrush_takes
    del bpy.types.WindowManager.flowbrush_picture
    del bpy.types.WindowManager.flowbrush
    del bpy.types.Object.flowbrush_person
    del bpy.types.TimelineMarker.flowbrush
    del bpy.types.Scene.flowbrush
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    thumbnails.unregister()
    gallery.unregister()
    chips.unregister()
    translations.unregister()
