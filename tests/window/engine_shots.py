"""Captures the scenes of scene_files.py. Run by Debian's Blender:

blender --background --python engine_shots.py -- FOLDER PACKAGE NAME...

Leaves FOLDER/<name>/EEVEE for each, and for the first of them FOLDER/<name>/CYCLES too: shots of two frames.
"""

import runpy
import sys
from pathlib import Path

import bpy

FOLDER, PACKAGE, *NAMES = sys.argv[sys.argv.index("--") + 1 :]
runpy.run_path(str(Path(PACKAGE) / "launch.py"))["register_package"]()

from flowbrush.scene import compat  # noqa: E402
from flowbrush.scene.capture import CaptureSettings, capture  # noqa: E402

NOW = 7
ENGINES = {"CYCLES": "CYCLES", "EEVEE": compat.EEVEE}

for name in NAMES:
    bpy.ops.wm.open_mainfile(filepath=str(Path(FOLDER) / f"{name}.blend"))
    scene = bpy.context.scene
    for folder in ENGINES if name == NAMES[0] else ["EEVEE"]:
        scene.render.engine = ENGINES[folder]
        for captured in capture(scene, Path(FOLDER) / name / folder, CaptureSettings(NOW - 1, NOW, samples=8)):
            print(name, folder, captured.frame, f"{captured.seconds:.1f} s", *captured.notices, flush=True)
