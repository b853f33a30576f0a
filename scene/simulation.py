"""What moves by simulation that is not baked: a render does not see the frames beside its own, nor the same twice."""

from collections.abc import Iterator

import bpy

_BAKE = "bake it to have its vectors"


def unbaked(scene: bpy.types.Scene) -> dict[str, str]:
    """Why the vectors of simulated objects cannot be trusted, by the full names of what is seen of them."""
    found: dict[str, str] = {}
    for item in bpy.data.objects:
        for modifier in item.modifiers:
            if modifier.show_render and _runs_free(modifier):
                found[item.name_full] = f"The simulation of its modifier '{modifier.name}' is not baked: {_BAKE}"
        for system in item.particle_systems:
            if not _still(system) and not system.point_cache.is_baked:
                for shown in _shown_by(item, system.settings):
                    found[shown] = f"The particles '{system.name}' are not baked: {_BAKE}"
    world = scene.rigidbody_world
    if world is not None and world.enabled and world.collection is not None and not world.point_cache.is_baked:
        for item in world.collection.all_objects:
            body = item.rigid_body
            if body is not None and body.type != "PASSIVE" and not body.kinematic:
                found[item.name_full] = f"The rigid bodies of the scene are not baked: {_BAKE}"
    return found


def _still(system: bpy.types.ParticleSystem) -> bool:
    """Whether the particles stand where they grew: hair without dynamics."""
    return system.settings.type == "HAIR" and not system.use_hair_dynamics


def _shown_by(emitter: bpy.types.Object, settings: bpy.types.ParticleSettings) -> Iterator[str]:
    if settings.render_type == "OBJECT" and settings.instance_object is not None:
        yield settings.instance_object.name_full
    elif settings.render_type == "COLLECTION" and settings.instance_collection is not None:
        yield from (item.name_full for item in settings.instance_collection.all_objects)
    elif settings.render_type == "PATH":
        yield emitter.name_full


def _runs_free(modifier: bpy.types.Modifier) -> bool:
    if modifier.type in {"CLOTH", "SOFT_BODY"}:
        return not modifier.point_cache.is_baked
    if modifier.type == "NODES" and modifier.node_group is not None:
        return _simulates(modifier.node_group, set())
    return False


def _simulates(tree: bpy.types.NodeTree, known: set[bpy.types.NodeTree]) -> bool:
    known.add(tree)
    groups = {node.node_tree for node in tree.nodes if getattr(node, "node_tree", None) is not None} - known
    return any(node.bl_idname == "GeometryNodeSimulationOutput" for node in tree.nodes) or any(
        _simulates(group, known) for group in groups
    )
