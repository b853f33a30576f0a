"""Photographs every panel, menu and question, in both themes and all languages. Run by Blender, see picture_panels:

blender --enable-event-simulate SCENE.blend --python panels.py -- FOLDER BACKEND_PYTHON SCALE THEME-LANGUAGE...
"""

import sys
from collections.abc import Callable, Generator
from pathlib import Path

import bpy

sys.path.append(str(Path(__file__).parent))
import filled
from driver import Desk, Script, perform
from filled import MODULE, part, tell

THEMES = {"dark": "Blender_Dark.xml", "light": "Blender_Light.xml"}
COPIED = """a knight in a forest, masterpiece
Negative prompt: blurry, lowres
Steps: 24, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 42, Size: 512x512, Clip skip: 2, Hires upscale: 2"""
POPUPS: dict[str, Callable[[], object]] = {
    "models": lambda: bpy.ops.wm.call_menu(name="FLOWBRUSH_MT_models"),
    "settings": lambda: bpy.ops.wm.call_menu(name="FLOWBRUSH_MT_settings"),
    "presets": lambda: bpy.ops.wm.call_panel(name="FLOWBRUSH_PT_presets"),
    "pasted": lambda: bpy.ops.flowbrush.paste_settings("INVOKE_DEFAULT", text=COPIED),
    "download": lambda: bpy.ops.flowbrush.download_model("INVOKE_DEFAULT", name="sdxl control-union-sdxl"),
    "remove": lambda: bpy.ops.flowbrush.remove_take("INVOKE_DEFAULT"),
    "strip": lambda: bpy.ops.wm.call_menu(name="SEQUENCER_MT_strip"),
}


def arrange(desk: Desk) -> Generator[float, None, None]:
    """A 3D View and, to its right, an Image Editor above the sequencer, each with its sidebar."""
    bpy.context.preferences.view.show_splash = False
    bpy.context.preferences.system.use_region_overlap = False
    for kind in ("OUTLINER", "PROPERTIES", "DOPESHEET_EDITOR"):
        with bpy.context.temp_override(window=desk.window, area=desk.area(kind)):
            bpy.ops.screen.area_close()
        yield 0.3
    for direction, factor, split, kind in (
        ("VERTICAL", 0.4, "VIEW_3D", "IMAGE_EDITOR"),
        ("HORIZONTAL", 0.3, "IMAGE_EDITOR", "SEQUENCE_EDITOR"),
    ):
        area = desk.area(split)
        known = {area.as_pointer() for area in desk.window.screen.areas}
        with bpy.context.temp_override(window=desk.window, area=area):
            bpy.ops.screen.area_split(direction=direction, factor=factor)
        yield 0.3
        new = next(area for area in desk.window.screen.areas if area.as_pointer() not in known)
        (new if direction == "VERTICAL" and new.x > area.x else max(area, new, key=lambda a: a.height)).type = kind
        yield 0.3


def open_all() -> None:
    """Lets no panel be closed when it is first seen."""
    panels = [cls for cls in part("panels").CLASSES if issubclass(cls, bpy.types.Panel)]
    for cls in reversed(panels):
        bpy.utils.unregister_class(cls)
    for cls in panels:
        cls.bl_options = set(getattr(cls, "bl_options", ())) - {"DEFAULT_CLOSED"}
        bpy.utils.register_class(cls)


def show_tabs(desk: Desk) -> Generator[float, None, None]:
    """Opens the tab in both editors that have it."""
    for kind in ("VIEW_3D", "SEQUENCE_EDITOR"):
        desk.area(kind).spaces.active.show_region_ui = True
    yield 2.0
    for kind in ("VIEW_3D", "SEQUENCE_EDITOR"):
        desk.region(kind, "UI").active_panel_category = "Flowbrush"
    yield 1.0


def photograph_region(desk: Desk, name: str, kind: str, region: str) -> Generator[float, None, None]:
    """Saves one region of an editor as NAME.png."""
    shown = desk.region(kind, region)
    for _ in range(3):  # panels slide to their places, and pictures in them come later
        shown.tag_redraw()
        yield 0.4
    desk.photograph(name, (shown.x, shown.y, shown.width, shown.height))


