"""``promptcodec serve`` as a process: what it checks before it listens, what it prints, how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("uvicorn", reason="needs the extra server")

from promptcodec.cli import serve
from promptcodec.errors import UsageError
from promptcodec.server import run
from promptcodec.testing import serving
from tests.live_server import ask, connected, head
from tests.serving import picture, write_archive

SECRET = "0123456789-0123456789"
posix = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    return folder / "own.pxa", write_archive(folder / "own.pxa")["sea.png"].hex()


def _hearing():
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def started(path, folder, *options, **environment):
    """Start the command; give the process and its port. Signals that this process ignores are not."""
    args = ("serve", path, "--port", "0", "--cache", folder / "cache", *options)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "promptcodec", *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ | {"PROMPTCODEC_CACHE": str(folder)} | environment,
            preexec_fn=_hearing,  # noqa: PLW1509 - it only sets a handler
        )
    with process:
        try:
            yield process, int(json.loads(process.stdout.readline())["base_url"].rpartition(":")[2])
        finally:
            process.kill()


@posix
def test_a_server_starts_logs_and_ends(archive, tmp_path):
    path, id_ = archive
    with started(path, tmp_path, PROMPTCODEC_SERVE_TOKEN=SECRET) as (process, port):
        key = f"Authorization: Bearer {SECRET}"
        body = picture((10, 120, 120), 3)
        query = "/encode?budget=60"
        assert ask(port, "POST", query, key, "Content-Type: image/png", body=body).status == 200
        assert ask(port, "GET", f"/images/{id_}/render?size=32x32").status == 200
        with connected(port) as idle:
            idle.sendall(head("GET", "/about"))
            assert idle.recv(12) == b"HTTP/1.1 200"
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130
    *lines, last = (tmp_path / "log").read_text().split("\n")[:-1]
    assert last == "promptcodec: interrupted"
    logged = [json.loads(line) for line in lines if line]
    assert [(line["path"], line["status"], line["caller"]) for line in logged] == [
        ("/encode", 200, "environment"),
        (f"/images/{id_}/render", 200, ""),
        ("/about", 200, ""),
    ]
    assert SECRET not in str(logged)
    assert "budget" not in str(logged)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_likewise(archive, tmp_path, number):
    with started(archive[0], tmp_path) as (process, port):
        assert ask(port, "GET", "/healthz").status == 200
        process.send_signal(number)
        assert process.wait(10) == 128 + number
    assert (tmp_path / "log").read_text().count("\n") == 1


@posix
@pytest.mark.slow
def test_a_second_signal_ends_it_at_once(archive, tmp_path):
    with started(archive[0], tmp_path) as (process, port):
        assert ask(port, "GET", "/healthz").status == 200
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    assert "interrupted" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("none.pxa",), 2, "none.pxa"),
        (("no.pxa",), 2, "no.pxa"),
        (("own.pxa", "--generator", "nobody"), 2, "no generator is called 'nobody'"),
        (("own.pxa", "--captioner", "nobody"), 2, "no captioner is called 'nobody'"),
        (("own.pxa", "--generator", "images:http://127.0.0.1/"), 2, "give it a name in the"),
        (("own.pxa", "--tokens", "none.toml"), 2, "none.toml"),
        (("own.pxa", "--host", "host.invalid"), 2, "host.invalid"),
        (("own.pxa", "--host", "192.0.2.1"), 2, "no such address"),
        (("own.pxa", "--max-cost", "nan"), 2, "no sum of dollars"),
        (("own.pxa", "--name", "http://pictures.example/"), 2, "as browsers send it"),
        (("own.pxa", "--cache", "no.pxa"), 2, "no.pxa cannot be made"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_it_listens(archive, cli, tmp_path, monkeypatch, options, code, says):
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path))
    monkeypatch.setattr(run, "run", lambda *_: pytest.fail("it listens"))
    (tmp_path / "no.pxa").write_bytes(b"no archive" * 99)
    for suffix in ("", ".index"):
        os.link(f"{archive[0]}{suffix}", f"own.pxa{suffix}")
    ended, out, err = cli("serve", *options, "--port", "0")
    assert (ended, out) == (code, "")
    assert says in err.splitlines()[-1]


def test_what_may_be_wrong_is_warned_of(archive, cli, tmp_path, monkeypatch):
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path))
    monkeypatch.setenv("PROMPTCODEC_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text(
        '[generators.painter]\nuse = "images"\nurl = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    )
    monkeypatch.setattr(run, "run", lambda app, stop, listener: listener.close())
    monkeypatch.delenv("PROMPTCODEC_SERVE_TOKEN", raising=False)
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(f'[anna]\nsecret = "{SECRET}"\n')
    tokens.chmod(0o644)
    common = ("serve", archive[0], "--port", "0")
    _, _, err = cli(*common, "--name", "pictures.example", "--generator", "painter")
    assert "nobody may write or spend" in err
    assert "painter would not work now" in err
    _, _, err = cli(*common, "--host", "0.0.0.0", "--tokens", tokens)
    assert "chmod 600" in err
    assert "nobody" not in err
    assert SECRET not in err
    assert cli(*common)[2] == ""
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.R_OK)
    _, _, err = cli(*common)
    assert "cannot be changed" in err
    assert "served as with --read-only" in err


def test_without_the_extra(archive, cli, monkeypatch):
    monkeypatch.setattr(serving, "absent", lambda: ["uvicorn"])
    code, _, err = cli("serve", archive[0])
    assert code == 4
    assert "pip install 'promptcodec[server]'" in err


def test_a_port_that_is_taken():
    with serving.listen() as taken, pytest.raises(UsageError, match="another program listens there"):
        run.listen("127.0.0.1", taken.getsockname()[1])


def test_addresses_of_the_new_protocol():
    try:
        listener = run.listen("::1", 0)
    except UsageError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert serving.address(listener) == f"http://[::1]:{listener.getsockname()[1]}"
    with serving.listen(0, "0.0.0.0") as listener:
        assert listener.family == socket.AF_INET
        assert serving.address(listener).startswith("http://127.0.0.1:")


def test_the_help_imports_no_server():
    body = "from promptcodec.cli.root import run; run(['serve', '--help']); import sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, check=True).stdout
    assert not {"starlette", "uvicorn", "numpy", "promptcodec.server"} & set(out.split())
    assert serve.command.name == "serve"
