"""Work for worker processes: a module that imports little, since every process imports it."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Item:
    source: str


def say_who(item):
    """Say who works; die, or give what cannot be sent, where the item is so called."""
    if item.source == "deadly":
        os._exit(9)
    if item.source == "strange":
        return {"file": item.source, "it": threading.Lock()}
    return {"file": item.source, "threads": os.environ.get("OMP_NUM_THREADS")}


def be_slow_first(item):
    """Say who was asked; the first takes its time."""
    if item.source == "0":
        time.sleep(0.5)
    return say_who(item)


def sleep(item):
    """Write down who sleeps, and do so for longer than any test."""
    with Path(os.environ["PIDS"]).open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(60)
    return {"file": item.source}


def nap(item):
    """Sleep for as many seconds as the item is called."""
    time.sleep(float(item.source))
    return {"file": item.source}


def count_threads(item):
    """Look at a picture; say on how many threads this process runs then."""
    from PIL import Image

    from promptcodec.captioners.local import LocalCaptioner

    LocalCaptioner().describe(Image.linear_gradient("L").convert("RGB"), rows=1, cols=1)
    return {"file": item.source, "threads": len(os.listdir("/proc/self/task"))}
