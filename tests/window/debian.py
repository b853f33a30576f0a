"""The real Blenders of Debian, unpacked into .environments/ by make_root, and how to run them."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import flowbrush
import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PACKAGE = Path(flowbrush.__file__).resolve().parent


class Root:
    """A folder with a real Blender in it, and the ways to run that."""

    def __init__(self, suite: str) -> None:
        self.suite = suite
        self.folder = REPOSITORY / ".environments" / f"blender-{suite}"

    def make(self) -> None:
        """Makes the root if it is not there. Skips the test, with the reason, where that cannot be done."""
        if os.geteuid() != 0:
            pytest.skip("unpacking Debian's Blender needs to be root")
        if shutil.which("apt-get") is None:
            pytest.skip("unpacking Debian's Blender needs apt")
        self.folder.parent.mkdir(exist_ok=True)
        made = subprocess.run(
            [HERE / "make_root", self.suite, self.folder], capture_output=True, text=True, timeout=900
        )
        if made.returncode != 0:
            pytest.skip(f"Debian {self.suite} gave no Blender: {made.stderr.strip()[-300:]}")

    def prepare(self, folder: Path) -> tuple[Path, Path]:
        """Writes the built extension and the demo's scene into `folder`, and gives both."""
        home, log, scene = folder / "home", folder / "log", folder / "scene.blend"
        home.mkdir()
        build = ["blender", "--command", "extension", "build", "--source-dir", PACKAGE, "--output-dir", folder]
        assert self.run(home, *build) == 0
        script = ["blender", "--background", "--python", PACKAGE / "launch.py", "--", "scene", "--log", log]
        self.run(home, *script, "demo-scene", scene)
        assert scene.exists(), "the demo's scene was not written; what Blender said is above"
        (archive,) = folder.glob("flowbrush-*.zip")
        return archive, scene

    def install(self, home: Path, archive: Path) -> None:
        """Installs the extension for a new user, whose HOME is made."""
        home.mkdir()
        own = shutil.copy(archive, home.parent)
        install = ["blender", "--command", "extension", "install-file", "-r", "user_default", "-e"]
        assert self.run(home, *install, own) == 0

    def run(self, home: Path, *command: str | Path, limit: float = 120.0, also: tuple[Path, ...] = ()) -> int:
        """Runs a command inside; HOME, the test's folder, the package, the backend's Python and `also` are there."""
        folders = dict.fromkeys([HERE, PACKAGE, home.parent, Path(sys.prefix), Path(sys.base_prefix), *also])
        process = subprocess.Popen(
            [HERE / "in_root", self.folder, *(word for folder in folders for word in ("--bind", folder)), *command],
            env={**os.environ, "IN_ROOT_HOME": str(home)},
            stdin=subprocess.PIPE,  # the scene's command line takes the end of its standard input for its own
            start_new_session=True,
        )
        try:
            return process.wait(limit)
        finally:
            if process.poll() is None:  # a window that hangs must not outlive the test
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            process.stdin.close()
