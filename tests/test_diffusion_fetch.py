"""Models are fetched by the hub's own client from a hub on this machine, in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from promptcodec.generators.diffusion import profiles, store
from tests import diffusion_models

COMMIT = "89abcdef" * 5
# Several processes that import the hub's client, and one torch.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


class Hub(ThreadingHTTPServer):
    """The part of the hub's protocol that fetching takes; every other request is kept, and is an error."""

    def __init__(self, repositories: dict[str, dict[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.repositories = repositories
        self.commits: dict[str, str] = {}
        self.fetched: list[str] = []
        self.gated = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self):
        path = self.path.partition("?")[0].strip("/")
        for name, files in self.server.repositories.items():
            commit = self.server.commits.get(name, COMMIT)
            if path.startswith(f"api/models/{name}/revision/"):
                if self.server.gated:
                    return self._answer(b"{}", status=403, **{"X-Error-Code": "GatedRepo"})
                return self._answer(json.dumps({"id": name, "sha": commit, "siblings": []}).encode())
            if path == f"api/models/{name}/tree/{commit}":
                entries = [
                    {"type": "file", "path": file, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                    for file, data in files.items()
                ]
                return self._answer(json.dumps(entries).encode())
            file = path.removeprefix(f"{name}/resolve/{commit}/")
            if file in files:
                if self.command == "GET":
                    self.server.fetched.append(f"{name}/{file}")
                etag = f'"{hashlib.sha1(files[file]).hexdigest()}"'
                return self._answer(files[file], ETag=etag, **{"X-Repo-Commit": commit})
        return self._answer(b"", status=404)

    do_HEAD = do_GET  # noqa: N815 - as the server calls it

    def _answer(self, body, *, status=200, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """Give a hub that has the models of Stable Diffusion 1.4, and files that nobody needs."""
    diffusion_models.need()
    source = tmp_path_factory.mktemp("source")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(source))
        profile = diffusion_models.install(source, "sd14")
        has = {weights.repository: contents(store.folder_of(weights)) for weights in profile.models}
    has[profile.weights.repository] |= {"sd-v1-4.ckpt": b"a pickle", "unet/model.onnx": b"others"}
    has[profile.tiny.repository] = {"config.json": b"{}", "diffusion_pytorch_model.safetensors": b"small"}
    server = Hub(has)
    server.commits = {
        weights.repository: weights.revision for weights in profile.models if weights.revision != "main"
    }
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()


def run(hub, cache, *names, **variables):
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(cache), "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run(
        [sys.executable, "-m", "promptcodec.generators.diffusion.fetch", *names],
        env=environment | {"HF_HUB_DISABLE_TELEMETRY": "1"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_profile_is_fetched_whole_and_once(hub, tmp_path, monkeypatch):
    done = run(hub, tmp_path, "sd14")
    assert done.returncode == 0, done.stderr
    assert "CompVis/stable-diffusion-v1-4 (2.74 GB; CreativeML Open RAIL-M" in done.stdout
    assert "diffusers:sd14 has all its models" in done.stdout
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    profile = profiles.read({"variant": "sd14"})
    assert not store.missing(profile, [*profile.models, profile.tiny])
    assert not any(file.endswith((".ckpt", ".onnx")) for file in hub.fetched)
    before = len(hub.fetched)
    assert run(hub, tmp_path, "sd14").stdout == "diffusers:sd14 has all its models\n"
    assert len(hub.fetched) == before


def test_what_was_begun_is_finished(hub, tmp_path, monkeypatch):
    assert run(hub, tmp_path, "sd14").returncode == 0
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    profile = profiles.read({"variant": "sd14"})
    lost = next((store.folder_of(profile.weights) / "unet").glob("*.safetensors"))
    lost.resolve().unlink()
    assert "begun, but unet has no weights" in store.missing(profile, profile.models)
    assert run(hub, tmp_path, "sd14").returncode == 0
    assert not store.missing(profile, profile.models)


def test_a_licence_that_was_not_accepted_is_said(hub, tmp_path):
    hub.gated = True
    try:
        done = run(hub, tmp_path, "sd14")
    finally:
        hub.gated = False
    assert done.returncode == 4
    assert "the licence of CompVis/stable-diffusion-v1-4 is to be accepted first" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_network_it_says_so(hub, tmp_path):
    done = run(hub, tmp_path, "sd14", HF_HUB_OFFLINE="1")
    assert done.returncode == 4
    assert "CompVis/stable-diffusion-v1-4 cannot be fetched" in done.stderr
    assert "Traceback" not in done.stderr
