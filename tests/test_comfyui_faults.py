"""What goes wrong at a ComfyUI server, told at the command line; and Ctrl-C, which arrives there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="needs the extra api")

from promptcodec import encode
from promptcodec.testing.comfyui import serve
from promptcodec.testing.comfyui.faults import Faults

sys.path.append(str(Path(__file__).parent))
from comfyui_servers import Server

MAKERS = [True, False]


@pytest.fixture
def stream(once, scene, tmp_path):
    path = tmp_path / "scene.pxt"
    path.write_bytes(once(encode, scene, layers=("semantic", "texture"), budget=100, effort=1))
    return path


def decode(cli, stream, url, *options):
    return cli("decode", stream, "-o", "out.png", "--generator", f"comfyui:{url}?area=64x64", *options)


OF_SERVERS = [
    ("missing-node:VAEEncode", 4, "lacks the nodes VAEEncode (install what brings them"),
    ("missing-node:CheckpointLoaderSimple", 4, "no checkpoint"),
    ("missing-model", 4, "put one into its models/checkpoints"),
    ("nan", 2, "start ComfyUI with --fp32-vae"),
    ("html", 4, "is this the right server and port?"),
]
OF_JOBS = [
    ("queue-error", 2, "failed at node 11 (KSampler): RuntimeError: mat1 and mat2"),
    ("node-errors-200", 2, "node 4 (CheckpointLoaderSimple): Value not in list: ckpt_name"),
    ("interrupted", 2, "interrupted at the server"),
    ("lost", 2, "no longer knows the job"),
    ("disconnect:4", 4, "cannot be reached"),
]


@pytest.mark.parametrize(
    ("fault", "code", "words", "with_jobs"),
    [(*one, True) for one in OF_SERVERS] + [(*one, newer) for one in OF_JOBS for newer in (True, False)],
)
def test_faults_are_named_with_the_way_out(cli, stream, fault, code, words, with_jobs):
    with serve([fault], jobs=with_jobs) as url:
        status, _, errors = decode(cli, stream, url)
        assert (status, Path("out.png").exists()) == (code, False)
        assert words in errors
        if fault in {one[0] for one in OF_JOBS}:
            assert decode(cli, stream, url)[0] == 0  # a server that went on takes the next


@pytest.mark.parametrize("with_jobs", MAKERS, ids=["jobs", "without-jobs"])
def test_a_connection_that_breaks_for_a_moment_costs_nothing(cli, stream, with_jobs):
    with serve(["disconnect:2"], jobs=with_jobs) as url:
        assert decode(cli, stream, url)[0] == 0


def test_a_server_that_is_not_there(cli, stream):
    status, _, errors = decode(cli, stream, "http://127.0.0.1:9")
    assert status == 4
    assert "is the server running?" in errors


@pytest.mark.parametrize(
    ("fault", "began", "ended", "with_jobs"),
    [("slow:60", "started", "interrupted", True), ("busy:999", "queued", "deleted", False)],
    ids=["running", "waiting"],
)
def test_ctrl_c_arrives_at_the_server(stream, tmp_path, fault, began, ended, with_jobs):
    log = tmp_path / "log.jsonl"
    with serve([fault], log=log, jobs=with_jobs) as url:
        server = Server(url, log)
        program = [
            sys.executable,
            "-m",
            "promptcodec",
            "decode",
            str(stream),
            "-o",
            str(tmp_path / "out.png"),
        ]
        program += ["--generator", f"comfyui:{url}?area=64x64"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(program, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        until = time.monotonic() + 60

        def mine():
            events = [line for line in server.lines() if "event" in line]
            return [line["event"] for line in events if not line["job"].startswith("foreign")]

        while began not in mine():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        process.stdout.close()
        process.stderr.close()
        while ended not in mine():
            assert time.monotonic() < until
            time.sleep(0.02)
        others = [line for line in server.lines() if line.get("event") == "interrupted"]
        assert len(others) == (ended == "interrupted")  # nobody else's job was ended
    assert not (tmp_path / "out.png").exists()


def test_faults_that_are_no_faults():
    with pytest.raises(ValueError, match="unknown fault 'fire'"):
        Faults(["fire"])
    with pytest.raises(ValueError, match="invalid literal"):
        Faults(["nan:many"])
