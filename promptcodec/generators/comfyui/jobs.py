"""A graph in a server's queue: put in, watched until it is done, taken out where nobody waits for it.

Newer servers tell of a job at ``/api/jobs/ID``. Older ones do not: a job stands in ``/queue``, and when it is
done in ``/history/ID``, which says nothing of jobs that wait, run or never were. So the queue is asked first:
what is in neither then is lost.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from promptcodec.api.servers import Server, StatusError
from promptcodec.errors import ApiError, GeneratorError, PromptcodecError
from promptcodec.generators.comfyui.failures import failure, refusal
from promptcodec.generators.watching import Progress, Watch

FIRST_PAUSE, PAUSE = 0.05, 1.0
"""Seconds between two questions: at first, and at most."""
TRIES = 4
"""A job is asked about so often in a row before a server that does not answer is given up."""
SHORT, SILENCE = 5.0, 60.0
"""Seconds of silence: while a job is ended, and else."""
_ID = re.compile(r"[\w-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class State:
    """How far a job is.

    Attributes:
        stage: ``waiting``, ``drawing``, ``done``, or ``lost`` where the server knows nothing of it.
        place, waiting: its place in the queue, from 1, of how many.
        outputs: by node, what it shows; of a job that is done.
        messages: what happened, name and data each; of a job that is done.
    """

    stage: str
    place: int = 0
    waiting: int = 0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[tuple[str, Mapping[str, Any]], ...] = ()


def run(server: Server, graph: Mapping[str, Any], watch: Watch, timeout: float) -> Mapping[str, Any]:
    """Queue a graph, wait until it is done, give what its nodes show.

    Whatever ends the waiting takes the job out of the queue, or interrupts it, and no other.

    Args:
        server: where.
        graph: in API format.
        watch: hears of the place in the queue.
        timeout: seconds.

    Raises:
        GeneratorError: the graph is refused or fails, or the job is lost.
        ApiError: the server cannot be reached.
    """
    name = client = str(uuid.uuid4())  # newer servers take no other form
    try:
        answer = _queue(server, graph, name)
        name = answer["prompt_id"]  # older servers choose it
        _check_whole(answer)
        state = _wait(server, name, watch, timeout)
    except BaseException:
        cancel(server, name, client)
        raise
    wrong = failure(state.messages, graph)
    if wrong:
        raise GeneratorError(wrong)
    return state.outputs


def _queue(server: Server, graph: Mapping[str, Any], client: str) -> dict[str, Any]:
    """Put a graph in; give the server's answer."""
    body = {"prompt": graph, "prompt_id": client, "client_id": client}
    try:
        answer = server.post("/prompt", body)
    except StatusError as error:
        if error.status == 400 and isinstance(error.body, dict):
            raise GeneratorError(refusal(error.body)) from None
        raise
    name = answer.get("prompt_id") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not (isinstance(name, str) and _ID.fullmatch(name)):
        raise ApiError(f"{server.url}/prompt queued nothing; is this a ComfyUI server?")
    return answer


def _check_whole(answer: Mapping[str, Any]) -> None:
    """Raise where only some outputs of a graph were queued: those that are not sound are left out."""
    if answer.get("node_errors"):
        raise GeneratorError(refusal(answer))


def _wait(server: Server, name: str, watch: Watch, timeout: float) -> State:
    until = time.monotonic() + timeout
    pause = FIRST_PAUSE
    newer = _has_jobs(server)
    while True:
        state = _patiently(lambda: (_job if newer else _old_job)(server, name))
        if state.stage == "done":
            return state
        if state.stage == "lost":
            raise GeneratorError(
                f"the server {server.host} no longer knows the job: it was started anew, or somebody cleared "
                "its queue; try again"
            )
        watch.report(Progress(state.stage, state.place, state.waiting))
        if time.monotonic() > until:
            raise GeneratorError(
                f"the picture was not done in {timeout:g} s: it was {state.stage}; timeout=SECONDS in the "
                "profile gives it longer"
            )
        time.sleep(pause)
        pause = min(1.5 * pause, PAUSE)


def _patiently(ask: Callable[[], State]) -> State:
    """Ask again where a connection breaks: the job goes on meanwhile."""
    for number in range(TRIES - 1):
        try:
            return ask()
        except StatusError:
            raise
        except ApiError:
            time.sleep(PAUSE * 2**number)
    return ask()


def _has_jobs(server: Server) -> bool:
    try:
        answer = server.get("/api/jobs", {"limit": "1"})
    except ApiError:  # older servers answer with a page, or with nothing
        return False
    return isinstance(answer, dict) and isinstance(answer.get("jobs"), list)


def _job(server: Server, name: str) -> State:
    try:
        job = _object(server.get(f"/api/jobs/{name}"))
    except StatusError as error:
        if error.status == 404:
            return State("lost")
        raise
    if job.get("status") == "pending":
        return _in_queue(server, name) or State("waiting")
    if job.get("status") == "in_progress":
        return State("drawing")
    return _done(job.get("outputs"), job.get("execution_status"))


def _old_job(server: Server, name: str) -> State:
    queued = _in_queue(server, name)
    if queued:
        return queued
    entry = _object(server.get(f"/history/{name}")).get(name)
    if not isinstance(entry, dict):
        return State("lost")
    return _done(entry.get("outputs"), entry.get("status"))


def _in_queue(server: Server, name: str) -> State | None:
    """Look for a job among those that run and wait; None where it is not there."""
    queue = _object(server.get("/queue"))
    running, pending = (_rows(queue.get(key)) for key in ("queue_running", "queue_pending"))
    if any(row[1] == name for row in running):
        return State("drawing")
    mine = next((row for row in pending if row[1] == name), None)
    if mine is None:
        return None
    numbers = [row[0] if isinstance(row[0], (int, float)) else 0 for row in (mine, *pending)]
    ahead = sum(number < numbers[0] for number in numbers)
    return State("waiting", ahead + len(running) + 1, len(pending) + len(running))


def _rows(value: Any) -> list[Any]:
    """Give the rows of a table that have at least two fields."""
    return [row for row in value if isinstance(row, list) and len(row) > 1] if isinstance(value, list) else []


def _done(outputs: Any, status: Any) -> State:
    messages = _object(status).get("messages")
    pairs = _rows(messages)
    events = [(str(event), _object(data)) for event, data, *_ in pairs]
    if _object(status).get("status_str") == "error" and not events:
        events = [("execution_error", {})]
    return State("done", outputs=_object(outputs), messages=tuple(events))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def cancel(server: Server, name: str, client: str) -> None:
    """Take a job out of the queue or interrupt it, if it is there still; never another one.

    Args:
        server: where.
        name: of the job, as far as it is known.
        client: that it was queued for: the answer with its name may not have come.
    """

    def mine(row: Any) -> bool:
        return row[1] == name or _object(row[3] if len(row) > 3 else None).get("client_id") == client

    with suppress(PromptcodecError):
        try:
            server.post(f"/api/jobs/{name}/cancel", {}, timeout=SHORT)
        except StatusError:  # servers before it came
            waits = _rows(_object(server.get("/queue", timeout=SHORT)).get("queue_pending"))
            server.post("/queue", {"delete": [row[1] for row in waits if mine(row)]}, timeout=SHORT)
            # Older servers interrupt whatever runs, so it is looked at only now.
            runs = _rows(_object(server.get("/queue", timeout=SHORT)).get("queue_running"))
            if any(map(mine, runs)):
                server.post("/interrupt", {"prompt_id": name}, timeout=SHORT)
