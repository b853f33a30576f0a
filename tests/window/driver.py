"""Drives a real Blender window from inside: moves its mouse, presses its buttons, looks at its screen.

A script is a generator that yields the seconds to wait before it goes on, so that Blender's event loop runs in between.
Blender must run with --enable-event-simulate.

Known traps: bpy.ops.screen.screenshot gives a black picture under software OpenGL, so the virtual screen is
photographed instead. A sidebar's tab can be chosen only after the sidebar has been drawn once.
"""

import json
import os
import subprocess
import time
import traceback
from collections.abc import Callable, Generator
from pathlib import Path

import bpy

Script = Generator[float, None, None]


class Desk:
    """One window, what is found out in it, and the folder for its pictures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: dict[str, object] = {}
        self.editor = "VIEW_3D"  # whose sidebar is clicked in
        self._last_seen: dict[str, int] = {}

    @property
    def window(self) -> bpy.types.Window:
        """Blender's window."""
        return bpy.context.window_manager.windows[0]

    def area(self, kind: str) -> bpy.types.Area:
        """The largest area that shows the editor `kind`."""
        areas = [area for area in self.window.screen.areas if area.type == kind]
        return max(areas, key=lambda area: area.width * area.height)

    def region(self, kind: str, region: str) -> bpy.types.Region:
        """The region `region` of the largest area that shows the editor `kind`."""
        return next(found for found in self.area(kind).regions if found.type == region)

    def photograph(self, name: str) -> None:
        """Saves the whole screen as NAME.png."""
        subprocess.run(["import", "-silent", "-window", "root", str(self.folder / f"{name}.png")], check=True)

    def save(self) -> None:
        """Writes what was found to found.json."""
        (self.folder / "found.json").write_text(json.dumps(self.found, indent=1), "utf-8")

    def event(self, kind: str, value: str, x: int, y: int) -> None:
        """Simulates one event at window position (x, y), y up from the bottom edge."""
        self.window.event_simulate(type=kind, value=value, x=x, y=y)

    def press(self, key: str) -> None:
        """Presses and releases a key over the 3D View."""
        area = self.area("VIEW_3D")
        x, y = area.x + area.width // 3, area.y + area.height // 2
        self.event("MOUSEMOVE", "NOTHING", x, y)
        self.event(key, "PRESS", x, y)
        self.event(key, "RELEASE", x, y)

    def under_mouse(self, x: int, y: int) -> Generator[float, None, str]:
        """Moves the mouse over the sidebar; gives the call of the operator whose button is there, "" for none."""
        self.event("MOUSEMOVE", "NOTHING", x, y)
        yield 0.03
        sidebar = self.region(self.editor, "UI")
        with bpy.context.temp_override(window=self.window, area=self.area(self.editor), region=sidebar):
            if not bpy.ops.ui.copy_python_command_button.poll():
                return ""
            bpy.ops.ui.copy_python_command_button()
        return bpy.context.window_manager.clipboard

    def find(self, operator: str) -> Generator[float, None, tuple[int, int]]:
        """The window position of the sidebar's button for `operator`. Raises LookupError when there is none."""
        call = f"bpy.ops.flowbrush.{operator}()"
        sidebar = self.region(self.editor, "UI")
        x, top = sidebar.x + sidebar.width * 2 // 5, sidebar.y + sidebar.height - 8
        for y in (self._last_seen.get(operator, top), *range(top, sidebar.y, -12)):
            if (yield from self.under_mouse(x, y)) == call:
                self._last_seen[operator] = y
                return x, y
        raise LookupError(f"no button for {call} in the sidebar")

    def click(self, operator: str) -> Generator[float, None, None]:
        """Clicks on the sidebar's button for `operator`."""
        x, y = yield from self.find(operator)
        for kind, value in (("MOUSEMOVE", "NOTHING"), ("LEFTMOUSE", "PRESS"), ("LEFTMOUSE", "RELEASE")):
            self.event(kind, value, x, y)
            yield 0.1

    def until(self, true: Callable[[], bool], what: str, limit: float = 240.0) -> Generator[float, None, None]:
        """Waits until `true()`. Raises TimeoutError naming `what` after `limit` seconds."""
        end = time.monotonic() + limit
        while not true():
            if time.monotonic() > end:
                self.photograph("timeout")
                raise TimeoutError(f"waited {limit:.0f} s for {what}")
            yield 0.1


def perform(script: Callable[[Desk], Script], desk: Desk) -> None:
    """Runs the script from a timer, writes what it found to found.json, and quits Blender."""
    steps = script(desk)

    def step() -> float | None:
        try:
            return next(steps)
        except StopIteration:
            pass
        except Exception:  # noqa: BLE001  Blender must be left, whatever went wrong
            desk.found["failure"] = traceback.format_exc()
        desk.save()
        bpy.ops.wm.quit_blender()
        return None

    bpy.app.timers.register(step, first_interval=2.0, persistent=True)


def running(pid: int) -> bool:
    """Whether a process of that number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