def photograph_popups(desk: Desk, name: str) -> Generator[float, None, None]:
    """Opens one after the other above the 3D View, and saves each as NAME-popup-….png."""
    scale = bpy.context.preferences.system.ui_scale
    width, height = round(1050 * scale), round(850 * scale)
    left, top = 8, desk.area("VIEW_3D").y + desk.area("VIEW_3D").height - 60
    for popup, show in POPUPS.items():
        x, y = left + width // 3, top - height // 5
        desk.event("MOUSEMOVE", "NOTHING", x, y)
        yield 0.2
        area = desk.area("SEQUENCE_EDITOR" if popup == "strip" else "VIEW_3D")
        region = next(region for region in area.regions if region.type == "WINDOW")
        with bpy.context.temp_override(window=desk.window, area=area, region=region):
            show()
        yield 1.0
        # Warnings stand in the middle of the window, all else beside the mouse.
        lower = desk.window.height // 2 - height // 4 if popup == "remove" else top - height
        desk.photograph(f"{name}-popup-{popup}", (left, lower, width, height // 2 if popup == "remove" else height))
        for value in ("PRESS", "RELEASE"):
            desk.event("ESC", value, x, y)
        yield 0.3


def photograph_all(desk: Desk, name: str) -> Generator[float, None, None]:
    """The tab in all its states, the sequencer's, the wipe, the preferences, and what pops up."""
    scene, chosen = bpy.context.scene, bpy.context.preferences.addons[MODULE].preferences
    part("operators.refresh").look(scene)  # what it writes is in the language of the interface
    part("operators.queue").look()
    desk.event("MOUSEMOVE", "NOTHING", 9, 9)  # or there would be tooltips
    states = {
        "tab": {"sentence": "take 1 is on the timeline"},
        "tab-runs": {
            "running": True,
            "title": "Stylize Animation",
            "sentence": filled.progress(),
            "progress": 0.37,
        },
        "tab-fails": {"error": filled.ERRORS["no_environment"], "code": "no_environment"},
    }
    for state, told in states.items():
        tell(**told)
        yield from photograph_region(desk, f"{name}-{state}", "VIEW_3D", "UI")
    tell(sentence="take 1 is on the timeline")
    yield from photograph_region(desk, f"{name}-sequencer", "SEQUENCE_EDITOR", "UI")
    yield from photograph_region(desk, f"{name}-header", "IMAGE_EDITOR", "HEADER")
    yield from photograph_region(desk, f"{name}-wipe", "IMAGE_EDITOR", "WINDOW")
    yield from photograph_popups(desk, name)
    tell()
    desk.event("MOUSEMOVE", "NOTHING", 9, 9)
    chosen.backend_python = ""
    bpy.context.preferences.system.use_online_access = False
    yield from photograph_region(desk, f"{name}-welcome", "VIEW_3D", "UI")
    chosen.backend_python, bpy.context.preferences.system.use_online_access = BACKEND, True
    area = desk.area("IMAGE_EDITOR")
    area.type = "PREFERENCES"
    yield 0.3
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "Flowbrush"
    yield from photograph_region(desk, f"{name}-preferences", "PREFERENCES", "WINDOW")
    area.type = "IMAGE_EDITOR"
    yield 0.3


def panels(desk: Desk) -> Script:
    """All of them, in each theme and language."""
    yield from arrange(desk)
    scene, preferences = bpy.context.scene, bpy.context.preferences
    preferences.addons[MODULE].preferences.backend_python = BACKEND
    preferences.view.ui_scale, preferences.system.use_online_access = SCALE, True
    open_all()
    view = desk.area("VIEW_3D").spaces.active
    view.shading.type, view.overlay.show_overlays = "WIREFRAME", False
    filled.fill_tab(scene, desk.folder)
    filled.fill_shot(scene)
    filled.fill_queue(scene)
    part("operators.refresh").look(scene)
    filled.fill_timeline(scene)
    filled.show_pictures(scene)
    yield from show_tabs(desk)
    area = desk.area("IMAGE_EDITOR")
    with bpy.context.temp_override(window=desk.window, area=area, region=desk.region("IMAGE_EDITOR", "WINDOW")):
        bpy.ops.image.view_all(fit_view=True)
    bpy.ops.preferences.addon_expand(module=MODULE)
    for theme, language in LOOKS:
        folders = [Path(folder) for folder in bpy.utils.preset_paths("interface_theme")]
        (path,) = [path for folder in folders for path in folder.glob(THEMES[theme])]
        bpy.ops.script.execute_preset(filepath=str(path), menu_idname="USERPREF_MT_interface_theme_presets")
        preferences.view.language = language
        preferences.view.use_translate_interface = preferences.view.use_translate_tooltips = True
        preferences.view.use_translate_reports = True
        yield 0.5
        yield from photograph_all(desk, f"{theme}-{language}")


FOLDER, BACKEND, SCALE, *NAMES = sys.argv[sys.argv.index("--") + 1 :]
SCALE = float(SCALE)
LOOKS = [name.split("-") for name in NAMES]
perform(panels, Desk(Path(FOLDER)))
