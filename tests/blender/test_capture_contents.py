"""What is in a shot: every pass against rays cast through Blender's geometry, the picture against a plain render."""

from contextlib import closing

import bpy
import cv2
import numpy as np
import pytest
from blender import ray_truth, scenes
from flowbrush.backend.needs import PASSES
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.shot import Shot
from flowbrush.scene.capture import CaptureSettings, capture

WIDTH, HEIGHT, FRAMES = 120, 80, range(4, 7)
SETTINGS = CaptureSettings(FRAMES[0], FRAMES[-1], samples=8, denoise=False, size=(WIDTH, HEIGHT))


@pytest.fixture(scope="module")
def said() -> list[str]:
    """The sentences that the capture of `shot` told the user."""
    return []


@pytest.fixture(scope="module")
def shot(tmp_path_factory, said) -> Shot:
    scene = scenes.odd_scene(64, 48, tmp_path_factory.mktemp("library") / "library.blend")
    folder = tmp_path_factory.mktemp("shots") / "odd {folder} ####"  # nothing in a path may be taken for a template
    with closing(capture(scene, folder, SETTINGS)) as frames:
        for captured in frames:
            said.extend(captured.notices)
    return Shot.load(folder)


@pytest.fixture(scope="module", params=FRAMES)
def seen(request, shot):
    """A frame's passes, the geometry at that frame, and what each pixel's ray hits in it."""
    passes = read_passes(shot, request.param, shot.passes)
    truth = ray_truth.geometry(bpy.context.scene, request.param)
    hits = ray_truth.look(truth, shot.cameras[request.param], WIDTH, HEIGHT)
    return request.param, passes, truth, hits


def agreement(same: np.ndarray) -> float:
    return float(np.mean(same))


def test_surfaces_are_where_the_geometry_is(seen, shot):
    frame, passes, truth, hits = seen
    hit = hits.triangle != ray_truth.MISS
    assert 0.3 < hit.mean() < 0.95
    assert agreement(np.isfinite(passes["depth"]) == hit) > 0.998
    both = hit & np.isfinite(passes["depth"])
    expected = ray_truth.project(shot.cameras[frame], hits.places(truth.corners), WIDTH, HEIGHT)[..., 2]
    assert agreement(np.isclose(passes["depth"], expected, rtol=1e-4)[both]) > 0.995
    assert shot.near <= passes["depth"].min() and passes["depth"][both].max() <= shot.far


def test_normals_face_out_of_the_surface_in_world_space(seen, shot):
    _, passes, truth, hits = seen
    flat = np.isin(truth.objects[hits.triangle], ["Nodes", "Plain", "Bare", "Linked"])
    where = flat & (hits.triangle != ray_truth.MISS) & np.isfinite(passes["depth"])
    assert where.sum() > 1000
    assert agreement((np.abs(passes["normal"] - (0, 0, 1)) < 1e-3).all(axis=-1)[where]) > 0.995
    assert (passes["normal"][~np.isfinite(passes["depth"])] == 0).all()


def test_ids_name_objects_and_materials(seen, shot):
    _, passes, truth, hits = seen
    hit = (hits.triangle != ray_truth.MISS) & np.isfinite(passes["depth"])
    objects = {item.id: item.name for item in shot.objects}
    names = np.vectorize(lambda number: objects.get(number, ""))(passes["object_id"])
    assert agreement((names == truth.objects[hits.triangle])[hit]) > 0.995
    assert {"Nodes", "Plain", "Bare", "Twin of bare", "Empty slot", "Member"} <= set(names[hit].tolist())
    assert (passes["object_id"][~np.isfinite(passes["depth"])] == 0).all()
    materials = {item.id: item.name for item in shot.materials}
    painted = np.vectorize(lambda number: materials.get(number, ""))(passes["material_id"])
    expected = np.where(truth.materials == "", "(no material)", truth.materials)[hits.triangle]
    assert agreement((painted == expected)[hit]) > 0.995
    assert {"nodes", "plain", "(no material)"} <= set(painted[hit].tolist())


def test_surface_coordinate_is_the_rest_position(seen):
    _, passes, truth, hits = seen
    hit = (hits.triangle != ray_truth.MISS) & np.isfinite(passes["depth"])
    expected = hits.places(truth.rest)
    error = np.abs(passes["surface"] - expected).max(axis=-1)
    step = np.abs(np.diff(expected, axis=1, append=np.nan)).max(axis=-1)  # to the next pixel's
    assert agreement(error[hit] < 2e-3) > 0.98
    assert agreement((error < 1e-3 + step / 32)[hit & np.isfinite(step)]) > 0.99
    assert np.ptp(passes["surface"][hit], axis=0)[:2].min() > 1.5


def test_instances_of_one_object_differ_and_keep_their_number(shot):
    first, last = (read_passes(shot, f, ("object_id", "instance")) for f in (FRAMES[0], FRAMES[-1]))
    member = next(item.id for item in shot.objects if item.name == "Member")
    numbers = [np.unique(p["instance"][p["object_id"] == member]) for p in (first, last)]
    assert len(numbers[0]) == 2  # its collection is instanced twice
    assert numbers[0].tolist() == numbers[1].tolist()


def test_vectors_see_the_figure_of_another_frame(shot):
    for frame in FRAMES:
        vector = read_passes(shot, frame, ("vector",))["vector"]
        assert np.abs(vector[..., :2]).max() > 0.1, "motion blur or a stray setting emptied the vectors"


def test_picture_is_the_plain_render_of_the_scene(shot, tmp_path):
    """Except for what no capture can have: motion blur, render region, compositing, stamp, output override."""
    scene, frame = bpy.context.scene, 4
    render = scene.render
    for name in ("use_motion_blur", "use_border", "use_stamp", "use_compositing", "use_multiview"):
        setattr(render, name, False)
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, 100
    scene.animation_data_clear()  # of the samples
    scene.cycles.samples, scene.cycles.use_denoising = 8, False
    scene.view_layers["Other"].use = False
    render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGB"
    render.image_settings.color_management = "FOLLOW_SCENE"
    render.filepath = str(tmp_path / "plain.png")
    scene.frame_set(frame)
    bpy.ops.render.render(write_still=True)
    plain = cv2.imread(str(tmp_path / "plain.png"))[..., ::-1].astype(np.float32) / 255
    picture = read_picture(shot, frame)
    assert picture.std() > 0.05
    assert agreement(np.abs(plain - picture) <= 1.01 / 255) > 0.999


def test_shot_json_says_what_a_reader_needs(shot, said):
    assert (shot.fps, shot.resolution, shot.frames) == ((24000, 1001), (WIDTH, HEIGHT), (4, 6))
    assert shot.cuts == (5,) and shot.cameras[4].name != shot.cameras[5].name
    assert list(shot.notices) == said
    for word in ("motion blur", "compositing", "region", "mono", "frame step is 3", "Linked"):
        assert any(word in sentence for sentence in said), word
    assert tuple(shot.passes) == PASSES


def test_equal_scenes_give_equal_files(tmp_path):
    """No time, no path and no randomness in what is written."""
    written = []
    for name in ("one", "two"):
        scene = scenes.motion_scene(32, 24, shift=False)
        bpy.data.objects.remove(bpy.data.objects["Ball"])  # Blender's smooth normals vary in the last bit
        list(capture(scene, tmp_path / name, CaptureSettings(3, 3, samples=2)))
        written.append([(tmp_path / name / file).read_bytes() for file in ("passes/0003.exr", "pictures/0003.png")])
    assert written[0] == written[1]
