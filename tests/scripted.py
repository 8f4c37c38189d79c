"""A server on 127.0.0.1 that gives the answers it was started with, and keeps the questions."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Script:
    """What a server will answer and was asked."""

    url = ""

    def begin(self, *answers: Any, files: dict[str, Any] | None = None) -> None:
        """Forget what was, and answer with these."""
        self.answers, self.files = answers, files or {}
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []


@contextlib.contextmanager
def serving(*answers: Any, files: dict[str, Any] | None = None) -> Iterator[Script]:
    """Serve them.

    Args:
        answers: one for each POST, the last again and again: JSON, a body as text or bytes,
            ``(status, body)``, or a function of the question that gives such.
        files: by path, what a GET gives: ``(status, headers, bytes)``.
    """
    script = Script()
    script.begin(*answers, files=files)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("content-length", 0)))
            script.paths.append(self.path)
            script.headers.append(dict(self.headers))
            is_json = "json" in self.headers.get("content-type", "")
            script.asked.append(json.loads(data) if is_json else {"multipart": data})
            answer = script.answers[min(len(script.asked), len(script.answers)) - 1]
            answer = answer(script.asked[-1]) if callable(answer) else answer
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            if not isinstance(body, str | bytes):
                body = json.dumps(body)
            self._send(status, {"content-type": "application/json"}, body)

        def do_GET(self) -> None:
            script.paths.append(self.path)
            script.headers.append(dict(self.headers))
            self._send(*script.files.get(self.path, (404, {}, b"")))

        def _send(self, status: int, headers: dict[str, str], body: str | bytes) -> None:
            body = body.encode() if isinstance(body, str) else body
            self.send_response(status)
            for name, value in ({"content-length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
