"""Small files that ask for much: memory is bounded, and work grows no faster than the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import brotli
import pytest

from promptcodec import decode, reading
from tests.hostile_streams import BROTLI, HEAVY, STREAM, heavy, with_part
from tests.work import lines_run


def objects(count):
    """Make a stream of a picture with that many objects."""
    text = "photo 1x1\nr1c1 red" + "\nobject r1c1:r1c1 a" * count
    return with_part("semantic", BROTLI + brotli.compress(text.encode(), quality=5))


@pytest.mark.parametrize("work", [reading.inspect, decode])
def test_twice_the_objects_are_twice_the_work(work):
    few, many = objects(2000), objects(4000)
    work(few)  # what is loaded once
    least, most = (lines_run(lambda data=data: work(data)) for data in (few, many))
    assert 2000 < most < 2.1 * least
    work(objects(45000))


# For each file that is named a process of its own, a fork of one that has loaded what all of them load. Its
# peak in megabytes is its own: ru_maxrss would count the parent's too. The alarm only ends one that hangs.
WATCHED = """
import os, re, signal, sys
from promptcodec import decode, errors, reading
decode(bytes.fromhex(sys.argv[1]))
for line in sys.stdin:
    if not os.fork():
        signal.alarm(300)
        data = open(line.rstrip(), "rb").read()
        for work in (reading.inspect, decode):
            try: work(data)
            except errors.PromptcodecError: pass
            peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
            print(int(peak) // 1024, flush=True)
        os._exit(0)
    os.wait()
    print(flush=True)
"""


@pytest.fixture(scope="module")
def watched():
    command = [sys.executable, "-c", WATCHED, STREAM.hex()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "wide" else ()) for name in HEAVY]
)
def test_small_files_take_little_memory(name, tmp_path, watched):
    """Measured: 75 to 830 MB to decode, 75 to 90 to inspect."""
    (tmp_path / "x.pxt").write_bytes(heavy(name))
    assert len(heavy(name)) < 2000
    print(tmp_path / "x.pxt", file=watched.stdin, flush=True)
    inspected, decoded = map(int, iter(watched.stdout.readline, "\n"))
    assert inspected < 150  # nothing is drawn
    assert decoded < 1200
