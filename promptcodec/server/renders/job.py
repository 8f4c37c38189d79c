"""A picture that is waited for: how far it is, who asked for it, who watches it."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptcodec.errors import CancelledError
from promptcodec.generators.watching import Progress
from promptcodec.server.guard import Caller
from promptcodec.server.problems import Problem
from promptcodec.server.renders.drawn import Drawn
from promptcodec.server.renders.wanted import Wanted

if TYPE_CHECKING:
    from PIL import Image

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)
_PREVIEW_SECONDS = 0.5
_PREVIEW_SIDE = 320


def _nothing() -> None:
    """Stand for what is not there yet."""


@dataclass(slots=True, eq=False)
class Job:
    """A picture that is waited for. All but ``report`` is called in the event loop.

    Attributes:
        key: of the picture, and the job's id.
        stream: without magic and checksum.
        wanted: what is drawn of it.
        caller: who asked first, and pays.
        turn: whose turn it takes.
        asked: the names of who asked and has not cancelled.
        state: one of WAITING, RUNNING and ENDED.
        drawn: the picture of a job that is done.
        problem: why there is none.
        parked: the names of who asked as they are written down, for another process; none where it is not.
        progress: what the generator said last.
        preview: the picture so far, as a data URL.
        over: is set when it has ended.
        freed: is set when nobody should wait any longer: it has ended, or the server does.
        listeners: are set when there is something new.
        work: what waits in the generator's pool.
        wake: has ``changed`` called, from any thread.
    """

    key: str
    stream: bytes
    wanted: Wanted
    caller: Caller
    turn: str
    asked: set[str] = field(default_factory=set)
    state: str = WAITING
    drawn: Drawn | None = None
    problem: Problem | None = None
    parked: frozenset[str] = frozenset()
    progress: Progress | None = None
    preview: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    listeners: set[asyncio.Event] = field(default_factory=set)
    work: Callable[[], None] = _nothing
    wake: Callable[[], None] = _nothing
    _stopped: bool = False
    _shown: float = 0.0

    def stop(self) -> None:
        """Have the generator ended at its next report."""
        self._stopped = True

    def report(self, progress: Progress) -> None:
        """Take how far the generator is, in its thread.

        Raises:
            CancelledError: the picture is not wanted any more.
        """
        if self._stopped:
            raise CancelledError("nobody waits for the picture any more")
        now = time.monotonic()
        if progress.preview is not None and self.listeners and now - self._shown >= _PREVIEW_SECONDS:
            self._shown, self.preview = now, _data_url(progress.preview)
        self.progress = progress
        if self.listeners:
            self.wake()

    def changed(self) -> None:
        """Wake who watches."""
        for listener in self.listeners:
            listener.set()

    def free(self) -> None:
        """Let those go who wait, and wake those who watch."""
        self.freed.set()
        self.changed()

    def end(self, outcome: Drawn | Problem, state: str) -> None:
        """Take the outcome; wake who waits and who watches."""
        if isinstance(outcome, Problem):
            self.problem = outcome
        else:
            self.drawn = outcome
        self.state = state
        self.over.set()
        self.free()

    def shown(self, place: int = 0) -> dict[str, Any]:
        """Give the object that says how the job is; ``place`` is how many come before it."""
        progress = self.progress
        return {
            "id": self.key,
            "state": self.state,
            "position": place if self.state == WAITING else 0,
            "progress": progress
            and {
                "stage": progress.stage,
                "done": progress.done,
                "total": progress.total,
                "note": progress.note,
            },
            "error": error_of(self.problem) if self.problem else None,
            "picture": picture_of(self.key),
            **({"report": self.drawn.report} if self.drawn else {}),
        }


def picture_of(key: str) -> str:
    """Give where the picture of a job is."""
    return f"/jobs/{key}/picture"


def shown_of(drawn: Drawn) -> dict[str, Any]:
    """Give the object of a job that is done, of its picture."""
    done = {"id": drawn.key, "state": DONE, "position": 0, "progress": None, "error": None}
    return {**done, "picture": picture_of(drawn.key), "report": drawn.report}


def error_of(problem: Problem) -> dict[str, Any]:
    """Give a problem as a job shows it."""
    return {"status": int(problem.status), "kind": problem.kind, "detail": problem.detail}


def _data_url(picture: Image.Image) -> str:
    small, file = picture.convert("RGB"), io.BytesIO()
    small.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    small.save(file, "JPEG", quality=70)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
