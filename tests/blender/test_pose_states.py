"""Who is in the picture, what hides whom, what a head shows that is turned, and what the user chose."""

import math
from contextlib import closing

import bpy
import pytest
import rig_names
from blender.people import (
    FRAME,
    HIDING,
    SMALL,
    TWO_PIXELS,
    add_face,
    bone_head,
    build,
    by_name,
    captured,
    distance,
    front,
    one_person,
    stage,
    standing,
    states,
    wall,
)
from flowbrush.backend.pose import State, read_people
from flowbrush.backend.shot import Shot
from flowbrush.scene import pose
from flowbrush.scene.capture import CaptureSettings, capture


def test_a_joint_behind_a_wall_is_flagged_and_one_inside_its_own_body_is_not(tmp_path):
    scene, _ = one_person()
    wall(0.6, -0.5)
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    found = states(person)
    hidden = {name for name, state in found.items() if state == State.OCCLUDED}
    assert hidden == {"left_elbow", "left_wrist"}
    assert not by_name(person)["left_wrist"].drawn and by_name(person)["right_wrist"].drawn
    assert all(state == State.VISIBLE for name, state in found.items() if name not in hidden)


def test_a_wall_behind_hides_nothing_and_a_sleeve_does_not_either(tmp_path):
    scene, armature = one_person()
    wall(0.6, 0.3)
    sleeve = wall(-0.6, -0.04)  # almost touches the arm, and belongs to nobody
    sleeve.name = "Sleeve"
    shield = wall(0.6, -0.5)  # carried
    shield.name, shield.parent = "Shield", armature
    cloak = wall(0.0, -0.5)  # bent by the body that the armature bends
    cloak.name = "Cloak"
    cloak.modifiers.new("Bound", "SURFACE_DEFORM").target = bpy.data.objects["Rig body"]
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    assert set(states(person).values()) == {State.VISIBLE}
    cloak.modifiers.clear()
    cloak.constraints.new("LOCKED_TRACK").target = armature  # a sign that turns to the person hides it
    (person,) = captured(scene, tmp_path / "sign", SMALL, HIDING)
    assert states(person)["neck"] == State.OCCLUDED


def test_without_depth_nothing_is_said_to_be_hidden(tmp_path):
    scene, _ = one_person()
    wall(0.6, -0.5)
    (person,) = captured(scene, tmp_path / "shot", SMALL)
    assert set(states(person).values()) == {State.VISIBLE}


def test_two_people_keep_their_order_and_hide_each_other(tmp_path):
    scene = stage(*SMALL)
    standing(name="B behind").location = (0.1, 1, 0)
    standing("unreal", name="A in front")
    front(scene)
    people = captured(scene, tmp_path / "shot", SMALL, HIDING)
    assert [person.name for person in people] == ["A in front", "B behind"]
    assert State.OCCLUDED not in states(people[0]).values()
    assert states(people[1])["neck"] == State.OCCLUDED
    hide = bpy.data.objects["A in front body"]
    hide.hide_render = True
    assert [person.name for person in captured(scene, tmp_path / "other", SMALL, HIDING)] == ["B behind"]


@pytest.mark.parametrize(
    ("turn", "away"),
    [
        (0.0, set()),
        (math.pi, {"nose", "left_eye", "right_eye"}),
        (math.pi / 2, {"right_eye", "right_ear"}),  # the camera is at the person's left
        (-math.pi / 2, {"left_eye", "left_ear"}),
    ],
)
def test_a_turned_head_shows_what_people_would_annotate(turn, away, tmp_path):
    scene, _ = one_person(turn)
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    assert {name for name, state in states(person).items() if state == State.AWAY} == away
    ends = by_name(person)
    if turn == 0.0:
        assert ends["right_ear"].x < ends["right_eye"].x < ends["nose"].x < ends["left_eye"].x < ends["left_ear"].x
        assert ends["left_eye"].y < ends["nose"].y < ends["neck"].y


def test_what_is_outside_or_behind_the_camera_is_said(tmp_path):
    scene, _ = one_person()
    scene.camera.location = (0.5, -1.0, 1.2)
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    found = states(person)
    assert found["right_wrist"] == found["left_ankle"] == State.OUTSIDE and found["left_elbow"] == State.VISIBLE
    scene.camera.location = (0.5, 6, 1.2)
    assert captured(scene, tmp_path / "behind", SMALL, HIDING) == ()


@pytest.fixture
def registered():
    """The property of armatures, as in a Blender with the extension."""
    from flowbrush.properties.person import FlowbrushPerson

    bpy.utils.register_class(FlowbrushPerson)
    bpy.types.Object.flowbrush_person = bpy.props.PointerProperty(type=FlowbrushPerson)
    yield
    if hasattr(bpy.types.Object, "flowbrush_person"):
        del bpy.types.Object.flowbrush_person
        bpy.utils.unregister_class(FlowbrushPerson)


