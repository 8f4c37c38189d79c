"""Jobs that a client was told of, as small files: a server that starts again goes on with them."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptcodec.server.renders.wanted import Wanted, again, key_of, plain
from promptcodec.server.settings import ServeSettings

TRIES = 3
"""A job that was begun so often and never ended is given up: it may be what ended the process."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parked:
    """A job as it is written down.

    Attributes:
        key: the job's id.
        stream: without magic and checksum.
        wanted: what is drawn of it.
        caller: the name of who pays.
        asked: the names of who asked.
        tries: how often a server has gone on with it.
    """

    key: str
    stream: bytes
    wanted: Wanted
    caller: str
    asked: tuple[str, ...]
    tries: int = 0


def park(folder: Path, job: Parked) -> None:
    """Write a job down, or once more; where that does not work one line of the log says so."""
    values = {
        "stream": base64.b64encode(job.stream).decode(),
        "wanted": plain(job.wanted),
        "caller": job.caller,
        "asked": list(job.asked),
        "tries": job.tries,
    }
    unfinished = folder / f".{job.key}-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(values), "utf-8")
        unfinished.replace(folder / f"{job.key}.json")
    except OSError as error:
        _log.warning("a job is not parked: %s", error.strerror or error)


def forget(folder: Path, key: str) -> None:
    """Remove what was written of a job."""
    with contextlib.suppress(OSError):
        (folder / f"{key}.json").unlink()


def resume(folder: Path, settings: ServeSettings) -> Iterator[Parked]:
    """Give the jobs that were parked, oldest first, each counted as tried once more.

    What cannot be read, was tried too often, or is not what its name says, is removed: it is damaged, or of
    another version, or its generator is not here.
    """
    try:
        paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in folder.glob(".*"):
            path.unlink(missing_ok=True)
    except OSError:
        return
    for path in paths:
        job = _read(path, settings)
        if job is None or job.tries > TRIES:
            forget(folder, path.stem)
            continue
        park(folder, job)
        yield job


def _read(path: Path, settings: ServeSettings) -> Parked | None:
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        wanted = again(values["wanted"], settings)
        stream = base64.b64decode(values["stream"])
        caller = str(values["caller"])
        names = tuple(map(str, values["asked"]))
        tries = int(values["tries"]) + 1
        is_same = wanted is not None and key_of(stream, wanted) == path.stem
    except Exception:  # noqa: BLE001 - whatever stands there, the server starts
        return None
    return Parked(path.stem, stream, wanted, caller, names, tries) if wanted and is_same else None
