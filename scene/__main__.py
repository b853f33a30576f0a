"""Blender's side of the command line: one request on the command line, answered in messages (see `backend.protocol`).

Run by `backend.blender.scene_command` in a background Blender or a Python with bpy, never in the user's own window.
"""

import argparse
import os
import sys
from contextlib import closing
from pathlib import Path

from ..backend.conversation import REQUEST, Conversation
from ..backend.needs import EXTRAS, PASSES
from ..backend.protocol import Channel


def capture(given: argparse.Namespace, talk: Conversation) -> None:
    """Captures the file's scene into a shot folder."""
    import bpy

    from .cameras import see_through
    from .capture import CaptureSettings, capture
    from .open_file import open_file

    for notice in open_file(given.file):
        talk.notice(notice)
    scene = bpy.data.scenes[given.scene] if given.scene else bpy.context.scene
    if given.camera:
        see_through(scene, given.camera)
    first, last = given.frames or (scene.frame_start, scene.frame_end)
    settings = CaptureSettings(
        first,
        last,
        samples=given.samples,
        size=tuple(given.size) if given.size else None,
        passes=tuple(given.passes),
        extras=tuple(given.extras),
    )

    def tell(done: int, total: int) -> None:
        talk.progress(0, total, f"Looked at {done} of {total} frames")

    kept = 0
    with closing(capture(scene, given.shot, settings, tell)) as frames:
        for done in frames:
            for notice in done.notices:
                talk.notice(notice)
            kept += done.kept
            what = "had not changed" if done.kept else "is captured"
            talk.progress(done.done, done.total, f"Frame {done.frame} {what}", None if done.kept else done.seconds)
    if kept:
        talk.result = f"{kept} of {done.total} frames had not changed"


def sequence(given: argparse.Namespace, talk: Conversation) -> None:
    """Makes an edit .blend from takes, and a movie where one is asked for."""
    from .edit import make_edit, render_movie

    for notice in make_edit(given.shot, given.take, given.out, given.source):
        talk.notice(notice)
    talk.progress(1, 2, f"Wrote {given.out}")
    if given.movie:
        render_movie(given.out, given.movie)
        talk.progress(2, 2, f"Wrote {given.movie}")


def demo_scene(given: argparse.Namespace, talk: Conversation) -> None:
    """Writes the bundled demo scene."""
    from .demo_scene import build_demo_scene

    build_demo_scene(given.out)
    talk.progress(1, 1, f"Wrote {given.out}")


def comparison(given: argparse.Namespace, talk: Conversation) -> None:
    """Renders the shot's pictures and its takes side by side into one movie."""
    from .edit import render_comparison

    render_comparison(given.shot, given.take, given.out)
    talk.progress(1, 1, f"Wrote {given.out}")


def parser() -> argparse.ArgumentParser:
    """The commands, each with the function that does it."""
    top = argparse.ArgumentParser(prog="flowbrush scene")
    top.add_argument("--log", type=Path, required=True)
    commands = top.add_subparsers(required=True)
    one = commands.add_parser("capture")
    one.add_argument("file", type=Path)
    one.add_argument("shot", type=Path)
    one.add_argument("--frames", nargs=2, type=int)
    one.add_argument("--size", nargs=2, type=int)
    one.add_argument("--samples", type=int)
    one.add_argument("--scene", default="")
    one.add_argument("--camera", default="", help="the full name of one that is used in place of the scene's")
    one.add_argument("--passes", nargs="*", choices=PASSES, default=PASSES)
    one.add_argument("--extras", nargs="*", choices=EXTRAS, default=())
    one.set_defaults(run=capture)
    one = commands.add_parser("sequence")
    one.add_argument("shot", type=Path)
    one.add_argument("out", type=Path)
    one.add_argument("--take", action="append", required=True)
    one.add_argument("--source", type=Path)
    one.add_argument("--movie", type=Path)
    one.set_defaults(run=sequence)
    one = commands.add_parser("demo-scene")
    one.add_argument("out", type=Path)
    one.set_defaults(run=demo_scene)
    one = commands.add_parser("comparison")
    one.add_argument("shot", type=Path)
    one.add_argument("out", type=Path)
    one.add_argument("--take", action="append", required=True)
    one.set_defaults(run=comparison)
    return top


def main() -> None:
    """Does the command and answers with its result or error."""
    given = parser().parse_args()
    channel = Channel(given.log)
    talk = Conversation(channel)
    try:
        given.run(given, talk)
    except Exception as error:  # noqa: BLE001  whatever Blender raises: the user is told through the channel
        channel.send_error(REQUEST, error)
    else:
        channel.send("result", id=REQUEST, **({"sentence": talk.result} if talk.result else {}))


if __name__ == "__main__":
    main()
    # Blender would go on to its own shutdown, which frees everything slowly and can crash in the bpy module.
    sys.stdout.flush()
    os._exit(0)
