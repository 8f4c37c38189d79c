"""What cannot run, and why: never skipped in silence."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from eval.rivals import Unavailable

NOT_RUN = "not run: "
NOT_REACHED = "not reached: "

__all__ = ["NOT_REACHED", "NOT_RUN", "NotReached", "Unavailable", "offline"]


class NotReached(RuntimeError):  # noqa: N818 - says what it is
    """A codec has nothing at this setting, as no JPEG file has 64 bytes; the message says why."""


@contextmanager
def offline() -> Iterator[None]:
    """Refuse connections: libraries that download weights fail at once instead of fetching unpinned files."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise OSError("weights are not in the cache, and the laboratory downloads nothing")

    connect, resolve = socket.socket.connect, socket.getaddrinfo
    socket.socket.connect = refuse  # type: ignore[method-assign]
    socket.getaddrinfo = refuse
    try:
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
        socket.getaddrinfo = resolve
