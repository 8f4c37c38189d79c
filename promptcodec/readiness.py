"""What a plugin says of itself before it is used: would it work here and now, and why not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from concurrent.futures import Future

Value = TypeVar("Value")
asking: ContextVar[bool] = ContextVar("asking", default=True)
"""Whether whoever examines may ask servers; `promptcodec.api.servers` holds itself to it."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether something would work now.

    Attributes:
        name: how it is named where one is chosen, ``diffusers:sdxl``.
        ok: it would work.
        why: what is missing and the way to get it; where it is ok, what it would use. Never empty.
        licence: of its model, SPDX where there is such a name; ``""`` where nobody knows.
        size: bytes of its model on disk, or to be fetched; 0 where nothing is.
    """

    name: str
    ok: bool
    why: str
    licence: str = ""
    size: int = 0


@runtime_checkable
class Examined(Protocol):
    """What a captioner, generator or check has besides that may be unable to work."""

    def examine(self) -> Sequence[Readiness]:
        """Look whether it would work, within a second and without heavy imports; one row per variant.

        What nothing is known of (an address that was not named) gives ok False and says what to name.
        """
        ...


def start(call: Callable[[], Value]) -> Future[Value]:
    """Begin a call that may never end, in a thread that keeps no process alive.

    Looking up a name, among others, knows no deadline: wait for the result as long as you like.
    """
    from concurrent.futures import Future  # noqa: PLC0415 - only who examines waits for several

    future: Future[Value] = Future()
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(call))
        except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
