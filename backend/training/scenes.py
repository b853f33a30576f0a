"""Renders random scenes for training; runs inside Blender's Python, never in the worker.

    bpy-python -I launch.py backend.training scenes OUT --material FOLDER [--first 0] [--count 400] [--size 384]

Each scene leaves `OUT/####.exr` (crisp data: Depth, Normal, IndexOB, IndexMA, and DiffCol), `OUT/####_beauty.exr`
(denoised Combined, DiffCol) and `OUT/####.png` (the picture as the view transform shows it), plus `OUT/####.json`
(the camera's world matrix and the depth range). Scene number n is the same in every run.
"""

import argparse
import json
import math
import random
from pathlib import Path

import bpy
from mathutils import Color, Euler, Matrix, Vector

CHARACTERS = (
    "character/kaykit_Knight.glb",
    "character/robot.glb",
    "character/godot_player.glb",
    "vrm/cryptovoxels.vrm",
    "vrm/mtoon_uv_anim.vrm",
)
"""Files that training sees."""

CHANCES = (4, 3, 2, 2, 1)
"""How often each is chosen, relative to the others."""

HELD_OUT = ("character/Fox.glb",)
"""Kept out of training, to judge the model on."""

SKIES = ((0.35, 0.55, 0.9), (0.7, 0.8, 0.95), (0.9, 0.75, 0.6), (0.5, 0.5, 0.55), (0.15, 0.2, 0.35), (0.9, 0.9, 0.88))


class Character:
    """An imported character: its root, its meshes (scaled to two metres), its armature and its actions."""

    def __init__(self, path: Path) -> None:
        before, actions = set(bpy.data.objects), set(bpy.data.actions)
        # A VRM file is a binary glTF by another name; the importer goes by the suffix.
        file = path
        if path.suffix == ".vrm":
            file = Path(bpy.app.tempdir) / f"{path.stem}.glb"
            file.write_bytes(path.read_bytes())
        bpy.ops.import_scene.gltf(filepath=str(file))
        objects = sorted(set(bpy.data.objects) - before, key=lambda item: item.name)
        self.actions = sorted(set(bpy.data.actions) - actions, key=lambda item: item.name)
        self.armature = next((item for item in objects if item.type == "ARMATURE"), None)
        self.meshes = [item for item in objects if item.type == "MESH" and not item.name.startswith("Icosphere")]
        for item in objects:
            item.hide_render = item.type != "MESH" or item.name.startswith("Icosphere")
        self.root = bpy.data.objects.new(f"{path.stem} root", None)
        bpy.context.scene.collection.objects.link(self.root)
        for item in objects:
            if item.parent is None:
                item.parent = self.root
        low, high = self.bounds()
        self.root.scale = [2.0 / max(high.z - low.z, 1e-6)] * 3

    def bounds(self) -> tuple[Vector, Vector]:
        """The lowest and highest corner of all meshes as posed now, world space, metres."""
        bpy.context.view_layer.update()
        graph = bpy.context.evaluated_depsgraph_get()
        corners = [
            item.matrix_world @ Vector(corner)
            for item in (mesh.evaluated_get(graph) for mesh in self.meshes)
            for corner in item.bound_box
        ]
        return (
            Vector([min(corner[axis] for corner in corners) for axis in range(3)]),
            Vector([max(corner[axis] for corner in corners) for axis in range(3)]),
        )

    def show(self, visible: bool) -> None:
        """Whether it is rendered."""
        for mesh in self.meshes:
            mesh.hide_render = not visible

    def pose(self, dice: random.Random) -> None:
        """A random frame of a random action, a random turn, feet near the ground."""
        if self.armature and self.actions:
            data = self.armature.animation_data or self.armature.animation_data_create()
            for track in data.nla_tracks:
                track.mute = True
            data.action = dice.choice(self.actions)
            first, last = data.action.frame_range
            bpy.context.scene.frame_set(int(dice.uniform(first, last)))
        self.root.rotation_euler = (0, 0, dice.uniform(-math.pi, math.pi))


