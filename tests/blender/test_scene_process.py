"""Blender's side of the command line as a real subprocess: told to stop, killed, resumed, and left alone."""

import os
import signal
import sys
import time
from pathlib import Path

import bpy
import pytest
from flowbrush.backend.blender import scene_command
from flowbrush.backend.client import Connection
from flowbrush.backend.errors import Code
from flowbrush.backend.shot import Shot
from processes import ends_with_its_starter


@pytest.fixture
def blend(tmp_path: Path) -> Path:
    """A cube that turns, saved, with a range that takes a while."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.active_object
    for frame, turn in ((1, 0.0), (12, 1.5)):
        cube.rotation_euler.z = turn
        cube.keyframe_insert("rotation_euler", frame=frame)
    bpy.ops.object.camera_add(location=(0.0, -6.0, 2.0), rotation=(1.25, 0.0, 0.0))
    scene = bpy.context.scene
    scene.camera = bpy.context.active_object
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = 64, 48
    scene.frame_start, scene.frame_end = 1, 12
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "cube.blend"))
    return tmp_path / "cube.blend"


def start(blend: Path, shot: Path) -> tuple[Connection, int]:
    log = blend.with_name("blender.log")
    arguments = ("capture", str(blend), str(shot), "--samples", "1")
    connection = Connection(scene_command(sys.executable, log, *arguments), log)
    return connection, connection.expect()


def finish(blend: Path, shot: Path) -> dict[str, bytes]:
    connection, request = start(blend, shot)
    last = list(connection.messages(request))[-1]
    connection.stop()
    assert last["type"] == "result", last
    assert Shot.load(shot).missing_frames() == []
    return {str(path.relative_to(shot)): path.read_bytes() for path in sorted(shot.glob("p*/*"))}


def wait_for_frame(connection: Connection, request: int) -> None:
    messages = connection.messages(request)
    assert any(message["type"] == "progress" and message["done"] > 0 for message in messages)


def test_a_killed_blender_leaves_whole_frames_and_a_capture_that_resumes(blend: Path, tmp_path: Path) -> None:
    whole = finish(blend, tmp_path / "whole")
    for delay in (0.0, 0.05):
        connection, request = start(blend, tmp_path / "killed")
        wait_for_frame(connection, request)
        time.sleep(delay)
        os.kill(connection.pid, signal.SIGKILL)
        assert list(connection.messages(request))[-1]["code"] == Code.WORKER_DIED
        for path in (tmp_path / "killed").glob("p*/[0-9]*"):
            assert path.read_bytes() == whole[str(path.relative_to(tmp_path / "killed"))]
    assert finish(blend, tmp_path / "killed") == whole


def test_cancel_ends_the_capture_and_keeps_what_is_finished(blend: Path, tmp_path: Path) -> None:
    connection, request = start(blend, tmp_path / "shot")
    wait_for_frame(connection, request)
    connection.cancel(request)
    last = list(connection.messages(request))[-1]
    connection.stop()
    assert last["code"] == Code.CANCELLED
    assert 1 <= len(list((tmp_path / "shot" / "passes").glob("*.exr"))) < 12
    assert not (tmp_path / "shot" / "shot.json").exists()


def test_errors_come_as_messages(tmp_path: Path) -> None:
    connection, request = start(tmp_path / "nowhere.blend", tmp_path / "shot")
    last = list(connection.messages(request))[-1]
    connection.stop()
    assert last["type"] == "error" and "nowhere.blend" in last["sentence"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for the process in /proc")
def test_the_background_blender_ends_when_its_starter_is_killed(blend: Path, tmp_path: Path) -> None:
    starter = f"""
from flowbrush.backend.blender import scene_command
from flowbrush.backend.client import Connection
log = Path({str(tmp_path)!r}) / "log"
arguments = ("capture", {str(blend)!r}, {str(tmp_path / "shot")!r}, "--samples", "64", "--size", "512", "512")
connection = Connection(scene_command(sys.executable, log, *arguments), log)
for message in connection.messages(connection.expect()):
    if message["type"] == "progress":
        print(connection.pid, flush=True)
        time.sleep(60)
"""
    assert ends_with_its_starter(starter)
