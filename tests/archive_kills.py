"""Runs of ``archive add`` that are killed at random moments, and what an archive must be after each."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter

from promptcodec import bitstream
from promptcodec.archive import store
from promptcodec.archive.record import id_of
from tests import messy

MAIN = "from promptcodec.cli import main; main()"
QUICK = ("--layers", "texture", "--effort", "1", "--budget", "60B")


def stream(number):
    """Make a stream unlike those of other numbers; its only part is one that a newer reader knows."""
    part = bitstream.Part(60, b"number %d" % number)
    return bitstream.write(bitstream.Stream(64, 48, (part,)))


def fill(folder, start, streams, pictures):
    """Put files into a folder, each of other content than those of other numbers."""
    folder.mkdir(exist_ok=True)
    for number in range(start, start + streams):
        path = folder / f"{number % 7}" / f"{number}.pxt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stream(number))
    for number in range(start, start + pictures):
        (folder / f"{number}.png").write_bytes(messy.picture(number, "PNG"))


def command(folder, *options):
    """Give the command that adds the folder ``in`` to the archive ``a.pxa``."""
    where = [str(folder / "a.pxa"), str(folder / "in")]
    return [sys.executable, "-c", MAIN, "archive", "add", *where, *QUICK, "--json", *options]


def start(folder, out, *options, **more):
    environment = os.environ | {"PROMPTCODEC_CACHE": str(folder / "cache")}
    return subprocess.Popen(
        command(folder, *options), stdout=out, stderr=subprocess.PIPE, env=environment, **more
    )


def acknowledged(path):
    """Give what was printed in whole lines."""
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def check(folder, added):
    """Say that every picture that was acknowledged is there, and give all records."""
    with store.open(folder / "a.pxa") as archive:
        records = list(archive.records())
    there = {record.id.hex() for record in records}
    assert len(there) == len(records)
    assert set(added) <= there
    return records


def kill_rounds(folder, rounds, *, seed, jobs, streams=80, pictures=2):
    """Kill so many runs, each over more files; then let one finish. Give how many were killed."""
    store.create(folder / "a.pxa").close()
    rng, added, killed, number = random.Random(seed), Counter(), 0, 0
    for turn in range(rounds):
        fill(folder / "in", number, streams, pictures)
        number += streams
        out = folder / f"out-{turn}"
        with out.open("wb") as file, start(folder, file, "--jobs", str(jobs)) as run:
            deadline, wanted = time.monotonic() + 60, rng.random() < 0.7
            while wanted and not out.stat().st_size and run.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(rng.random() * (0.15 if wanted else 1.2))
            run.kill()
            run.wait()
            killed += run.returncode == -9
        added.update(line["id"] for line in acknowledged(out) if line["state"] == "added")
        check(folder, added)
    out = folder / "last"
    with out.open("wb") as file, start(folder, file, "--jobs", str(jobs)) as run:
        assert run.wait(300) == 0
    lines = acknowledged(out)
    added.update(line["id"] for line in lines if line["state"] == "added")
    files = [path for path in (folder / "in").rglob("*") if path.is_file()]
    records = check(folder, added)
    assert len(lines) == len(files)
    assert {record.id for record in records} == {id_of(path.read_bytes()) for path in files}
    assert Counter(place.path for record in records for place in record.places) == Counter(
        path.relative_to(folder / "in").as_posix() for path in files
    )
    assert max(added.values()) == 1  # nothing that was acknowledged was added again
    return killed
