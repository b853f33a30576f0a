"""A package index of tiny made-up packages on this machine, which counts what it is asked for, and can stall."""

import base64
import hashlib
import io
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def wheel(name: str, files: dict[str, bytes]) -> tuple[str, bytes]:
    """File name and bytes of a wheel of `name` 1.0 that installs `files`."""
    info = f"{name}-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: made\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_checksum(data)},{len(data)}\n" for path, data in files.items())
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, data in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}.items():
            archive.writestr(path, data)
    return f"{name}-1.0-py3-none-any.whl", content.getvalue()


def _checksum(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _metadata(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA")))


@dataclass
class Index:
    """wheels: by file name.

    stalled: a file that is sent half, or a project that is not
    answered for, until `go_on` is set. asked: how often for each file."""

    url: str
    wheels: dict[str, bytes]
    stalled: str = ""
    go_on: threading.Event = field(default_factory=threading.Event)
    asked: Counter[str] = field(default_factory=Counter)


@contextmanager
def serve(wheels: dict[str, bytes]) -> Iterator[Index]:
    """An index with these wheels, on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, _, name = self.path.strip("/").partition("/")
            if kind == "simple" and name == index.stalled:
                index.asked[name] += 1
                index.go_on.wait(60)
            if kind == "files" and name in index.wheels:
                index.asked[name] += 1
                self._send(index.wheels[name], "application/octet-stream", name == index.stalled)
            elif kind == "files" and name.endswith(".metadata"):
                self._send(_metadata(index.wheels[name.removesuffix(".metadata")]), "text/plain", False)
            elif kind == "simple" and (links := self._links(name)):
                self._send(f"<!doctype html><html><body>{links}</body></html>".encode(), "text/html", False)
            else:
                self.send_error(404)

        def _links(self, name: str) -> str:
            files = (file for file in index.wheels if file.split("-")[0] == name.replace("-", "_"))
            return "".join(f'<a href="/files/{file}" data-core-metadata="true">{file}</a>' for file in files)

        def _send(self, content: bytes, kind: str, stall: bool) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            half = len(content) // 2
            self.wfile.write(content[:half])
            self.wfile.flush()
            if stall:
                index.go_on.wait(60)
            self.wfile.write(content[half:])

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    index = Index(f"http://127.0.0.1:{server.server_port}/simple", wheels)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield index
    finally:
        index.go_on.set()
        server.shutdown()
        server.server_close()


def requirements(folder: Path, *names: str) -> Path:
    """A requirement file with `names`."""
    path = folder / "requirements.txt"
    path.write_text("\n".join(names), "utf-8")
    return path
