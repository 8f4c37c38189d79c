"""One JSON line on standard error for each request and whatever else happens: no query, no token, no body."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import Any

_LONGEST_PATH = 200


@dataclass(slots=True)
class Entry:
    """What is written of a request.

    Attributes:
        method: of HTTP.
        path: without the query.
        status: of the answer; 0 where there was none.
        sent: bytes of its body.
        caller: who sent the request, by the name of a token.
        address: it came from; written where something was refused to it.
        error: where in the program something went wrong.
    """

    method: str
    path: str
    status: int = 0
    sent: int = 0
    caller: str = ""
    address: str = ""
    error: str = ""
    since: float = field(default_factory=time.perf_counter)

    def write(self) -> None:
        """Write it."""
        line: dict[str, Any] = {
            "method": self.method,
            "path": self.path[:_LONGEST_PATH],
            "status": self.status,
            "ms": round(1000 * (time.perf_counter() - self.since), 1),
            "bytes": self.sent,
            "caller": self.caller,
        }
        line |= {name: value for name in ("address", "error") if (value := getattr(self, name))}
        _write(line)


def place(error: BaseException) -> str:
    """Say what went wrong and where, without what was worked on: its words may be somebody's."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {'/'.join(frames[-1].filename.split('/')[-2:])}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + at


def note(what: str) -> None:
    """Write a line about what no request is to blame for."""
    _write({"note": what})


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _write({"level": record.levelname.lower(), "message": record.getMessage()})


def take() -> None:
    """Write what the server's own modules log in this form, too."""
    logger = logging.getLogger("promptcodec.server")
    if not logger.handlers:
        logger.addHandler(_Lines(logging.INFO))
    logger.propagate = False
    # It warns of forms that are refused anyway.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


def _write(line: dict[str, Any]) -> None:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    with contextlib.suppress(OSError, ValueError):  # nobody reads it
        sys.stderr.write(json.dumps({"time": now, **line}) + "\n")
        sys.stderr.flush()
