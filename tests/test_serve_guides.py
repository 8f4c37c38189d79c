"""The guides to the server run as they are written: their commands, and their Python."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("uvicorn", reason="needs the extra server")

from promptcodec.server import tokens
from promptcodec.server.app import make
from promptcodec.server.settings import ServeSettings
from tests.live_server import live
from tests.serving import write_archive

GUIDES = Path(__file__).resolve().parent.parent / "docs" / "guide"
needs_curl = pytest.mark.skipif(
    any(shutil.which(each) is None for each in ("bash", "curl", "jq")), reason="needs bash, curl and jq"
)


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def folder(tmp_path, scene):
    """What the guides speak of: an archive, a photograph and a file of tokens."""
    write_archive(tmp_path / "pictures.pxa")
    for suffix in ("jpg", "png"):
        scene.save(tmp_path / f"photo.{suffix}")
    (tmp_path / "tokens.toml").write_text(blocks((GUIDES / "serve.md").read_text("utf-8"), "toml")[0])
    (tmp_path / ".curlrc").write_text("fail-with-body\nmax-time = 30\n")
    return tmp_path


def served(folder, *, with_tokens=False):
    """Serve the archive as the guides do; give the port."""
    known = tokens.read(str(folder / "tokens.toml")) if with_tokens else ()
    return live(make(ServeSettings(folder / "pictures.pxa", cache=folder / "served", tokens=known)))


def run(script, folder, port):
    """Run commands as one script that ends with the first that fails; give what it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(":8765", f":{port}")],
        cwd=folder,
        env={**os.environ, "PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, (ended.stdout, ended.stderr)
    return ended.stdout


@needs_curl
def test_the_walk_through_the_api(folder, monkeypatch):
    walk = (GUIDES / "serve.md").read_text("utf-8").partition("## A walk through the API")[2]
    monkeypatch.chdir(folder)
    exec(blocks((GUIDES / "serve.md").read_text("utf-8"), "python")[0], {})
    with served(folder, with_tokens=True) as port:
        out = run("".join(blocks(walk, "sh")), folder, port)
    assert "event: done" in out
    assert '"parent":' in out
    names = {"picture.pxt", "picture.webp", "picture.png", "photo.pxt", "again.png", "beach.zip"}
    assert {name for name in names if (folder / name).stat().st_size > 20} == names


@needs_curl
@pytest.mark.slow
def test_the_guide_to_openais_api(folder, monkeypatch):
    pytest.importorskip("openai", reason="needs the extra api")
    text = (GUIDES / "serve-openai.md").read_text("utf-8")
    monkeypatch.chdir(folder)
    (snippet,) = blocks(text, "python")
    _, *commands = blocks(text, "bash")  # the first starts the server
    with served(folder) as port:
        exec(snippet.replace(":8765", f":{port}"), {})
        out = run("".join(commands), folder, port)
    assert f"http://127.0.0.1:{port}/jobs/" in out
    assert all((folder / name).is_file() for name in ("kite.png", "photo.pxt", "drawn.png"))
