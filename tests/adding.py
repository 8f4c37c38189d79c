"""Adding pictures to an archive in tests: what is made, run and read."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from promptcodec.archive import store
from tests import messy
from tests.archive_kills import QUICK


def adder(cli, monkeypatch, cache):
    """Give what adds to the archive ``a.pxa``, which is made; it gives exit code, JSON lines and errors."""
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(cache))
    cli("archive", "create", "a.pxa")

    def run(*args, jobs=1):
        code, out, err = cli("archive", "add", "a.pxa", *args, *QUICK, "--json", "--jobs", jobs)
        return code, [json.loads(line) for line in out.splitlines()], err

    return run


def put(*names, start=0):
    """Write small pictures, each unlike the others."""
    for number, name in enumerate(names, start):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(messy.picture(number, messy.kind_of(name)))


def records():
    with store.open("a.pxa") as archive:
        return {record.id: record for record in archive.records()}


def places():
    return sorted((place.root, place.path) for record in records().values() for place in record.places)


def states(lines):
    return {Path(line["file"]).name: line["state"] for line in lines}


def summary(err):
    """Give the counts of the line at the end."""
    line = next(line for line in err.splitlines() if " found: " in line).partition(";")[0] + ";"
    return {name: int(number) for number, name in re.findall(r"(\d+) ([a-z ]+?)(?=[,;:]|$)", line)}


def touch(path, seconds):
    about = Path(path).stat()
    os.utime(path, (about.st_atime, about.st_mtime + seconds))
