"""Context help: the page of the manual for what is under the mouse, by F1 or Online Manual. The manual comes along.

Without it, where somebody zipped the folder by hand, Blender says that there is no reference.
"""

from pathlib import Path

import bpy

FOLDER = Path(__file__).parent / "manual"  # `make build` puts it there
START = "index"
STYLIZE_FRAME = "tasks/stylize_frame"

# What Blender looks up, in lower case, with stars; the first that fits says which page is shown.
PAGES = (
    ("bpy.types.flowbrushpreferences.models", "tasks/models"),
    ("bpy.types.flowbrushpreferences.shots_folder", "tasks/capture"),
    ("bpy.types.flowbrushpreferences.*footage", "tasks/footage"),
    ("bpy.types.flowbrushpreferences.estimator*", "tasks/footage"),
    ("bpy.types.flowbrushpreferences*", "tasks/set_up"),
    ("bpy.ops.flowbrush.*_environment", "tasks/set_up"),
    ("bpy.types.flowbrush_pt_first_run*", "tasks/set_up"),
    ("bpy.types.flowbrushsettings.shot_name", "tasks/capture"),
    ("bpy.types.flowbrushsettings.captured", "tasks/capture"),
    ("bpy.types.flowbrushsettings.use_custom_range", "tasks/capture"),
    ("bpy.types.flowbrushsettings.frame_*", "tasks/capture"),
    ("bpy.types.flowbrushsettings.samples", "tasks/capture"),
    ("bpy.ops.flowbrush.capture", "tasks/capture"),
    ("bpy.ops.flowbrush.refresh", "tasks/capture"),
    ("bpy.types.flowbrush_pt_shot", "tasks/capture"),
    ("bpy.types.flowbrushsettings.method", "concepts/methods"),
    ("bpy.types.flowbrushsettings.light", "concepts/methods"),
    ("bpy.ops.flowbrush.*_keyframe*", "concepts/methods"),
    ("bpy.types.flowbrush_pt_motion", "concepts/methods"),
    ("bpy.types.flowbrushsettings.seed_mode", "tasks/stylize_animation"),
    ("bpy.types.flowbrushsettings.refine", "tasks/stylize_animation"),
    ("bpy.types.flowbrushsettings.shared_attention", "tasks/stylize_animation"),
    ("bpy.types.flowbrushsettings.edge_band", "tasks/stylize_animation"),
    ("bpy.types.flowbrushsettings.crop_to_mask", "tasks/stylize_animation"),
    ("bpy.types.flowbrushjob*", "tasks/stylize_animation"),
    ("bpy.ops.flowbrush.stylize_animation", "tasks/stylize_animation"),
    ("bpy.ops.flowbrush.cancel", "tasks/stylize_animation"),
    ("bpy.ops.flowbrush.load_into_sequencer", "tasks/stylize_animation"),
    ("bpy.ops.flowbrush.watch_take", "tasks/stylize_animation"),
    ("bpy.ops.flowbrush.next_step", "tasks/stylize_animation"),
    ("bpy.types.flowbrush_pt_main", "tasks/stylize_animation"),
    ("bpy.types.flowbrush_pt_advanced", "tasks/stylize_animation"),
    ("bpy.types.flowbrush_pt_output", "tasks/stylize_animation"),
    ("bpy.types.flowbrush_mt_render", "tasks/stylize_animation"),
    ("bpy.types.flowbrushregion*", "tasks/regions"),
    ("bpy.types.flowbrushsettings.paint*", "tasks/regions"),
    ("bpy.types.flowbrushsettings.*region*", "tasks/regions"),
    ("bpy.ops.flowbrush.region_*", "tasks/regions"),
    ("bpy.types.flowbrush_??_regions", "tasks/regions"),
    ("bpy.types.flowbrushprompt*", "tasks/over_time"),
    ("bpy.types.flowbrushsettings.active_prompt", "tasks/over_time"),
    ("bpy.ops.flowbrush.prompt_*", "tasks/over_time"),
    ("bpy.types.flowbrush_??_prompts", "tasks/over_time"),
    ("bpy.types.flowbrushtake*", "tasks/takes"),
    ("bpy.types.flowbrushsettings.take", "tasks/takes"),
    ("bpy.ops.flowbrush.*_take*", "tasks/takes"),
    ("bpy.ops.flowbrush.restore_settings", "tasks/takes"),
    ("bpy.ops.flowbrush.end_comparison", "tasks/takes"),
    ("bpy.ops.flowbrush.report", "tasks/takes"),
    ("bpy.types.flowbrush_*_takes", "tasks/takes"),
    ("bpy.types.flowbrushqueue*", "tasks/queue"),
    ("bpy.ops.flowbrush.queue_*", "tasks/queue"),
    ("bpy.types.flowbrush_*_queue", "tasks/queue"),
    ("bpy.ops.flowbrush.restyle_strip", "tasks/restyle"),
    ("bpy.types.flowbrush_pt_sequencer*", "tasks/restyle"),
    ("bpy.ops.flowbrush.shot_from_*", "tasks/footage"),
    ("bpy.ops.flowbrush.estimate_conditions", "tasks/footage"),
    ("bpy.types.flowbrush_pt_footage*", "tasks/footage"),
    ("bpy.types.flowbrushmodel*", "tasks/models"),
    ("bpy.types.flowbrushsettings.model*", "tasks/models"),
    ("bpy.types.flowbrushcontrol.model", "tasks/models"),
    ("bpy.ops.flowbrush.*_model*", "tasks/models"),
    ("bpy.types.flowbrush_??_model*", "tasks/models"),
    ("bpy.types.flowbrushlora*", "tasks/lora"),
    ("bpy.types.flowbrushembedding*", "tasks/lora"),
    ("bpy.types.flowbrushsettings.*loras", "tasks/lora"),
    ("bpy.types.flowbrushsettings.*embeddings", "tasks/lora"),
    ("bpy.ops.flowbrush.lora_*", "tasks/lora"),
    ("bpy.ops.flowbrush.embedding_*", "tasks/lora"),
    ("bpy.types.flowbrush_??_additions", "tasks/lora"),
    ("bpy.types.flowbrushperson*", "tasks/people"),
    ("bpy.ops.flowbrush.*_bones", "tasks/people"),
    ("bpy.types.flowbrush_pt_people", "tasks/people"),
    ("bpy.ops.flowbrush.*_settings", "tasks/settings"),
    ("bpy.ops.flowbrush.preset_add", "tasks/settings"),
    ("bpy.types.flowbrush_pt_presets", "tasks/settings"),
    ("bpy.types.flowbrush_mt_settings", "tasks/settings"),
    ("bpy.types.flowbrushexport*", "tasks/export_conditions"),
    ("bpy.types.flowbrushsettings.export", "tasks/export_conditions"),
    ("bpy.ops.flowbrush.export_*", "tasks/export_conditions"),
    ("bpy.types.flowbrush_pt_export", "tasks/export_conditions"),
    ("bpy.ops.flowbrush.set_class", "concepts/conditions"),
    ("bpy.types.flowbrush_pt_classes", "concepts/conditions"),
    ("bpy.types.flowbrushcontrol*", STYLIZE_FRAME),
    ("bpy.types.flowbrushpicture*", STYLIZE_FRAME),
    ("bpy.types.flowbrushsettings.*", STYLIZE_FRAME),  # what has no page above is the look of a frame
    ("bpy.ops.flowbrush.stylize_frame", STYLIZE_FRAME),
    ("bpy.ops.flowbrush.control*", STYLIZE_FRAME),
    ("bpy.ops.flowbrush.show_condition", STYLIZE_FRAME),
    ("bpy.types.flowbrush_pt_style", STYLIZE_FRAME),
    ("bpy.types.flowbrush_??_controls", STYLIZE_FRAME),
    ("bpy.types.flowbrush_pt_conditions", STYLIZE_FRAME),
    ("bpy.*flowbrush*", START),
)


def came_along() -> bool:
    """Whether the manual is there."""
    return _file(START).is_file()


def address(code: str = "") -> str:
    """Of the manual's first page, or of the place for the error `code`.

    That has a small file of its own, which leads there: systems that hand a file's address to the browser leave out
    what follows #.
    """
    page = _file(f"errors/{code}")
    return (page if code and page.is_file() else _file(START)).as_uri()


def register() -> None:
    """Blender asks for the pages from now on."""
    bpy.utils.register_manual_map(_pages)


def unregister() -> None:
    """And no more."""
    bpy.utils.unregister_manual_map(_pages)


def _file(page: str) -> Path:
    return FOLDER / f"{page}.html"


def _pages() -> tuple[str, list[tuple[str, str]]]:
    pages = PAGES if came_along() else ()
    return f"{FOLDER.as_uri()}/", [(pattern, f"{page}.html") for pattern, page in pages]
