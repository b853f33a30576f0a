"""Captures the scenes of scene_files.py. Run by Debian's Blender:

blender --background --python engine_shots.py -- FOLDER PACKAGE NAME...

Leaves FOLDER/<name>/EEVEE for each, and for the first of them FOLDER/<name>/CYCLES too: shots of two frames. Of the
last it leaves FOLDER/changed.json: what the capture with EEVEE did not leave as it was.
"""

import json
import runpy
import sys
from pathlib import Path

import bpy

FOLDER, PACKAGE, *NAMES = sys.argv[sys.argv.index("--") + 1 :]
sys.path.append(str(Path(__file__).resolve().parents[1]))
runpy.run_path(str(Path(PACKAGE) / "launch.py"))["register_package"]()

from blender import rna_dump  # noqa: E402
from flowbrush.scene import compat  # noqa: E402
from flowbrush.scene.capture import CaptureSettings, capture  # noqa: E402

NOW = 7
ENGINES = {"CYCLES": "CYCLES", "EEVEE": compat.EEVEE}

for name in NAMES:
    bpy.ops.wm.open_mainfile(filepath=str(Path(FOLDER) / f"{name}.blend"))
    scene = bpy.context.scene
    before = {}
    for folder in ENGINES if name == NAMES[0] else ["EEVEE"]:
        scene.render.engine = ENGINES[folder]
        if name == NAMES[-1] and folder == "EEVEE":
            rna_dump.dump()  # reading some attributes changes how Blender stores them
            before = rna_dump.dump()
        for captured in capture(scene, Path(FOLDER) / name / folder, CaptureSettings(NOW - 1, NOW, samples=8)):
            print(name, folder, captured.frame, f"{captured.seconds:.1f} s", *captured.notices, flush=True)

changed = rna_dump.difference(before, rna_dump.dump())
Path(FOLDER, "changed.json").write_text(json.dumps({path: repr(values) for path, values in changed.items()}), "utf-8")
