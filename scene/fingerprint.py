"""Hashes what Blender's structs hold: the same values give the same digest in every process and every copy of a file.

A walk goes over all properties that RNA knows of a data-block and of the structs in it. What cannot change a render is
left out by name and everything else counts, also what nobody can set: a property that a later Blender adds counts by
itself. Numbers of many items are read at once.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from . import compat

_DIGEST_BYTES = 16
# What belongs to windows, lists and bookkeeping, and what Blender computes from the rest.
_LEFT_OUT_OF = {
    "bpy_struct": "rna_type depsgraph select select_control_point select_left_handle select_right_handle is_active "
    "active_index show_expanded execution_time name_property",
    "ID": "name_full id_type session_uid is_evaluated original users use_fake_user use_extra_user is_embedded_data "
    "is_missing is_runtime_data is_editable tag is_library_indirect is_linked_packed library library_weak_reference "
    "asset_data override_library preview animation_data",
    "Scene": "objects frame_current frame_subframe frame_float frame_start frame_end frame_step frame_current_final "
    "lock_frame_selection_to_range use_preview_range frame_preview_start frame_preview_end show_subframe "
    "show_keys_from_selected_only is_nla_tweakmode use_custom_simulation_range simulation_frame_start "
    "simulation_frame_end sync_mode node_tree compositing_node_group use_nodes sequence_editor keying_sets "
    "keying_sets_all rigidbody_world tool_settings safe_areas timeline_markers transform_orientation_slots cursor "
    "use_audio use_audio_scrub audio_doppler_speed audio_doppler_factor audio_distance_model audio_volume "
    "grease_pencil annotation active_clip view_layers collection display hydra allow_preroll playback_loop_mode "
    "time_jump_delta time_jump_unit gravity use_gravity sequencer_colorspace_settings background_set flowbrush",
    "RenderSettings": "image_settings preview_pixel_size ffmpeg fps fps_base threads threads_mode use_motion_blur "
    "use_border border_min_x border_min_y border_max_x border_max_y use_crop_to_border use_placeholder "
    "use_overwrite use_compositing use_sequencer use_file_extension file_extension is_movie_format "
    "use_lock_interface filepath use_render_cache bake_type use_bake_selected_to_active use_bake_clear "
    "bake_margin bake_margin_type bake_bias use_bake_multires use_bake_lores_mesh bake_samples "
    "use_bake_user_scale bake_user_scale bake metadata_input sequencer_gl_preview "
    "use_sequencer_override_scene_strip use_single_layer views stereo_views use_multiview views_format "
    "engine has_multiple_engines use_persistent_data compositor_device compositor_precision "
    "compositor_denoise_device compositor_denoise_final_quality compositor_denoise_preview_quality "
    "save_output",
    "CyclesRenderLayerSettings": "denoising_store_passes",
    "ViewLayer": "objects active_layer_collection active_aov active_aov_index aovs active_lightgroup "
    "active_lightgroup_index use has_export_collections",
    "LayerCollection": "is_visible hide_viewport collection",
    "Collection": "objects all_objects children exporters active_exporter_index hide_select hide_viewport color_tag",
    # Its place and shape are looked at as evaluated: what they come from does not count.
    "Object": "parent parent_type parent_vertices parent_bone use_camera_lock_parent use_parent_final_indices "
    "parent_bone_head_tail_factor track_axis up_axis mode bound_box dimensions active_material active_material_index "
    "location rotation_quaternion rotation_axis_angle rotation_euler rotation_mode scale delta_location "
    "delta_rotation_euler delta_rotation_quaternion delta_scale lock_location lock_rotation lock_rotation_w "
    "lock_rotations_4d lock_scale matrix_world matrix_local matrix_basis matrix_parent_inverse constraints "
    "vertex_groups empty_display_type empty_display_size add_rest_position_attribute field collision soft_body "
    "particle_systems rigid_body rigid_body_constraint use_simulation_cache hide_viewport hide_select "
    "hide_surface_pick instance_collection instance_type display_type show_bounds display_bounds_type show_name "
    "show_axis show_texture_space show_wire show_all_edges show_in_front show_transparent pose show_only_shape_key "
    "use_shape_key_edit_mode active_shape_key active_shape_key_index use_dynamic_topology_sculpting is_from_instancer "
    "is_from_set display use_mesh_mirror_x use_mesh_mirror_y use_mesh_mirror_z animation_visualization motion_path "
    "selection_sets active_selection_set instance_faces_scale use_instance_faces_scale "
    "use_instance_vertices_rotation is_instancer",
    "Modifier": "show_viewport show_in_editmode show_on_cage use_pin_to_last use_apply_on_spline is_override_data "
    "persistent_uid node_warnings panels",
    "SubsurfModifier": "levels show_only_control_edges",
    "MultiresModifier": "levels sculpt_levels show_only_control_edges",
    "Material": "preview_render_type use_preview_world texture_paint_images texture_paint_slots paint_active_slot "
    "paint_clone_slot",
    "Camera": "passepartout_alpha display_size show_limits show_mist show_passepartout show_safe_areas "
    "show_safe_center show_name show_sensor show_background_images show_composition_center "
    "show_composition_center_diagonal show_composition_thirds show_composition_golden show_composition_golden_tria_a "
    "show_composition_golden_tria_b show_composition_harmony_tri_a show_composition_harmony_tri_b "
    "composition_guide_color background_images lens_unit",
    "Image": "pixels depth channels bindcode is_dirty has_data is_float frame_duration render_slots size resolution "
    "filepath_raw packed_file active_color_space is_multiview is_stereo_3d file_format",
    "UDIMTile": "size channels generated_color_space",
    "ImageUser": "frame_current",
    "Node": "location location_absolute width height dimensions color use_custom_color hide label parent color_tag "
    "show_options show_preview show_texture warning_propagation",
    "NodeSocket": "node hide is_unavailable is_inactive is_icon_visible inferred_structure_type display_shape",
    "NodeTree": "grease_pencil annotation view_center active_input active_output",
    "NodeLink": "is_valid",
    "NodeTreeInterface": "active",
    "Mesh": "vertices edges loops polygons normals_domain vertex_normals polygon_normals corner_normals "
    "loop_triangles loop_triangle_polygons uv_layers uv_layer_clone uv_layer_clone_index uv_layer_stencil "
    "uv_layer_stencil_index vertex_colors skin_vertices attributes color_attributes remesh_voxel_size "
    "remesh_voxel_adaptivity use_remesh_fix_poles use_remesh_preserve_volume use_remesh_preserve_attributes "
    "remesh_mode use_mirror_x use_mirror_y use_mirror_z use_mirror_vertex_groups shape_keys use_mirror_topology "
    "use_paint_bone_selection use_paint_mask use_paint_mask_vertex total_vert_sel total_edge_sel total_face_sel "
    "is_editmode radial_symmetry texspace_location texspace_size",
    "Attribute": "storage_type is_internal is_required",
    "Curves": "curves points position_data curve_offset_data normals attributes color_attributes selection_domain "
    "use_sculpt_collision surface_collision_distance use_mirror_x use_mirror_y use_mirror_z",
    "PointCloud": "points attributes color_attributes",
    "Curve": "shape_keys dimensions is_editmode active_textbox edit_format has_selection texspace_location "
    "texspace_size",
    "MetaBall": "is_editmode texspace_location texspace_size update_method",
    "ParticleSystem": "particles child_particles point_cache targets",
    "Lattice": "is_editmode",
    "Text": "current_character current_line current_line_index select_end_character select_end_line "
    "select_end_line_index is_dirty is_modified indentation",
}
_LEFT_OUT_BEGINNINGS = ("use_pass_", "pass_debug_", "pass_cryptomatte_", "use_stamp", "stamp_")
_LEFT_OUT = {struct: frozenset(names.split()) for struct, names in _LEFT_OUT_OF.items()}
_NUMBERS = {"BOOLEAN": np.bool_, "INT": np.int32, "ENUM": np.int32, "FLOAT": np.float32}


def digest(*parts: bytes) -> bytes:
    """A hash of `parts`, in which it matters where one ends and the next begins."""
    found = blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()


def name_of(block: bpy.types.ID) -> str:
    """What tells a data-block from all others of a file, in every copy of the file."""
    return f"{block.bl_rna.identifier} {block.name_full}"


def file_state(path: Path) -> bytes:
    """Which file this is, as far as a look at its folder tells: another one in its place has another state."""
    try:
        found = path.stat()
    except OSError:
        return f"{path} is missing".encode()
    return f"{path} {found.st_size} {found.st_mtime_ns}".encode()


class Walk:
    """One data-block, hashed.

    counts: whether a property of this name counts, of those that ever do. met: the data-blocks that it points to,
    which count by their names only.
    """

    def __init__(self, block: Any, counts: Callable[[str], bool] = lambda _name: True) -> None:
        self.met: list[bpy.types.ID] = []
        self._library = block.library if isinstance(block, bpy.types.ID) else None
        self._counts = counts
        self._hash = blake2b(digest_size=_DIGEST_BYTES)
        self._numbers: dict[tuple[int, str], int] = {}
        self._above: set[tuple[int, str]] = set()
        self._struct(block)

    def digest(self) -> bytes:
        """The hash of all values."""
        return self._hash.digest()

    def _put(self, value: object) -> None:
        self._hash.update(f"{value!r}\n".encode("utf-8", "surrogateescape"))

    def _struct(self, struct: Any) -> None:
        rna = struct.bl_rna
        key = (struct.as_pointer(), rna.identifier)
        if key in self._above:
            return
        self._numbers.setdefault(key, len(self._numbers))
        self._above.add(key)
        self._put(rna.identifier)
        for name in _custom(struct):
            self._put((name, _plain(struct[name])))
        for prop in _properties(rna):
            if not self._counts(prop.identifier):
                continue
            try:
                value = getattr(struct, prop.identifier)
            except (AttributeError, RuntimeError, ValueError):  # the property has no meaning for this struct
                continue
            self._put(prop.identifier)
            if prop.type == "POINTER":
                self._pointer(value)
            elif prop.type == "COLLECTION":
                self._collection(value, prop)
            elif prop.type == "STRING" and prop.subtype in {"FILE_PATH", "DIR_PATH"}:
                self._file(value, struct)
            else:
                self._put(_plain(value))
        self._above.remove(key)

    def _pointer(self, value: Any) -> None:
        if not hasattr(value, "bl_rna"):
            self._put(None)
        elif isinstance(value, bpy.types.PackedFile):
            self._hash.update(digest(bytes(value.data)))
        elif isinstance(value, bpy.types.ID) and not value.is_embedded_data:
            self._put(name_of(value))
            self.met.append(value.original)
        else:
            number = self._numbers.get((value.as_pointer(), value.bl_rna.identifier))
            if number is None:
                self._struct(value)
            else:  # a node that a link points to
                self._put(number)

    def _collection(self, items: Any, prop: Any) -> None:
        self._put(len(items))
        if _holds_numbers(items, prop.fixed_type):
            for number in _properties(prop.fixed_type):
                length = getattr(number, "array_length", 0) or 1
                self._hash.update(read(items, number.identifier, _NUMBERS[number.type], length))
            return
        for item in items:
            if isinstance(item, bpy.types.ID) or item is None:
                self._pointer(item)
            else:
                self._struct(item)

    def _file(self, path: str, struct: Any) -> None:
        if not path or getattr(struct, "packed_file", None) is not None:
            return
        file = Path(bpy.path.abspath(path, library=self._library)).resolve()
        self._hash.update(file_state(file))
        source = getattr(struct, "source", "SEQUENCE" if getattr(struct, "is_sequence", False) else "")
        if source in {"SEQUENCE", "TILED"}:
            for other in sorted(file.parent.glob(f"*{file.suffix}")):
                self._hash.update(file_state(other))


def _holds_numbers(items: Any, kind: Any) -> bool:
    """Whether all items are of this very kind, and of nothing but numbers."""
    if not len(items) or items[0] is None or items[0].bl_rna.identifier != kind.identifier:
        return False
    return all(prop.type in _NUMBERS and not prop.is_enum_flag for prop in _properties(kind))


def read(items: Any, name: str, dtype: Any, length: int = 1) -> bytes:
    """The property `name` of all `items`, `length` numbers each."""
    values = np.empty(len(items) * length, dtype)
    items.foreach_get(name, values)
    if values.dtype == np.bool_:  # Blender's true can be any byte but 0
        values = values.view(np.uint8) != 0
    return values.tobytes()


_known: dict[str, list[Any]] = {}


def forget() -> None:
    """Forgets what structs there are: with add-ons these come and go."""
    _known.clear()


def _properties(rna: Any) -> list[Any]:
    """The properties of a struct that count."""
    if rna.identifier not in _known:
        bases = list(_bases(rna))
        out = frozenset[str]().union(*(_LEFT_OUT.get(base, frozenset()) for base in bases))
        _known[rna.identifier] = [
            prop
            for prop in rna.properties
            if prop.identifier not in out | compat.REDUNDANT and not prop.identifier.startswith(_LEFT_OUT_BEGINNINGS)
        ]
    return _known[rna.identifier]


def _bases(rna: Any) -> Iterator[str]:
    yield "bpy_struct"
    while rna is not None:
        yield rna.identifier
        rna = rna.base


def _custom(struct: Any) -> list[str]:
    """The names of the custom properties.

    Blender copies settings of old versions' cameras into `cycles` when it loads a file, for old versions to read.
    """
    known = {"cycles", *struct.bl_rna.properties.keys()}
    try:
        return sorted(name for name in struct.keys() if name not in known)  # noqa: SIM118
    except (TypeError, AttributeError):  # only some kinds of structs have any
        return []


def _plain(value: Any) -> Any:
    """`value` in a form whose text is the same whenever it is the same."""
    if isinstance(value, str | bytes | bool | int | float) or value is None:
        return value
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, bpy.types.ID):
        return name_of(value)
    if hasattr(value, "to_dict"):
        return sorted((name, _plain(item)) for name, item in value.items())
    return [_plain(item) for item in value]