def recolour(materials: list[bpy.types.Material], dice: random.Random) -> None:
    """Turns the hue of every image texture by a random amount, so that colours cannot be learned by heart."""
    hue, saturation, value = dice.random(), dice.uniform(0.6, 1.4), dice.uniform(0.7, 1.3)
    if dice.random() < 0.5:
        hue, saturation, value = 0.5, 1.0, 1.0
    for material in materials:
        tree = material.node_tree
        node = tree.nodes.get("Recolour")
        if node is None:
            link = next(
                (
                    link
                    for link in tree.links
                    if link.from_node.type == "TEX_IMAGE" and link.to_socket.name in ("Base Color", "Color")
                ),
                None,
            )
            if link is None:
                continue
            source, target = link.from_socket, link.to_socket
            node = tree.nodes.new("ShaderNodeHueSaturation")
            node.name = "Recolour"
            tree.links.new(source, node.inputs["Color"])
            tree.links.new(node.outputs["Color"], target)
        node.inputs["Hue"].default_value = hue
        node.inputs["Saturation"].default_value = saturation
        node.inputs["Value"].default_value = value


def random_colour(dice: random.Random) -> tuple[float, float, float, float]:
    """Scene-linear RGBA, rarely grey or black."""
    colour = Color()
    colour.hsv = (dice.random(), dice.random() ** 0.7 * 0.95, dice.uniform(0.08, 0.95))
    return (*colour, 1.0)


def paint_material(material: bpy.types.Material, dice: random.Random, pattern_chance: float = 0.45) -> None:
    """Gives the material a random plain colour or procedural pattern."""
    tree = material.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    shader = tree.nodes.new("ShaderNodeBsdfPrincipled")
    tree.links.new(shader.outputs[0], output.inputs["Surface"])
    shader.inputs["Roughness"].default_value = dice.uniform(0.25, 1.0)
    shader.inputs["Metallic"].default_value = dice.choice((0, 0, 0, 0, 0, 0.7))
    shader.inputs["Base Color"].default_value = random_colour(dice)
    if dice.random() > pattern_chance:
        return
    kind = dice.choice(
        (
            "ShaderNodeTexChecker",
            "ShaderNodeTexBrick",
            "ShaderNodeTexWave",
            "ShaderNodeTexNoise",
            "ShaderNodeTexVoronoi",
        )
    )
    pattern = tree.nodes.new(kind)
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(coordinates.outputs["Object"], pattern.inputs["Vector"])
    pattern.inputs["Scale"].default_value = dice.uniform(1.0, 5.0)
    mix = tree.nodes.new("ShaderNodeMixRGB")
    mix.inputs["Color1"].default_value = random_colour(dice)
    mix.inputs["Color2"].default_value = random_colour(dice)
    fac = pattern.outputs.get("Fac") or pattern.outputs[0]
    tree.links.new(fac, mix.inputs["Fac"])
    tree.links.new(mix.outputs[0], shader.inputs["Base Color"])


