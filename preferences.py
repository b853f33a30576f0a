"""Where the backend and the shots are: one place for all files and scenes."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from .backend.environment import python_of
from .backend.installing.variants import VARIANTS
from .languages.lines import PIXELS_A_LETTER, lines
from .scene.compat import RELATIVE_PATH
from .translations import said

PACKAGE = __package__
MARGIN = 8  # letters that lines in the preferences are shorter than their region
BACKEND = "flowbrush-backend"  # the folder that is made in the place the user chose
VARIANT_ITEMS = [
    ("AUTO", "Fits This Machine", "What the graphics card and its driver can run"),
    *((variant.name, variant.title, variant.needs) for variant in VARIANTS.values()),
]


class FlowbrushPreferences(bpy.types.AddonPreferences):
    """Paths, and a check of the backend's Python environment."""

    bl_idname = PACKAGE

    backend_python: StringProperty(
        name="Backend Python",
        description="Python that has torch and diffusers; when empty, the environment that Flowbrush makes for itself",
        subtype="FILE_PATH",
        options=RELATIVE_PATH,
    )
    backend_place: StringProperty(
        name="Backend Place",
        description="Folder that gets a folder flowbrush-backend; when empty, Blender's own folder for extensions",
        subtype="DIR_PATH",
        options=RELATIVE_PATH,
    )
    variant: EnumProperty(
        name="Computes On", description="Which build of PyTorch is installed", items=VARIANT_ITEMS, default="AUTO"
    )
    shots_folder: StringProperty(
        name="Shots",
        description="Folder that gets a folder for every shot; // is the folder of the .blend file",
        default="//flowbrush",
        subtype="DIR_PATH",
        options=RELATIVE_PATH,
    )

    models: StringProperty(
        name="Models",
        description="Folder that gets the models that are downloaded; when empty, Blender's own folder for extensions",
        subtype="DIR_PATH",
        options=RELATIVE_PATH,
    )

    use_footage: BoolProperty(
        name="Footage Extra",
        description="Set up and check also what estimates conditions of footage, about 30 MB; weights are not included",
    )
    estimator_weights: StringProperty(
        name="Estimator Weights",
        description="Folder with the weights of the networks that estimate conditions of footage",
        subtype="DIR_PATH",
        options=RELATIVE_PATH,
    )

    def draw(self, context: bpy.types.Context) -> None:
        """The add-on's box in the preferences window."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "shots_folder")
        layout.prop(self, "models", placeholder=str(models_folder()))
        layout.prop(self, "backend_place", placeholder=str(own_environment().parent))
        layout.prop(self, "variant")
        layout.prop(self, "backend_python", placeholder=str(python_of(own_environment())))
        layout.prop(self, "use_footage")
        if self.use_footage:
            layout.prop(self, "estimator_weights")
        grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        grid.operator("flowbrush.check_environment", icon="CHECKMARK")
        grid.operator("flowbrush.set_up_environment", icon="IMPORT")
        grid.operator("flowbrush.repair_environment", icon="TOOL_SETTINGS")
        grid.operator("flowbrush.remove_environment", icon="TRASH")
        job = context.window_manager.flowbrush
        letters = int(context.region.width / context.preferences.system.ui_scale / PIXELS_A_LETTER) - MARGIN
        for text in filter(None, (job.sentence if job.running else "", job.environment)):
            column = layout.column(align=True)
            for line in lines(said(text), max(letters, 20)):
                column.label(text=line, translate=False)


def get() -> FlowbrushPreferences:
    """This add-on's preferences."""
    return bpy.context.preferences.addons[PACKAGE].preferences


def own_environment() -> Path:
    """The folder of the environment that Flowbrush makes for itself; it may not exist yet."""
    place = get().backend_place
    if place:
        return Path(bpy.path.abspath(place)) / BACKEND
    return Path(bpy.utils.extension_path_user(PACKAGE, path="environment"))


def backend_python() -> Path:
    """The Python that runs the worker."""
    chosen = get().backend_python
    return Path(bpy.path.abspath(chosen)) if chosen else python_of(own_environment())


def models_folder() -> Path:
    """Where downloaded models are; it may not exist yet."""
    chosen = get().models
    return Path(bpy.path.abspath(chosen) if chosen else bpy.utils.extension_path_user(PACKAGE, path="models"))


def queue_folder() -> Path:
    """Where the queue is, which all files share; it may not exist yet."""
    return Path(bpy.utils.extension_path_user(PACKAGE, path="queue"))


def estimator_weights() -> Path | None:
    """Where the estimators' weights are, if the user has said so."""
    chosen = get().estimator_weights
    return Path(bpy.path.abspath(chosen)) if chosen else None


def export_folder(scene: bpy.types.Scene) -> Path:
    """Where conditions and masks of `scene` are exported to."""
    chosen = scene.flowbrush.export.folder
    return Path(bpy.path.abspath(chosen)) if chosen else shot_folder(scene) / "export"


def shot_folder(scene: bpy.types.Scene) -> Path:
    """Where the shot of `scene` lies, or will lie; an unsaved file has no folder, so that the user's serves."""
    parent = get().shots_folder or "//flowbrush"
    if parent.startswith("//") and not bpy.data.filepath:
        parent = bpy.utils.extension_path_user(PACKAGE, path="shots")
    return Path(bpy.path.abspath(parent)) / scene.flowbrush.folder_name
