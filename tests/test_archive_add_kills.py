"""``archive add`` as a process: killed, interrupted, twice at once, over very many files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from promptcodec.archive import store
from promptcodec.cli import tasks, workers
from tests import archive_kills
from tests.archive_kills import acknowledged, check, fill, start
from tests.tasks import Item, be_slow_first, nap, say_who

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")
ROOT = Path(__file__).parent.parent


def test_no_acknowledged_picture_is_lost_and_none_is_there_twice(tmp_path):
    assert archive_kills.kill_rounds(tmp_path, 6, seed=1, jobs=1) >= 4


def test_nor_with_workers(tmp_path):
    assert archive_kills.kill_rounds(tmp_path, 3, seed=2, jobs=2, pictures=10) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_nor_in_two_hundred_rounds(tmp_path, jobs):
    assert archive_kills.kill_rounds(tmp_path, 100, seed=3, jobs=jobs) >= 80


@pytest.mark.parametrize(
    ("number", "code", "jobs"),
    [
        (signal.SIGINT, 130, 1),
        (signal.SIGTERM, 143, 2),
        pytest.param(signal.SIGINT, 130, 2, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 143, 1, marks=pytest.mark.slow),
    ],
)
def test_an_interrupt_keeps_what_is_done(tmp_path, number, code, jobs):
    store.create(tmp_path / "a.pxa").close()
    fill(tmp_path / "in", 0, 1500, 4)
    out = tmp_path / "out"
    with out.open("wb") as file, start(tmp_path, file, "--jobs", str(jobs)) as run:
        deadline = time.monotonic() + 60
        while not out.stat().st_size and time.monotonic() < deadline:
            time.sleep(0.01)
        run.send_signal(number)
        _, err = run.communicate(timeout=60)
    assert run.returncode == code
    assert b"the same command goes on from there" in err
    lines = acknowledged(out)
    assert {line["state"] for line in lines} == {"added"}
    assert 0 < len(lines) < 1504
    assert len(lines) <= len(check(tmp_path, [line["id"] for line in lines])) < 1504
    with out.open("wb") as file, start(tmp_path, file, "--jobs", str(jobs)) as run:
        assert run.wait(120) == 0
    assert {line["state"] for line in acknowledged(out)} == {"known", "added"}
    assert len(check(tmp_path, [])) == 1504


def test_two_at_once_on_one_archive(tmp_path):
    store.create(tmp_path / "a.pxa").close()
    fill(tmp_path / "in", 0, 150, 4)
    outs = [tmp_path / "first", tmp_path / "second"]
    with outs[0].open("wb") as first, outs[1].open("wb") as second:
        runs = [start(tmp_path, file, "--jobs", "1") for file in (first, second)]
        for run in runs:
            _, err = run.communicate(timeout=120)
            assert (run.returncode, b"rror" in err) == (0, False), err
    lines = [line for out in outs for line in acknowledged(out)]
    assert len(lines) == 308
    assert {line["state"] for line in lines} == {"added", "known"}
    records = check(tmp_path, [line["id"] for line in lines])
    assert len(records) == 154
    assert {len(record.places) for record in records} == {1}
    assert sum(line["state"] == "added" for line in lines) == 154


def test_a_reader_that_leaves_ends_a_run_and_loses_nothing(tmp_path):
    store.create(tmp_path / "a.pxa").close()
    fill(tmp_path / "in", 0, 50, 0)
    reading, writing = os.pipe()
    os.close(reading)
    with start(tmp_path, writing, "--jobs", "1") as run:
        os.close(writing)
        assert run.wait(60) == 128 + signal.SIGPIPE
    assert len(check(tmp_path, [])) == 50


# Bounded memory.


class Coming:
    """Tasks that come one by one; how many were taken."""

    def __init__(self, number):
        self.number, self.taken = number, 0

    def __iter__(self):
        for each in range(self.number):
            self.taken += 1
            yield Item(str(each))


@pytest.mark.parametrize("jobs", [1, 2])
def test_tasks_are_taken_as_they_are_needed(jobs):
    coming, given = Coming(60), 0
    for result, error in tasks.results(coming, say_who, jobs):
        assert (error, result["file"]) == (None, str(given))
        given += 1
        assert coming.taken - given <= workers.AHEAD * jobs
    assert given == 60


def test_no_more_are_taken_while_the_first_takes_its_time():
    """What is done before its turn is kept, so it counts as what is not done does."""
    coming = Coming(200)
    results = tasks.results(coming, be_slow_first, 2)
    assert next(results)[0]["file"] == "0"
    assert coming.taken <= workers.AHEAD * 2
    assert [result["file"] for result, _ in results] == [str(number) for number in range(1, 200)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_as_they_are_done(jobs):
    coming, seen = Coming(60), set()
    for each in tasks.as_done(coming, say_who, jobs, patience=0.2):
        if each:
            task, (result, error) = each
            assert (error, result["file"]) == (None, task.source)
            seen.add(task.source)
            assert coming.taken - len(seen) <= workers.AHEAD * jobs
    assert seen == {str(number) for number in range(60)}


def test_nothing_for_a_while_is_told_and_who_is_slow_holds_up_nobody():
    naps = [Item("1.5"), Item("0"), Item("0.01")]
    given = list(workers.as_done(naps, nap, 2, patience=0.2))
    assert [task.source for task, _ in filter(None, given)] == ["0", "0.01", "1.5"]
    assert given.count(None) >= 3
    assert given[-1] is not None


PEAK = """
import hashlib, resource, sys
from pathlib import Path
from promptcodec import bitstream
from promptcodec.archive.adding import add
from promptcodec.archive import store
from promptcodec.archive.adding.content import Content
from promptcodec.archive.record import id_of
from promptcodec.archive.sources.source import Source

def outcomes(number):
    for each in range(number):
        part = bitstream.Part(60, b"%d" % each)
        stream = bitstream.write(bitstream.Stream(64, 48, (part,)), bare=True)
        source = Source(f"/in/{each}.pxt", "/in", f"{each}.pxt", each, False)
        yield source, Content(id_of(stream), 300, stream, bytes(27))

def peak():
    unit = 1 << 10 if sys.platform == "linux" else 1 << 20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

with store.create("many.pxa") as archive:
    adding = add.Adding(archive)
    list(adding.keep(outcomes(1000)))
    before = peak()
    print(sum(kept.state == "added" for kept in adding.keep(outcomes(int(sys.argv[1])))), peak() - before)
"""


@pytest.mark.parametrize("number", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_files(number, tmp_path):
    environment = os.environ | {"PROMPTCODEC_CACHE": str(tmp_path / "cache")}
    run = subprocess.run(
        [sys.executable, "-c", PEAK, str(number)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    added, grown = run.stdout.split()
    assert int(added) == number - 1000
    assert float(grown) < 20
