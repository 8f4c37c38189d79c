"""A run that is killed and started again pays for nothing twice; memory and CPU of many calls at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

for needed in ("openai", "starlette", "uvicorn"):
    pytest.importorskip(needed, reason=f"needs the extras api and server: no {needed}")

from promptcodec import inspect

pytestmark = pytest.mark.slow
PICTURES = 200
ROOT = Path(__file__).parent.parent
JOBS = 4
MAIN = "from promptcodec.cli import main; main()"


def test_a_killed_run_of_200_pictures_repeats_only_calls_in_flight(tmp_path):
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(1)
    for number in range(PICTURES):
        coarse = Image.fromarray(rng.integers(0, 256, (4, 6, 3), dtype=np.uint8))
        coarse.resize((96, 64), Image.Resampling.BICUBIC).save(tmp_path / "in" / f"{number:03}.png")
    log, out = tmp_path / "log.jsonl", tmp_path / "out"
    environment = os.environ | {"PROMPTCODEC_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "promptcodec.testing.loopback", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = json.loads(server.stdout.readline())["base_url"]
        encode = [
            sys.executable,
            "-c",
            MAIN,
            "encode",
            str(tmp_path / "in"),
            "-o",
            str(out),
            "--layers",
            "semantic",
        ]
        encode += [
            "--captioner",
            f"chat:{url}?model=loopback-vision",
            "--jobs",
            str(JOBS),
            "--skip-existing",
            "--json",
        ]
        killed = 0
        for share in (0.3, 0.6):
            with subprocess.Popen(
                encode, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
            ) as run:
                wait_for(log, int(share * PICTURES))
                os.killpg(run.pid, signal.SIGKILL)
                killed += 1
        time.sleep(1)  # what was in flight reaches the log
        done = subprocess.run(encode, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        server.terminate()
    assert all(json.loads(line)["ok"] for line in done.stdout.splitlines())
    streams = sorted(out.iterdir())
    assert len(streams) == PICTURES  # and no half-written file among them
    assert all(inspect(path.read_bytes())["description"] for path in streams)
    asked = Counter(json.loads(line)["input_sha256"] for line in log.read_text().splitlines())
    stored = len(list((tmp_path / "cache" / "answers").rglob("*.json")))
    assert len(asked) == stored == PICTURES
    repeated = sum(asked.values()) - PICTURES
    assert repeated <= killed * JOBS


def wait_for(log, lines):
    deadline = time.monotonic() + 300  # ends a test that hangs
    while not log.exists() or len(log.read_text().splitlines()) < lines:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_256_calls_at_once_grow_by_50_mb_at_most_and_cost_10_ms_each(tmp_path):
    if not (ROOT / "eval").is_dir():
        pytest.skip("the laboratory is not here")
    done = subprocess.run(
        [sys.executable, "-m", "eval", "api-load"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    load = json.loads(done.stdout)
    assert load["requests"] == 5000
    assert load["growth_mb"] <= 50
    assert load["cpu_ms_per_request"] < 10  # of this process: what others do meanwhile does not count
