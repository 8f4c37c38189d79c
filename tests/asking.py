"""Pictures that hosted captioners describe, what asking for each alone gives, and what a server was asked."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptcodec import encode
from promptcodec.archive import store
from promptcodec.testing.loopback import serve
from tests.hosted import vision

WORDS = ("--layers", "semantic")
OPTIONS = (*WORDS, "--budget", "100B")
MAIN = "import sys; sys.path.insert(0, {root!r}); {before}\nfrom promptcodec.cli import main; main()"
ROOT = str(Path(__file__).parent.parent)


def picture(number):
    """Make a small picture unlike those of other numbers."""
    coarse = np.random.default_rng(number).integers(0, 256, (3, 4, 3), np.uint8)
    way = Image.Resampling.NEAREST if number % 2 else Image.Resampling.BICUBIC
    return Image.fromarray(coarse).resize((96, 64), way)


def put(folder, *numbers):
    """Put pictures into a folder."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        picture(number).save(folder / f"{number}.png")


_servers = ExitStack()
atexit.register(_servers.close)


@functools.cache
def _server(faults):
    return _servers.enter_context(serve(faults))


@functools.cache
def alone(number, budget=100, faults=()):
    """Give what asking about one picture alone gives: its bare stream, or the kind of the error."""
    from promptcodec.api import spending
    from promptcodec.errors import PromptcodecError

    with (
        tempfile.TemporaryDirectory() as cache,
        pytest.MonkeyPatch.context() as patch,
        spending.limited(spending.Limits()),
    ):
        patch.setenv("PROMPTCODEC_CACHE", cache)
        try:
            return encode(
                picture(number),
                budget=budget,
                layers=("semantic",),
                captioner=vision(_server(faults)),
                bare=True,
            )
        except PromptcodecError as error:
            return error.kind


def streams(path):
    """Give the streams of an archive by the numbers of their pictures."""
    with store.open(path) as archive:
        return {int(Path(each.places[0].path).stem): each.stream for each in archive.records()}


def calls(log):
    """Give the lines of a server's log."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def paid(log):
    """Count how often each line of a batch was answered, and so is to be paid for."""
    return Counter(
        each["input_sha256"] for each in calls(log) if (each["method"], each["status"]) == ("BATCH", 200)
    )


def command(archive, folder, spec, *options, before=""):
    """Give the command that adds a folder, as another process, which does something before."""
    code = MAIN.format(root=ROOT, before=before)
    where = [str(archive), str(folder)]
    asked = ("--captioner", spec, *OPTIONS, "--json", *options)
    return [sys.executable, "-c", code, "archive", "add", *where, *asked]


@contextmanager
def started(tmp_path, spec, *options, before="", out=subprocess.PIPE):
    """Start that command on the archive ``a.pxa`` and the folder ``in``."""
    environment = os.environ | {"PROMPTCODEC_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command(tmp_path / "a.pxa", tmp_path / "in", spec, *options, before=before),
        stdout=out, stderr=subprocess.PIPE, env=environment, text=True,
    ) as run:  # fmt: skip
        try:
            yield run
        finally:
            run.kill()
