"""One picture asked for: told how far it is while the answer is awaited, stopped when it is not wanted."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any

from PIL import Image

from promptcodec.api.servers import Server, StatusError
from promptcodec.errors import ApiError, GeneratorError, ImageError
from promptcodec.generators.sdapi.encoded import decoded
from promptcodec.generators.sdapi.requests import Request
from promptcodec.generators.watching import Progress, Watch

PAUSE = 1.0
"""Seconds between two looks."""
MOST_BUSY = 180.0
"""Seconds that a server may be loading, or busy, before it takes the request."""
_LOOK = 10.0
_LEAVE = 5.0
"""Seconds that a picture which is ended may take from whoever ends it."""
_MOST_STEPS = 1_000_000
_BUSY = 503


def ask(server: Server, request: Request, watch: Watch, *, interrupts: bool) -> Any:
    """Give the JSON answer.

    Args:
        server: the server.
        request: what to ask.
        watch: is told each second; when it raises, the server is stopped where it can be.
        interrupts: it tells how far it is, and can be stopped.

    Raises:
        StatusError: the server answers with an error.
        ApiError: it goes away, is silent too long, or answers with anything else than JSON.
        GeneratorError: somebody interrupted the picture at the server.
    """
    started = time.monotonic()
    while True:
        try:
            return _once(server, request, watch, interrupts=interrupts)
        except StatusError as error:
            if error.status != _BUSY or time.monotonic() - started > MOST_BUSY:
                raise
            loading = "load" in str(error.body).lower()
        watch.report(Progress("loading" if loading else "waiting"))
        time.sleep(PAUSE)


def _once(server: Server, request: Request, watch: Watch, *, interrupts: bool) -> Any:
    looking = _Looking(server, previews=watch.previews) if interrupts else None
    watch.report(Progress("waiting"))
    call = _Call(server, request)
    try:
        while not call.done.wait(PAUSE):
            watch.report(looking.progress() if looking else Progress("drawing"))
    except BaseException:
        _stop(server, call, looking)
        raise
    if call.error is None and looking and looking.was_interrupted():
        raise GeneratorError(f"somebody interrupted the picture at {server.host}; draw it again")
    return call.outcome()


def _stop(server: Server, call: _Call, looking: _Looking | None) -> None:
    """Interrupt our picture, never another's, until the answer comes; then leave."""
    until = time.monotonic() + _LEAVE
    try:
        while looking and time.monotonic() < until:
            with contextlib.suppress(ApiError):
                if looking.ours():
                    server.post("/sdapi/v1/interrupt", {}, timeout=_LEAVE / 2)
            if call.done.wait(PAUSE):
                break
    finally:
        call.leave()


class _Call:
    """A POST in a thread of its own."""

    def __init__(self, server: Server, request: Request) -> None:
        self.done = threading.Event()
        self.error: BaseException | None = None
        self._server, self._request = server, request
        self._answer: Any = None
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = self._server.post(
                self._request.path, self._request.body, opened=self._sockets.append
            )
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            self.error = error
        finally:
            self.done.set()

    def outcome(self) -> Any:
        """Give the answer, or raise what went wrong."""
        self._thread.join()
        if self.error is not None:
            raise self.error
        return self._answer

    def leave(self) -> None:
        """Close the connection, so that the thread ends."""
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(_LOOK)


class _Looking:
    """What a server tells of the picture it draws, which may be another's while ours waits."""

    def __init__(self, server: Server, *, previews: bool) -> None:
        self._server = server
        self._query = {"skip_current_image": "false" if previews else "true"}
        state = self._state()
        self._other = state if _active(state) else {}

    def progress(self) -> Progress:
        """Look, and tell."""
        answer = self._answer()
        state = _state_of(answer)
        if not _active(state) or self._is_other(state):
            return Progress("waiting")
        step, steps = _count(state.get("sampling_step")), _count(state.get("sampling_steps"))
        if not steps:
            return Progress("loading")
        return Progress("drawing", min(step, steps), steps, _preview(answer))

    def was_interrupted(self) -> bool:
        """Whether the last picture was ended early; web UIs keep that in mind until the next begins."""
        state = self._state()
        return state.get("interrupted") is True and not _active(state)

    def ours(self) -> bool:
        """Whether what is drawn now is ours: what was drawn before we came is another's."""
        state = _state_of(self._answer())
        return _active(state) and not self._is_other(state)

    def _is_other(self, state: dict[str, Any]) -> bool:
        """Whether the job is still the one that was there first; a new one begins at step 0, later."""
        same = bool(self._other) and state.get("job_timestamp") == self._other.get("job_timestamp")
        same = same and _count(state.get("sampling_step")) >= _count(self._other.get("sampling_step"))
        self._other = state if same else {}
        return same

    def _answer(self, timeout: float | None = None) -> Any:
        timeout = timeout or _LEAVE / 2  # whoever ends a picture waits for this
        with contextlib.suppress(ApiError):
            return self._server.get("/sdapi/v1/progress", self._query, timeout=timeout)
        return None

    def _state(self) -> dict[str, Any]:
        return _state_of(self._answer(_LOOK))


def _state_of(answer: Any) -> dict[str, Any]:
    state = answer.get("state") if isinstance(answer, dict) else None
    return state if isinstance(state, dict) else {}


def _active(state: dict[str, Any]) -> bool:
    return bool(state.get("job_count")) or bool(state.get("job"))


def _count(value: Any) -> int:
    return min(value, _MOST_STEPS) if isinstance(value, int) and value > 0 else 0


def _preview(answer: Any) -> Image.Image | None:
    picture = answer.get("current_image")
    if isinstance(picture, str) and picture:
        with contextlib.suppress(ImageError):
            return decoded(picture)
    return None
