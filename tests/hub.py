"""A small server that speaks as much of the Hugging Face hub's API as a download needs, and can misbehave."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c0ffee" + "0" * 34


@dataclass
class Hub:
    """What it serves and how. files: by their name in every repository.

    status: of answers about repositories. cut: after how many bytes a connection ends, once for each number. lie: the
    files come with other bytes than are announced. slow: seconds before every 64 kB. requests: what was asked for.
    """

    files: dict[str, bytes]
    commit: str = COMMIT
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: list[int] = field(default_factory=list)
    lie: bool = False
    ignores_ranges: bool = False
    slow: float = 0.0
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def about(self) -> bytes:
        """The answer to `model_info`."""
        siblings = [self._sibling(name, content) for name, content in self.files.items()]
        return json.dumps({"id": "me/mine", "sha": self.commit, "siblings": siblings}).encode()

    def _sibling(self, name: str, content: bytes) -> dict[str, object]:
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        about: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": blob}
        if name.endswith(".safetensors"):
            sha256 = hashlib.sha256(content).hexdigest()
            about["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
        return about


class _Answers(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        hub = self.hub
        hub.requests.append((self.path, self.headers.get("Range", "")))
        if hub.status != 200:
            return self._say(hub.status, b"{}")
        if self.path.startswith("/api/models/"):
            return self._say(200, hub.about())
        name = self.path.partition(f"/resolve/{hub.commit}/")[2]
        if name not in hub.files:
            return self._say(404, b"")
        content, start = hub.files[name], 0
        if (asked := self.headers.get("Range", "")) and not hub.ignores_ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        sent = content[start:] if not hub.lie else bytes(255 - byte for byte in content[start:])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(sent)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        limit = hub.cut.pop(0) if hub.cut and name.endswith(".safetensors") else len(sent)
        for place in range(0, min(limit, len(sent)), 65536):
            time.sleep(hub.slow)
            self.wfile.write(sent[place : min(place + 65536, limit)])
        if limit < len(sent):
            self.close_connection = True

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        for name, value in {**self.hub.headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""

    def handle(self) -> None:
        with suppress(ConnectionError):  # who asked has gone
            super().handle()


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serves `hub` on this machine, at `hub.url`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (_Answers,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
