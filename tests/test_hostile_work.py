"""Small files that ask for much: memory is bounded, and work grows no faster than the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import brotli
import pytest

from promptcodec import decode, reading
from tests.hostile_streams import BROTLI, HEAVY, with_part
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


# The peak of this very process, in megabytes: ru_maxrss would count the parent's too.
WATCHED = """
import re, sys
from promptcodec import decode, errors, reading
data = open(sys.argv[1], "rb").read()
for work in (reading.inspect, decode):
    try: work(data)
    except errors.PromptcodecError: pass
    print(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory")
@pytest.mark.parametrize("name", HEAVY)
def test_small_files_take_little_memory(name, tmp_path):
    """Measured: 40 to 830 MB to decode, 39 to 90 to inspect. The timeout only ends a test that hangs."""
    (tmp_path / "x.pxt").write_bytes(HEAVY[name])
    assert len(HEAVY[name]) < 2000
    command = [sys.executable, "-c", WATCHED, tmp_path / "x.pxt"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=300)
    inspected, decoded = map(int, done.stdout.split())
    assert inspected < 150  # nothing is drawn
    assert decoded < 1200
