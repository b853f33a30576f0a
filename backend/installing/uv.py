"""The program uv (Astral; MIT or Apache-2.0), which installs the packages: found on the machine, or fetched.

It is not in Flowbrush's own zip: a build for each of six systems would make that 100 MB larger, for the one in six that
is used. Fetched is the locked version's wheel, whose checksum is written here.
"""

import hashlib
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from pathlib import Path
from urllib.parse import urljoin

from ..errors import BackendError, Code
from ..storage import make_folder, write_whole

OLDEST = (0, 9)  # knows the builds of torch that `variants` asks for
VERSION = "0.13.9"
INDEX = "https://pypi.org/simple"
_LIMIT = 100_000_000  # bytes; the largest of the wheels is 18 MB
_NAME = "uv.exe" if os.name == "nt" else "uv"


@dataclass(frozen=True)
class Wheel:
    """A wheel of uv on the Python Package Index: its file's name, and the SHA-256 of its bytes."""

    file: str
    sha256: str


_LINUX = f"uv-{VERSION}-py3-none-manylinux_2_17_"
# (sys.platform, platform.machine() in small letters)
WHEELS: dict[tuple[str, str], Wheel] = {
    ("linux", "x86_64"): Wheel(
        f"{_LINUX}x86_64.manylinux2014_x86_64.whl", "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19"
    ),
    ("linux", "aarch64"): Wheel(
        f"{_LINUX}aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
        "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    ),
    ("darwin", "arm64"): Wheel(
        f"uv-{VERSION}-py3-none-macosx_11_0_arm64.whl",
        "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    ),
    ("darwin", "x86_64"): Wheel(
        f"uv-{VERSION}-py3-none-macosx_10_12_x86_64.whl",
        "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",
    ),
    ("win32", "amd64"): Wheel(
        f"uv-{VERSION}-py3-none-win_amd64.whl", "6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b"
    ),
    ("win32", "arm64"): Wheel(
        f"uv-{VERSION}-py3-none-win_arm64.whl", "eeb92051c2123b9730c46b04cc843cfa4bc7d7b0aec56df431a2215ef4cb0273"
    ),
}


def find(own: Path) -> Path | None:
    """uv on this machine: in the folder `own`, beside this Python, on the path, or where its installers put it."""
    home = Path.home()
    usual = (home / ".local/bin", home / ".cargo/bin", Path("/opt/homebrew/bin"), Path("/usr/local/bin"))
    on_path = shutil.which("uv")
    candidates = (own / _NAME, Path(sys.executable).with_name(_NAME), *((Path(on_path),) if on_path else ()))
    for path in (*candidates, *(folder / _NAME for folder in usual)):
        if path.is_file() and _version(path) >= OLDEST:
            return path
    return None


def fetch(own: Path, variables: Mapping[str, str] = os.environ, wheel: Wheel | None = None) -> Path:
    """Downloads uv's wheel from the package index, checks its SHA-256, and puts its program into the folder `own`.

    variables: where an index of the user's is named. wheel: this machine's, if none is given. Raises
    BackendError(NO_ENVIRONMENT) where that cannot be done.
    """
    wheel = wheel or WHEELS.get((sys.platform, platform.machine().lower()))
    if wheel is None:
        raise _failure(f"there is no build of it for {sys.platform} {platform.machine()}")
    index = next(
        (variables[name] for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL") if name in variables), INDEX
    )
    page_url = f"{index.rstrip('/')}/uv/"
    try:
        page = _read(page_url, variables).decode("utf-8", "replace")
        links = (unescape(link) for link in re.findall(r'href="([^"]+)"', page))
        link = next(
            (
                link
                for link in links
                if link.split("#")[0].endswith(f"/{wheel.file}") or link.split("#")[0] == wheel.file
            ),
            None,
        )
        if link is None:
            raise _failure(f"{index} does not have {wheel.file}")
        content = _read(urljoin(page_url, link.split("#")[0]), variables)
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise _failure(f"{index} cannot be reached ({reason})") from error
    if hashlib.sha256(content).hexdigest() != wheel.sha256:
        raise _failure(f"what {index} sent is not {wheel.file}: its checksum differs")
    with zipfile.ZipFile(BytesIO(content)) as archive:
        (member,) = [name for name in archive.namelist() if name.endswith(f".data/scripts/{_NAME}")]
        program = archive.read(member)
    path = make_folder(own) / _NAME
    write_whole(path, program)
    path.chmod(0o755)
    return path


def find_or_fetch(own: Path, say: Callable[[str], None]) -> Path:
    """uv from this machine, or fetched into the folder `own` after saying so. Raises BackendError(NO_ENVIRONMENT)."""
    found = find(own)
    if found is None:
        say(f"Fetching uv {VERSION}, which installs the packages (about 18 MB)")
        found = fetch(own)
    return found


def _version(program: Path) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.match(r"uv (\d+)\.(\d+)", answer.stdout)
    return tuple(int(part) for part in found.groups()) if found else ()


def _read(url: str, variables: Mapping[str, str]) -> bytes:
    """At most _LIMIT bytes from `url`. Raises OSError."""
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=30, context=_certificates(variables)) as answer:
        content: bytes = answer.read(_LIMIT + 1)
    if len(content) > _LIMIT:
        raise OSError("it sends too much")
    return content


def _certificates(variables: Mapping[str, str]) -> ssl.SSLContext:
    """Those that the user names, else those of Blender's Python: a Blender from blender.org finds no system ones."""
    named = variables.get("SSL_CERT_FILE") or variables.get("PIP_CERT")
    if not named:
        try:
            import certifi
        except ImportError:
            return ssl.create_default_context()
        named = certifi.where()
    return ssl.create_default_context(cafile=named)


def _failure(reason: str) -> BackendError:
    return BackendError(
        Code.NO_ENVIRONMENT,
        f"uv, which installs the packages, cannot be fetched: {reason}. Check the connection and try again, "
        "or install uv yourself (docs.astral.sh/uv)",
    )
