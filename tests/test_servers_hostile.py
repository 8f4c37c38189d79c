"""Servers that lie: answers of any form, keys that they quote, other hosts, packed and slow answers."""

from __future__ import annotations

import base64
import gzip
import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

for needed in ("httpx", "starlette", "uvicorn"):
    pytest.importorskip(needed, reason=f"needs the extras api and server: no {needed}")

from starlette.types import ASGIApp

from promptcodec import encode
from promptcodec.api import servers
from promptcodec.errors import PromptcodecError
from promptcodec.generators import comfyui
from promptcodec.generators.comfyui import jobs
from promptcodec.generators.sdapi import exchange
from promptcodec.testing.comfyui import app as comfyui_app
from promptcodec.testing.comfyui.faults import Faults
from promptcodec.testing.sdapi import app as sdapi_app
from promptcodec.testing.sdapi import serve
from promptcodec.testing.sdapi.service import Service
from promptcodec.testing.serving import running
from tests import sdapi
from tests.raw_server import http, raw_server

VALUES = [
    None, 5, float("nan"), "x\x1b[2J\ud800", [], {}, [None], [[5]], {"a": [5]}, {"prompt_id": "../x"},
    {"images": [5, {"filename": "../../etc/passwd", "subfolder": "\ud800"}]},
]  # fmt: skip
KEY = "user:hunter2-hunter2"


class Liar:
    """A server of ours, one of whose routes answers with something else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.route, self.value = app, "", None
        self.routes: set[str] = set()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        route = "/".join(part for part in scope["path"].split("/") if "-" not in part or len(part) < 30)
        self.routes.add(route)
        if route != self.route:
            await self.app(scope, receive, send)
            return
        body = json.dumps(self.value).encode()
        head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for module, name, value in (
        (exchange, "PAUSE", 0.01), (exchange, "MOST_BUSY", 0.05), (exchange, "_LEAVE", 0.2),
        (jobs, "FIRST_PAUSE", 0.01), (jobs, "PAUSE", 0.01), (jobs, "TRIES", 1),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)


def model(name, url, **entries):
    if name == "comfyui":
        return comfyui.create({"url": url, "area": "64x64", **entries})
    return sdapi.generator("" if name == "any" else name, url, **entries)


def app(name):
    if name.startswith("comfyui"):
        return comfyui_app.make(Faults([]), None, "", jobs=name == "comfyui")
    return sdapi_app.make(Service(name, [], None, ""))


@pytest.mark.parametrize(
    "name", ["comfyui", "comfyui-old", "a1111", pytest.param("sdnext", marks=pytest.mark.slow)]
)
def test_answers_of_any_form_end_with_an_error_of_ours_or_a_picture(name):
    liar = Liar(app(name))
    kind = name.partition("-")[0] if name.startswith("comfyui") else name
    with running(liar) as url:
        entries = {"timeout": "0.15"} if kind == "comfyui" else {}
        model(kind, url).generate(sdapi.conditions())
        for route in sorted(liar.routes):
            for value in VALUES:
                liar.route, liar.value = route, value
                drawn = model(kind, url, **entries)
                try:
                    drawn.generate(sdapi.conditions())
                except PromptcodecError as error:
                    assert "\x1b" not in str(error), (route, value)
                shown = json.dumps(dict(drawn.provenance)) + "".join(map(str, drawn.notices))
                assert "\\u001b" not in shown, (route, value)
    assert len(liar.routes) > 3


@pytest.mark.parametrize("name", ["comfyui", "any", "a1111"])
def test_a_key_that_a_server_quotes_is_covered(name, monkeypatch):
    monkeypatch.setenv("SERVER_KEY", KEY)
    coded = base64.b64encode(KEY.encode()).decode()
    for status in ("500 E", "401 U", "422 U", "302 F\r\nlocation: /" + coded):
        body = {"detail": f"no {KEY}", "error": f"Basic {coded}", "errors": KEY}
        with raw_server(http(body, status)) as server:
            with pytest.raises(PromptcodecError) as caught:
                model(name, server.url, api_key_env="SERVER_KEY").generate(sdapi.conditions())
            assert f"Basic {coded}".encode() in server.requests[0]
        assert "hunter2" not in str(caught.value)
        assert coded[8:20] not in str(caught.value)


@pytest.mark.parametrize("name", ["comfyui", "a1111"])
def test_another_host_is_named_and_not_asked(name, monkeypatch):
    monkeypatch.setenv("SERVER_KEY", KEY)
    with (
        raw_server(http([])) as other,
        raw_server(http(b"", "307 Temporary Redirect", f"location: {other.url}/x")) as server,
    ):
        with pytest.raises(PromptcodecError, match=f"leads to {other.url}/x: name that address"):
            model(name, server.url, api_key_env="SERVER_KEY").generate(sdapi.conditions())
        assert other.requests == []


def test_what_is_packed_is_unpacked_in_pieces_or_refused(monkeypatch):
    monkeypatch.setattr(servers, "MOST_ANSWER", 1 << 20)
    for encoding, body, words in (
        ("gzip", gzip.compress(bytes(8 << 20)), "more than 1 MB"),
        ("zstd", b"\x28\xb5\x2f\xfd", "answers compressed"),
        ("gzip", b"no gzip", "answers compressed"),
    ):
        with raw_server(http(body, "200 OK", f"content-encoding: {encoding}")) as server:
            with pytest.raises(PromptcodecError, match=words):
                servers.Server(server.url).get("/x")
            assert b"accept-encoding: identity" in server.requests[0].lower()


def test_a_byte_now_and_then_is_too_slow():
    def drip(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            for _ in range(200):
                connection.sendall(b" ")
                time.sleep(0.02)

    with raw_server(drip) as server:
        start = time.monotonic()
        with pytest.raises(PromptcodecError, match="too slowly"):
            servers.Server(server.url, timeout=0.2).get("/x")
        assert time.monotonic() - start < 3


def test_ctrl_c_at_the_command_line_interrupts_a_web_ui(tmp_path, scene, once):
    stream, out = tmp_path / "x.pxt", tmp_path / "x.png"
    stream.write_bytes(once(encode, scene, layers=("semantic", "texture"), budget=100, effort=1))
    with serve("a1111", ["slow"]) as (url, service):
        program = [sys.executable, "-m", "promptcodec", "decode", stream, "-o", out]
        program += ["--generator", sdapi.spec("a1111", url)]
        with subprocess.Popen(program, cwd=Path(__file__).parents[1], stderr=subprocess.PIPE) as process:
            until = time.monotonic() + 60
            while not service.job.progress(without_image=True)["state"]["job_count"]:
                assert time.monotonic() < until
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
            assert b"interrupted" in process.stderr.read()
        assert service.job.progress(without_image=True)["state"]["interrupted"]
    assert not out.exists()
