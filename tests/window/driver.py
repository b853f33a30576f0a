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

    def photograph(self, name: str, part: tuple[int, int, int, int] | None = None) -> None:
        """Saves the screen as NAME.png. part: left, bottom, width and height; None for all of it."""
        crop = []
        if part is not None:
            left, bottom, width, height = part
            crop = ["-crop", f"{width}x{height}+{left}+{self.window.height - bottom - height}", "+repage"]
        picture = str(self.folder / f"{name}.png")
        subprocess.run(["import", "-silent", "-window", "root", *crop, picture], check=True)

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

    def under_mouse(self, x: int, y: int) -> Generator[float, None, set[str]]:
        """Moves the mouse over the sidebar; gives the call of the operator and the property that are there."""
        self.event("MOUSEMOVE", "NOTHING", x, y)
        yield 0.03
        sidebar = self.region(self.editor, "UI")
        found = set()
        with bpy.context.temp_override(window=self.window, area=self.area(self.editor), region=sidebar):
            for copy in (bpy.ops.ui.copy_python_command_button, bpy.ops.ui.copy_data_path_button):
                if copy.poll():
                    copy()
                    found.add(bpy.context.window_manager.clipboard)
        return found

    def find(self, wanted: str) -> Generator[float, None, tuple[int, int]]:
        """The window position of the sidebar's button for an operator or field for a property of Flowbrush.

        Turns the mouse's wheel, down and then up, where it is not in sight.
        Raises LookupError when there is none.
        """
        names = {f"bpy.ops.flowbrush.{wanted}()", f"flowbrush.{wanted}"}
        sidebar = self.region(self.editor, "UI")
        x, top = sidebar.x + sidebar.width * 3 // 5, sidebar.y + sidebar.height - 8
        for wheel in ("", "WHEELDOWNMOUSE", "WHEELUPMOUSE"):
            for _ in range(20 if wheel else 0):
                self.event(wheel, "PRESS", x, top)
                yield 0.03
            for y in (self._last_seen.get(wanted, top), *range(top, sidebar.y, -12)):
                if names & (yield from self.under_mouse(x, y)):
                    self._last_seen[wanted] = y
                    return x, y
        raise LookupError(f"neither button nor field for {wanted} in the sidebar")

    def click(self, wanted: str) -> Generator[float, None, None]:
        """Clicks on the sidebar's button for an operator, or on its field for a property."""
        x, y = yield from self.find(wanted)
        yield from self.click_at(x, y)

    def click_at(self, x: int, y: int) -> Generator[float, None, None]:
        """Moves the mouse to a window position and clicks."""
        for kind, value in (("MOUSEMOVE", "NOTHING"), ("LEFTMOUSE", "PRESS"), ("LEFTMOUSE", "RELEASE")):
            self.event(kind, value, x, y)
            yield 0.1

    def type(self, text: str) -> Generator[float, None, None]:
        """Types small letters and spaces into what has the keyboard."""
        area = self.area(self.editor)
        for letter in text:
            key = "SPACE" if letter == " " else letter.upper()
            self.window.event_simulate(type=key, value="PRESS", unicode=letter, x=area.x + 9, y=area.y + 9)
            self.event(key, "RELEASE", area.x + 9, area.y + 9)
            yield 0.2

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
