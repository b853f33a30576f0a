"""Runs a module of Flowbrush from wherever this folder lies, whatever its name.

    python -I launch.py backend serve
    blender --background FILE.blend --python-exit-code 1 --python launch.py -- scene capture SHOT

The package is registered as `flowbrush` from this file's own folder. No folder is put on the module path: the one
above an installed extension holds other people's extensions, and must not answer an `import`.
"""

import importlib.util
import runpy
import sys
from pathlib import Path


def register_package() -> None:
    """Makes `import flowbrush` mean this folder; does nothing if it is registered already."""
    if "flowbrush" in sys.modules:
        return
    root = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        "flowbrush", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["flowbrush"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    register_package()
    sys.argv = [f"flowbrush {arguments[0]}", *arguments[1:]]
    runpy.run_module(f"flowbrush.{arguments[0]}", run_name="__main__", alter_sys=False)
