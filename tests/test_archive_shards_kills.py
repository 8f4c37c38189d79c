"""``archive add`` of shards and tables as a process: killed at any moment, with very much in them."""

from __future__ import annotations

import gc
import gzip
import os
import random
import subprocess
import sys
import time
import weakref
from collections import Counter
from types import SimpleNamespace

import pytest

from promptcodec.archive import store
from promptcodec.archive.record import id_of
from promptcodec.cli import tasks, workers
from promptcodec.errors import UsageError
from tests.archive_kills import MAIN, QUICK, acknowledged, stream
from tests.shards import table, tar_of
from tests.tasks import Item, say_who

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


def start(folder, out, *options):
    inputs = [str(folder / name) for name in ("a.tar", "b.tar.gz", "c.parquet")]
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, "archive", "add", str(folder / "a.pxa"), *inputs, *QUICK, *options],
        stdout=out, stderr=subprocess.DEVNULL, env=os.environ | {"PROMPTCODEC_CACHE": str(folder / "cache")},
    )  # fmt: skip


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_nothing_is_lost_and_nothing_is_there_twice(tmp_path, jobs):
    data = [stream(number) for number in range(450)]
    (tmp_path / "a.tar").write_bytes(tar_of(*((f"{n}.pxt", data[n]) for n in range(150))))
    (tmp_path / "b.tar.gz").write_bytes(
        gzip.compress(tar_of(*((f"{n}.pxt", data[n]) for n in range(150, 300))))
    )
    table(tmp_path / "c.parquet", {"content": data[300:], "key": [str(n) for n in range(300, 450)]})
    store.create(tmp_path / "a.pxa").close()
    rng, added, killed = random.Random(int(jobs)), Counter(), 0
    for turn in range(3):
        out = tmp_path / f"out-{turn}"
        with out.open("wb") as file, start(tmp_path, file, "--json", "--jobs", jobs) as run:
            deadline = time.monotonic() + 60
            while not out.stat().st_size and run.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(rng.random() * 0.1)
            run.kill()
            run.wait()
            killed += run.returncode == -9
        added.update(line["id"] for line in acknowledged(out) if line["state"] == "added")
    assert killed >= 1
    out = tmp_path / "last"
    with out.open("wb") as file, start(tmp_path, file, "--json", "--jobs", jobs) as run:
        assert run.wait(120) == 0
    lines = acknowledged(out)
    added.update(line["id"] for line in lines if line["state"] == "added")
    with store.open(tmp_path / "a.pxa") as archive:
        records = list(archive.records())
    assert (len(lines), max(added.values())) == (450, 1)
    assert sorted(record.id for record in records) == sorted(map(id_of, data))
    assert {len(record.places) for record in records} == {1}


class Heavy(Item):
    held = 100 << 20


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_travels_with_tasks_is_bounded(jobs):
    taken = 0

    def coming():
        nonlocal taken
        for number in range(20):
            taken += 1
            yield Heavy(str(number))

    for given, result in enumerate(tasks.as_done(coming(), say_who, jobs, patience=60), 1):
        assert result is not None
        assert taken - given <= 3
    assert taken == 20
    assert workers.AHEAD * 2 > 3


class Large(bytearray):
    """Bytes of a file; whether they are still there can be asked."""


def refuse(task):
    data = task.data
    try:
        {}[len(data)]
    except KeyError:
        raise UsageError("it cannot be read") from None


def test_what_failed_holds_nothing_of_its_file():
    """Else a run over large files that fail holds them all, until garbage is collected."""
    gc.disable()
    try:
        task = SimpleNamespace(source="a.png", data=Large(9))
        data = weakref.ref(task.data)
        _, error = tasks.attempt(refuse, task)
        del task
        assert (str(error), data()) == ("it cannot be read", None)
    finally:
        gc.enable()


PEAK = """
import sys
from pathlib import Path
from promptcodec.archive.sources.container import Choice
from promptcodec.archive.sources.open import from_file

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

def count(name):
    loaded = (source.loaded() for source in from_file(name, ".", Choice(lambda _: None), in_place=False))
    return sum(1 for _ in loaded)

count("few" + sys.argv[1])
before = peak()
print(count("many" + sys.argv[1]), before, peak() - before)
"""
# Not ru_maxrss of the module resource: on Linux a process begins with that of the one that started it.


def many(path, number, size=1000):
    """Write a file with so many pictures; a table has all in one row group, of bytes that nothing packs."""
    if path.suffix == ".parquet":
        rows = {"jpg": [os.urandom(size) for _ in range(number)], "key": [str(n) for n in range(number)]}
        table(path, rows, row_group_size=number)
        return
    packed = tar_of(*((f"{n}.jpg", bytes(size)) for n in range(number)))
    path.write_bytes(packed if path.suffix == ".tar" else gzip.compress(packed, 1))


@pytest.mark.skipif(sys.platform != "linux", reason="peaks of a process's own memory are read from /proc")
@pytest.mark.parametrize("suffix", [pytest.param(".tar", marks=pytest.mark.slow), ".tar.gz", ".parquet"])
@pytest.mark.parametrize(
    ("number", "size"), [(12_500, 4000), pytest.param(100_000, 1000, marks=pytest.mark.slow)]
)
def test_memory_does_not_grow_with_what_is_in_a_file(tmp_path, suffix, number, size):
    many(tmp_path / f"few{suffix}", 500)
    many(tmp_path / f"many{suffix}", number, size)
    run = subprocess.run(
        [sys.executable, "-c", PEAK, suffix], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    given, before, grown = run.stdout.split()
    assert int(given) == number + 1
    assert float(before) > 10  # it is measured
    assert float(grown) < 45
