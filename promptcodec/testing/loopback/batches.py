"""Batches: files of requests, validated and answered in the background, in an order nobody expects."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptcodec.server.openai.rules import BadRequestError, Rule, among, kind
from promptcodec.testing.loopback.batch_lines import answered, digest, unanswered, validate
from promptcodec.testing.loopback.faults import BATCHES, Fault, choose_line, choose_of
from promptcodec.testing.loopback.files import Files, page

_WORKERS = 3
_VALIDATING, _SLOW = 0.05, 3.0
"""Seconds."""
_DAY = 86_400
_OVER = {"completed", "failed", "expired", "cancelled"}
_SHARES = {"batch-expired", "batch-cancelled"}
_FAILED = {
    "batch-failed": ("internal_error", "The batch could not be validated."),
    "batch-queue": (
        "token_limit_exceeded",
        "Enqueued token limit reached. Please try again once some in_progress batches have been completed.",
    ),
}
_REFUSED = {
    "line-400": (400, "Invalid value.", "invalid_request_error", "invalid_value"),
    "line-policy": (400, "Your request was rejected.", "invalid_request_error", "content_policy_violation"),
    "line-429": (429, "Rate limit reached for requests.", "rate_limit_error", "rate_limit_exceeded"),
    "line-500": (500, "The server had an error while processing your request.", "server_error", None),
}
_UNDONE = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "The batch was cancelled before this request was executed."),
}


def _metadata(value: Any, param: str) -> None:
    if value is None:
        return
    kind(dict)(value, param)
    if len(value) > 16:
        raise BadRequestError(
            f"Invalid '{param}': too many properties.", param, "object_above_max_properties"
        )
    for name, text in value.items():
        kind(str)(text, f"{param}.{name}")
        if len(name) > 64 or len(text) > 512:
            words = f"Invalid '{param}.{name[:64]}': string too long."
            raise BadRequestError(words, param, "string_above_max_length")


REQUEST: dict[str, Rule] = {
    "input_file_id": kind(str),
    "endpoint": among("/v1/responses", "/v1/chat/completions", "/v1/images/generations", "/v1/images/edits"),
    "completion_window": among("24h"),
    "metadata": _metadata,
}

Answer = Callable[[str, Any, str], dict[str, Any]]
Note = Callable[[str, str, int, str], None]


@dataclass
class _Batch:
    """A batch, and what came of its lines so far."""

    shown: dict[str, Any]
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"total": 0, "completed": 0, "failed": 0})

    def show(self) -> dict[str, Any]:
        with self.lock:
            return {**self.shown, "request_counts": dict(self.counts)}

    def become(self, status: str, **more: Any) -> None:
        """Go on to a status, unless it is over, or about to be cancelled."""
        with self.lock:
            goes_on = status in {"in_progress", "finalizing"}
            if self.shown["status"] in _OVER or (goes_on and self.stop.is_set()):
                return
            self.shown |= {"status": status, f"{status}_at": int(time.time()), **more}

    def add(self, result: dict[str, Any], *, good: bool, times: int = 1, cut: bool = False) -> None:
        text = json.dumps(result)
        line = f"{text[: len(text) // 2] if cut else text}\n"
        with self.lock:
            (self.done if good else self.failed).extend([line] * times)
            self.counts["completed" if good else "failed"] += 1


class Batches:
    """Runs batches of requests.

    Args:
        answer: takes the path, the body of a request and a fault of the answer.
        note: writes a line of the log.
        faults: what goes wrong.
        files: where requests are, and results go.
        most: lines of a batch, at most.
    """

    def __init__(self, answer: Answer, note: Note, faults: Sequence[Fault], files: Files, most: int) -> None:
        self._answer, self._note, self._faults, self._files = answer, note, faults, files
        self._most = most
        self._batches: dict[str, _Batch] = {}
        self._sent: set[str] = set()
        self._lock = threading.Lock()

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Begin a batch; give its object. What its lines are is looked at later."""
        data = self._files.content(asked["input_file_id"], "batch")
        now = int(time.time())
        ends = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
        batch = _Batch(
            {
                "id": f"batch_{uuid.uuid4().hex}",
                "object": "batch",
                "endpoint": asked["endpoint"],
                "errors": None,
                "input_file_id": asked["input_file_id"],
                "completion_window": "24h",
                "status": "validating",
                "output_file_id": None,
                "error_file_id": None,
                "created_at": now,
                "expires_at": now + _DAY,
                **dict.fromkeys(f"{status}_at" for status in ends),
                "metadata": asked.get("metadata"),
            }
        )
        with self._lock:
            self._batches[batch.shown["id"]] = batch
        shown = batch.show()
        threading.Thread(target=self._run, args=(batch, data), daemon=True).start()
        return shown

    def state(self, name: str) -> dict[str, Any]:
        """Give a batch's object."""
        return self._get(name).show()

    def page(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """Give a page of the batches, newest first."""
        with self._lock:
            batches = [batch.show() for batch in self._batches.values()]
        return page(batches[::-1], asked, 20, 100)

    def cancel(self, name: str) -> dict[str, Any]:
        """Have a batch end early; give its object."""
        batch = self._get(name)
        status = batch.show()["status"]
        if status in _OVER:
            raise BadRequestError(f"Cannot cancel a batch with status '{status}'.", None, None, 409)
        if not batch.stop.is_set():
            batch.stop.set()
            batch.become("cancelling")
        return batch.show()

    def stop(self) -> None:
        """End all batches."""
        for batch in self._batches.values():
            batch.stop.set()

    def _get(self, name: str) -> _Batch:
        with self._lock:
            if name in self._batches:
                return self._batches[name]
        raise BadRequestError(f"No batch found with id '{name}'.", "id", None, 404)

    def _run(self, batch: _Batch, data: bytes) -> None:
        """Validate a batch, answer its lines, and write its files."""
        batch.stop.wait(_VALIDATING)
        requests, problems = validate(data, batch.shown["endpoint"], self._most)
        fault = choose_of(self._faults, BATCHES)
        if fault in _FAILED:
            code, message = _FAILED[fault]
            problems = [{"code": code, "line": None, "message": message, "param": None}]
        if problems:
            batch.become("failed", errors={"object": "list", "data": problems})
            return
        batch.counts["total"] = len(requests)
        batch.become("in_progress")
        if fault in {"batch-slow", "batch-stuck"}:
            batch.stop.wait(None if fault == "batch-stuck" else _SLOW)
        requests.sort(key=lambda one: hashlib.sha256(one["custom_id"].encode("utf-8", "replace")).digest())
        most = len(requests) // 2 if fault in _SHARES else len(requests)
        undone = self._work(batch, requests[:most]) + requests[most:]
        ended = "expired" if fault == "batch-expired" else "cancelled" if undone else "completed"
        for request in undone:
            batch.add(unanswered(request["custom_id"], *_UNDONE[ended]), good=False)
        batch.become("finalizing")
        written = {}
        for name, lines in (("output", batch.done), ("error", batch.failed)):
            if lines:
                file_name = f"{batch.shown['id']}_{name}.jsonl"
                file = self._files.keep("".join(lines).encode(), file_name, "batch_output")
                written[f"{name}_file_id"] = file["id"]
        batch.become(ended, **written)

    def _work(self, batch: _Batch, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answer lines by a few threads; give those that a stop left undone."""
        waiting = list(requests)

        def work() -> None:
            for request in _taken(waiting, batch.stop):
                self._answer_line(batch, request)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(_WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return waiting

    def _answer_line(self, batch: _Batch, request: dict[str, Any]) -> None:
        name, body, path = request["custom_id"], request["body"], batch.shown["endpoint"]
        asked = digest(body)
        with self._lock:
            new = self._sent.isdisjoint({name, asked})
            self._sent |= {name, asked}
        fault = choose_line(self._faults, name, new=new, picture="/images/" in path or "modalities" in body)
        if fault in _REFUSED:
            status, message, of_kind, code = _REFUSED[fault]
            error = {"message": message, "type": of_kind, "param": None, "code": code}
            self._note("BATCH", path, status, asked)
            batch.add(answered(name, status, {"error": error}), good=False)
            return
        if fault == "line-timeout":
            self._note("BATCH", path, 408, asked)
            words = "The underlying call to the model timed out."
            batch.add(unanswered(name, "request_timeout", words), good=False)
            return
        try:
            given = self._answer(path, body, fault)
        except BadRequestError as wrong:
            error = {"message": wrong.message, "type": "invalid_request_error"}
            error |= {"param": wrong.param, "code": wrong.code}
            self._note("BATCH", path, wrong.status, asked)
            batch.add(answered(name, wrong.status, {"error": error}), good=False)
            return
        except Exception as unforeseen:  # noqa: BLE001 - one line does not end the others
            self._note("BATCH", path, 500, asked)
            error = {"message": repr(unforeseen), "type": "server_error", "param": None, "code": None}
            batch.add(answered(name, 500, {"error": error}), good=False)
            return
        self._note("BATCH", path, 200, asked)
        times = {"line-lost": 0, "line-twice": 2}.get(fault, 1)
        batch.add(answered(name, 200, given), good=True, times=times, cut=fault == "line-damaged")
        if fault == "line-foreign":
            batch.done.append(json.dumps(answered(f"{name}-of-another", 200, given)) + "\n")


def _taken(waiting: list[dict[str, Any]], stop: threading.Event) -> Iterator[dict[str, Any]]:
    """Take what waits, one after the other; several threads do."""
    while not stop.is_set():
        try:
            yield waiting.pop()
        except IndexError:
            return