def test_the_users_choice_wins_is_saved_and_needs_no_extension_to_be_read(registered, tmp_path):
    from flowbrush.properties.person import FlowbrushPerson

    scene, armature = one_person()
    detected = pose.detect(armature)
    for joint, bone in detected.bones.items():
        setattr(armature.flowbrush_person, joint, bone)
    armature.flowbrush_person.left_wrist = "mixamorig:LeftHandMiddle3"
    armature.flowbrush_person.occluded = True
    other = build("rigify", "Nobody")
    other.flowbrush_person.use = False
    wall(0.6, -0.5)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"))
    del bpy.types.Object.flowbrush_person
    bpy.utils.unregister_class(FlowbrushPerson)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "file.blend"))
    scene = bpy.context.scene
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    wrist = by_name(person)["left_wrist"]
    chosen = bone_head(bpy.data.objects["Rig"], "mixamorig:LeftHandMiddle3")
    assert distance(scene, wrist, chosen, SMALL) < TWO_PIXELS
    assert wrist.state == State.OCCLUDED and wrist.drawn


def test_detect_fills_in_the_fields_and_clear_empties_them(registered):
    from flowbrush.operators import bones

    for cls in bones.CLASSES:
        bpy.utils.register_class(cls)
    stage(*SMALL)
    armature = build("unreal")
    person = armature.flowbrush_person
    person.head = "pelvis"
    assert bpy.ops.flowbrush.detect_bones() == {"FINISHED"}
    expected = rig_names.joints(rig_names.MAKERS["unreal"])
    assert {joint: getattr(person, joint) for joint in expected} == expected
    assert person.nose == "" and person.found.startswith("Names as in Unreal; 100%")
    assert bpy.ops.flowbrush.clear_bones() == {"FINISHED"}
    assert not any(getattr(person, joint) for joint in expected)
    armature.data.bones["thigh_l"].name = armature.data.bones["thigh_r"].name = "something"
    assert bpy.ops.flowbrush.detect_bones() == {"CANCELLED"}
    assert person.found == "No person was found in these bones"
    bpy.context.view_layer.objects.active = None
    with pytest.raises(RuntimeError, match="Select an armature"):
        bpy.ops.flowbrush.detect_bones()
    for cls in reversed(bones.CLASSES):
        bpy.utils.unregister_class(cls)


def test_an_armature_that_its_user_hides_is_still_a_person_while_its_body_shows(tmp_path):
    scene, armature = one_person()
    arm = armature.pose.bones["mixamorig:LeftArm"]
    arm.rotation_mode = "XYZ"
    for frame, turn in ((FRAME - 2, 0.0), (FRAME, 0.8)):
        arm.rotation_euler.x = turn
        arm.keyframe_insert("rotation_euler", frame=frame)
    scene.frame_set(FRAME)
    place = bone_head(armature, "mixamorig:LeftHand").copy()
    scene.frame_set(FRAME - 2)
    armature.hide_set(True)
    armature.hide_render = armature.hide_viewport = True
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    assert distance(scene, by_name(person)["left_wrist"], place, SMALL) < TWO_PIXELS
    assert armature.hide_viewport


def test_motion_without_a_body_is_a_person_while_nobody_has_one(tmp_path):
    scene = stage(*SMALL)
    motion = build("unreal", "Motion")
    front(scene)
    assert [p.name for p in captured(scene, tmp_path / "motion", SMALL)] == ["Motion"]
    standing()
    assert [p.name for p in captured(scene, tmp_path / "body", SMALL)] == ["Rig"]
    for item in [bpy.data.objects["Rig"], bpy.data.objects["Rig body"]]:
        bpy.data.objects.remove(item)
    motion.hide_set(True)
    assert captured(scene, tmp_path / "hidden", SMALL) == ()


def test_what_is_deleted_meanwhile_is_gone(tmp_path):
    scene = stage(*SMALL)
    add_face(standing(name="A"))
    standing(name="B")
    front(scene)
    settings = CaptureSettings(FRAME, FRAME + 2, samples=1, denoise=False, size=SMALL, passes=HIDING, extras=("pose",))
    with closing(capture(scene, tmp_path / "shot", settings)) as frames:
        next(frames)
        bpy.data.objects.remove(bpy.data.objects["B"])
        bpy.data.meshes.remove(bpy.data.meshes["Face"])
        list(frames)
    shot = Shot.load(tmp_path / "shot")
    people = [read_people(shot.pose_path(frame), SMALL) for frame in shot.frame_numbers]
    assert [[person.name for person in found] for found in people] == [["A", "B"], ["A"], ["A"]]
