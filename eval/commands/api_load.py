"""``python -m eval api-load``: memory and CPU of asking a hosted model from many threads at once."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

from eval.options import COUNT, example
from promptcodec import plugins
from promptcodec.api import spending
from promptcodec.captioners.prompt_variant import prompt_variant

SETTLED = 1000
PICTURES = 4


@click.command(epilog=example("python -m eval api-load --requests 200 --threads 16"))
@click.option("--requests", type=COUNT, default=5000, show_default=True, help="In all.")
@click.option("--threads", type=COUNT, default=256, show_default=True, help="That ask at once.")
def command(requests: int, threads: int) -> None:
    """Measure asking a model from many threads.

    One JSON object says memory and CPU. The loopback server runs in a process of its own and answers from
    memory, so what is measured is this side: making the request, the openai client, HTTP, the ledger,
    validation, the stored answer. Each request asks about the same small set of pictures with another prompt,
    so none is answered from disk.
    """
    server_command = [sys.executable, "-m", "promptcodec.testing.loopback"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(server_command, stdout=subprocess.PIPE, text=True) as server,
    ):
        os.environ["PROMPTCODEC_CACHE"] = folder
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["base_url"]
        click.echo(json.dumps(measure(url, requests, threads)))
        server.terminate()


def measure(url: str, requests: int, threads: int) -> dict[str, Any]:
    """Ask, and give the figures."""
    # One captioner per picture: the picture is compressed and its prompt variant chosen once.
    y, x = np.mgrid[0:512, 0:768]
    asked = []
    for number in range(PICTURES):
        waves = np.stack([127 + 120 * np.sin((x * (c + 1) + y * (number + 1)) / 90) for c in range(3)], 2)
        captioner = plugins.create("captioners", f"chat:{url}?model=loopback-vision&retries=10&timeout=600")
        asked.append((captioner, Image.fromarray(waves.astype(np.uint8))))
    limits = spending.Limits(requests=2 * requests)
    start = time.process_time()
    for _, image in asked:
        prompt_variant(image)
    looking = (time.process_time() - start) / len(asked)
    for captioner, image in asked:
        with spending.limited(limits):
            captioner.describe(image, rows=4, cols=6)
    memory_at = {}
    done = 0

    def ask(number: int) -> None:
        captioner, image = asked[number % PICTURES]
        with spending.limited(limits):
            captioner.describe(image, rows=4, cols=6, prompt=f"picture {number}")

    with ThreadPoolExecutor(threads) as pool:
        cpu = time.process_time()
        clock = time.perf_counter()
        for _ in pool.map(ask, range(requests)):
            done += 1
            if done in {SETTLED, requests}:
                memory_at[done] = memory()
    cpu = time.process_time() - cpu
    return {
        "requests": done,
        "threads": threads,
        "cpu_ms_per_request": round(1000 * cpu / done, 2),
        "picture_ms_once": round(1000 * looking, 1),
        "memory_mb": {str(at): round(value, 1) for at, value in memory_at.items()},
        "growth_mb": round(memory_at[done] - memory_at.get(SETTLED, memory_at[done]), 1),
        "seconds": round(time.perf_counter() - clock, 1),
    }


def memory() -> float:
    """Give this process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