class Stage:
    """One Blender scene whose content is thrown anew for every picture."""

    def __init__(self, files: list[Path], size: int) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.scene = bpy.context.scene
        self.characters = [Character(file) for file in files]
        self.props = [
            self._prop(kind)
            for kind in ("monkey", "cube", "uv_sphere", "cylinder", "cone", "torus", "cube", "ico_sphere")
        ]
        bpy.ops.mesh.primitive_plane_add(size=60)
        self.ground = self._dress(bpy.context.object)
        self.walls = [self._dress(self._wall(angle)) for angle in (0.0, 1.6)]
        self.sun = self._light("SUN")
        self.lamp = self._light("AREA")
        self.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        self.scene.collection.objects.link(self.camera)
        self.scene.camera = self.camera
        self.scene.world = bpy.data.worlds.new("world")
        self.scene.world.use_nodes = True
        self._settings(size)
        for number, item in enumerate((o for o in self.scene.objects if o.type == "MESH"), start=1):
            item.pass_index = number
        for number, item in enumerate(bpy.data.materials, start=1):
            item.pass_index = number

    def _prop(self, kind: str) -> bpy.types.Object:
        getattr(bpy.ops.mesh, f"primitive_{kind}_add")()
        item = bpy.context.object
        if kind not in ("cube", "cone"):
            item.data.polygons.foreach_set("use_smooth", [True] * len(item.data.polygons))
        if kind == "monkey":
            item.modifiers.new("smooth", "SUBSURF").render_levels = 1
        return self._dress(item)

    def _dress(self, item: bpy.types.Object) -> bpy.types.Object:
        material = bpy.data.materials.new(item.name)
        material.use_nodes = True
        item.data.materials.append(material)
        return item

    def _wall(self, angle: float) -> bpy.types.Object:
        bpy.ops.mesh.primitive_plane_add(size=12)
        wall = bpy.context.object
        wall.matrix_world = (
            Matrix.Rotation(angle, 4, "Z") @ Matrix.Translation((0, 5, 5)) @ Matrix.Rotation(math.pi / 2, 4, "X")
        )
        return wall

    def _light(self, kind: str) -> bpy.types.Object:
        light = bpy.data.objects.new(kind, bpy.data.lights.new(kind, kind))
        self.scene.collection.objects.link(light)
        return light

    def _settings(self, size: int) -> None:
        render, layer = self.scene.render, self.scene.view_layers[0]
        render.engine = "CYCLES"
        render.resolution_x = render.resolution_y = size
        render.resolution_percentage = 100
        render.use_persistent_data = True
        render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
        render.image_settings.color_depth = "32"
        render.image_settings.exr_codec = "ZIP"
        layer.use_pass_z = layer.use_pass_normal = layer.use_pass_diffuse_color = True
        layer.use_pass_object_index = layer.use_pass_material_index = True
        self.scene.cycles.max_bounces = 2
        self.scene.cycles.use_adaptive_sampling = False
        self.scene.cycles.denoiser = "OPENIMAGEDENOISE"
        self.scene.cycles.denoising_quality = "FAST"
        self.scene.cycles.denoising_prefilter = "FAST"

    def throw(self, dice: random.Random) -> None:
        """Chooses everything of one picture."""
        for character in self.characters:
            character.show(False)
        for item in (*self.props, *self.walls):
            item.hide_render = True
        target, reach = Vector((0, 0, 1)), 1.2
        if dice.random() < 0.75:
            character = dice.choices(self.characters, CHANCES[: len(self.characters)])[0]
            character.show(True)
            character.pose(dice)
            recolour(
                [slot.material for mesh in character.meshes for slot in mesh.material_slots if slot.material], dice
            )
            low, high = character.bounds()
            character.root.location -= Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z))
            target, reach = Vector((0, 0, (high.z - low.z) / 2)), max((high - low).length / 2, 0.6)
            if dice.random() < 0.3:  # a portrait
                target, reach = Vector((0, 0, (high.z - low.z) * 0.75)), reach * 0.5
            count = dice.choice((0, 0, 1, 2, 3))
        else:
            count = dice.randint(2, 5)
        for number, item in enumerate(dice.sample(self.props, count)):
            self._place(item, dice, centred=number == 0 and target.z == 1)
        self.ground.hide_render = dice.random() < 0.08
        paint_material(self.ground.active_material, dice, 0.4)
        if dice.random() < 0.3:
            for wall in self.walls[: dice.randint(1, 2)]:
                wall.hide_render = False
                paint_material(wall.active_material, dice)
        self._light_up(dice)
        self._aim(dice, target, reach)

    def _place(self, item: bpy.types.Object, dice: random.Random, centred: bool) -> None:
        item.hide_render = False
        size = dice.uniform(0.3, 0.9)
        item.scale = [size * dice.uniform(0.7, 1.3) for _ in range(3)]
        angle, radius = dice.uniform(0, math.tau), 0.0 if centred else dice.uniform(0.9, 2.6)
        item.location = (radius * math.cos(angle), radius * math.sin(angle), size * dice.choice((0.9, 0.9, 1.5)))
        item.rotation_euler = (dice.uniform(-0.4, 0.4), dice.uniform(-0.4, 0.4), dice.uniform(0, math.tau))
        paint_material(item.active_material, dice)

    def _light_up(self, dice: random.Random) -> None:
        self.scene.view_settings.view_transform = dice.choice(("AgX", "Standard", "Filmic"))
        colour = Color(dice.choice(SKIES)) * dice.uniform(0.7, 1.1)
        nodes, links = self.scene.world.node_tree.nodes, self.scene.world.node_tree.links
        nodes.clear()
        output, background = nodes.new("ShaderNodeOutputWorld"), nodes.new("ShaderNodeBackground")
        links.new(background.outputs[0], output.inputs[0])
        background.inputs["Color"].default_value = (*colour, 1)
        background.inputs["Strength"].default_value = dice.uniform(0.4, 1.2)
        if dice.random() < 0.5:
            sky = nodes.new("ShaderNodeTexSky")
            sky.sky_type = dice.choice(("PREETHAM", "HOSEK_WILKIE"))
            sky.sun_direction = Vector((dice.uniform(-1, 1), dice.uniform(-1, 1), dice.uniform(0.1, 1))).normalized()
            sky.turbidity = dice.uniform(2, 7)
            links.new(sky.outputs[0], background.inputs["Color"])
            background.inputs["Strength"].default_value *= 0.6
        self.sun.rotation_euler = Euler((dice.uniform(-1.1, 1.1), dice.uniform(-1.1, 1.1), 0))
        self.sun.data.energy = dice.choice((1.5, 2.5, 3, 4, 5)) * dice.uniform(0.8, 1.2)
        self.sun.data.angle = dice.choice((0.01, 0.05, 0.3))
        self.sun.data.color = (1, dice.uniform(0.85, 1), dice.uniform(0.7, 1))
        self.lamp.location = (dice.uniform(-4, 4), dice.uniform(-4, 4), dice.uniform(2, 5))
        self.lamp.rotation_euler = (-self.lamp.location).to_track_quat("-Z", "Y").to_euler()
        self.lamp.data.energy = dice.choice((0, 0, 100, 400))
        self.lamp.data.size = dice.uniform(0.2, 2)
        self.lamp.data.color = random_colour(dice)[:3]

    def _aim(self, dice: random.Random, target: Vector, reach: float) -> None:
        data = self.camera.data
        data.lens = dice.choice((28, 35, 50, 50, 70))
        distance = reach * dice.uniform(0.75, 1.9) / math.tan(data.angle / 2)
        angle, lift = dice.uniform(0, math.tau), dice.triangular(-0.02, 0.9, 0.2)
        away = Vector((math.cos(angle) * math.cos(lift), math.sin(angle) * math.cos(lift), math.sin(lift)))
        self.camera.location = target + away * distance
        self.camera.location.z = max(self.camera.location.z, 0.15)
        aim = target + Vector([dice.uniform(-0.3, 0.3) * reach for _ in range(3)]) - self.camera.location
        self.camera.rotation_euler = (
            aim.to_track_quat("-Z", "Y").to_matrix() @ Matrix.Rotation(dice.gauss(0, 0.06), 3, "Z")
        ).to_euler()
        data.clip_end = 1000

    def render(self, out: Path) -> None:
        """Writes the crisp data, the beauty and the picture of the scene as it stands."""
        scene, cycles, image = self.scene, self.scene.cycles, self.scene.render.image_settings
        image.file_format, image.color_depth = "OPEN_EXR_MULTILAYER", "32"
        cycles.samples, cycles.filter_width, cycles.use_denoising = 1, 0.01, False
        scene.render.filepath = str(out.with_suffix(".exr"))
        bpy.ops.render.render(write_still=True)
        cycles.samples, cycles.filter_width, cycles.use_denoising = 5, 1.5, True
        scene.render.filepath = str(out.with_name(f"{out.name}_beauty.exr"))
        bpy.ops.render.render(write_still=True)
        image.file_format, image.color_mode, image.color_depth = "PNG", "RGB", "8"
        bpy.data.images["Render Result"].save_render(str(out.with_suffix(".png")), scene=scene)
        camera = [value for row in self.camera.matrix_world for value in row]
        width = self.camera.data.sensor_width / self.camera.data.lens
        out.with_suffix(".json").write_text(json.dumps({"matrix_world": camera, "width_at_unit_depth": width}))


def main(arguments: list[str]) -> None:
    """The command line; see this module's head."""
    parser = argparse.ArgumentParser(
        prog="training scenes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--material", type=Path, required=True, help="folder with character/ and vrm/")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--size", type=int, default=384, help="pixels, square")
    parser.add_argument("--held-out", action="store_true", help="the character kept out of training, for judging")
    choice = parser.parse_args(arguments)
    choice.out.mkdir(parents=True, exist_ok=True)
    names = HELD_OUT if choice.held_out else CHARACTERS
    stage = Stage([choice.material / name for name in names], choice.size)
    for number in range(choice.first, choice.first + choice.count):
        out = choice.out / f"{number:04d}"
        if not out.with_suffix(".json").exists():
            stage.throw(random.Random(number))
            stage.render(out)
            print(f"rendered {out.name}", flush=True)
