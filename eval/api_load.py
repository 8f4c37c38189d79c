"""Memory and CPU of asking a hosted model from 256 threads at once.

    python -m eval.api_load [--requests 5000] [--threads 256]

The loopback server runs in a process of its own and answers from memory, so what is measured is this
side: making the request, the openai client, HTTP, the ledger, validation, the stored answer. Each
request asks about the same small set of pictures with another prompt, so none is answered from disk.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from promptcodec import plugins
from promptcodec.api import spending
from promptcodec.captioners.prompt_variant import kind

SETTLED = 1000
PICTURES = 4


def memory() -> float:
    """Give this process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--threads", type=int, default=256)
    options = parser.parse_args()
    command = [sys.executable, "-m", "promptcodec.testing.loopback"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        os.environ["PROMPTCODEC_CACHE"] = folder
        spending.begin(spending.Limits(requests=2 * options.requests))
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["base_url"]
        measure(url, options.requests, options.threads)
        server.terminate()


def measure(url: str, requests: int, threads: int) -> None:
    """Ask, and print."""
    # One captioner per picture: the picture is compressed and its kind looked at once, not per request.
    y, x = np.mgrid[0:512, 0:768]
    seen = []
    for number in range(PICTURES):
        waves = np.stack([127 + 120 * np.sin((x * (c + 1) + y * (number + 1)) / 90) for c in range(3)], 2)
        captioner = plugins.create("captioners", f"chat:{url}?model=loopback-vision&retries=10&timeout=600")
        seen.append((captioner, Image.fromarray(waves.astype(np.uint8))))
    start = time.process_time()
    for _, image in seen:
        kind(image)
    looking = (time.process_time() - start) / len(seen)
    for captioner, image in seen:
        captioner.describe(image, rows=4, cols=6)
    marks = {}
    done = 0

    def ask(number: int) -> None:
        captioner, image = seen[number % PICTURES]
        captioner.describe(image, rows=4, cols=6, prompt=f"picture {number}")

    with ThreadPoolExecutor(threads) as pool:
        cpu = time.process_time()
        clock = time.perf_counter()
        for _ in pool.map(ask, range(requests)):
            done += 1
            if done in {SETTLED, requests}:
                marks[done] = memory()
    cpu = time.process_time() - cpu
    print(
        json.dumps(
            {
                "requests": done,
                "threads": threads,
                "cpu_ms_per_request": round(1000 * cpu / done, 2),
                "picture_ms_once": round(1000 * looking, 1),
                "memory_mb": {str(at): round(value, 1) for at, value in marks.items()},
                "growth_mb": round(marks[done] - marks.get(SETTLED, marks[done]), 1),
                "seconds": round(time.perf_counter() - clock, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
