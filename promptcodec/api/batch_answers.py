"""What a server says of a batch, and of each of its requests: anything may stand there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptcodec.api.client import UnusableAnswerError
from promptcodec.api.complaints import complaint

_OVER = {"completed", "failed", "expired", "cancelled"}
_ID = re.compile(r"(?!.*\.\.)[\w.:@=+/-]{1,256}", re.ASCII)
_LONGEST_VALUE = 512
_MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the server tells it.

    Attributes:
        id: of the batch.
        status: in lower case; ``validating``, ``in_progress``, ``finalizing``, ``cancelling``, or that of
            one that is over: ``completed``, ``failed``, ``expired``, ``cancelled``.
        endpoint: the path that its lines go to.
        input_file: the id of the file of requests.
        output_file, error_file: ids of the files of results, None where there is none (yet).
        metadata: as it was created with.
        total, completed, failed: lines.
        problems: why it failed: ``code: message``, with the line where there is one.
    """

    id: str
    status: str
    endpoint: str
    input_file: str
    output_file: str | None
    error_file: str | None
    metadata: Mapping[str, str]
    total: int
    completed: int
    failed: int
    problems: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        """Say whether nothing of it changes any more."""
        return self.status in _OVER


@dataclass(frozen=True, slots=True)
class Line:
    """What came of one request.

    Attributes:
        custom_id: what the request was called; any text at all, as the server writes it.
        status: of HTTP, None where the request was not answered.
        body: the answer, the key covered in it; None where there is none.
        code, message: of the error, without control characters; None where there is none.
    """

    custom_id: str
    status: int | None
    body: dict[str, Any] | None
    code: str | None
    message: str | None


def read_line(entry: dict[str, Any]) -> Line:
    """Read a line of results.

    Raises:
        UnusableAnswerError: it names no request.
    """
    custom_id = entry.get("custom_id")
    if not isinstance(custom_id, str):
        raise UnusableAnswerError("it names no request")
    response = entry.get("response")
    given = response if isinstance(response, dict) else {}
    status, body = given.get("status_code"), given.get("body")
    body = body if isinstance(body, dict) else None
    status = status if type(status) is int else None
    error = entry.get("error") or (body or {}).get("error")
    failed = status != 200 or body is None
    code = error.get("code") or error.get("type") if isinstance(error, dict) else None
    message = complaint({"error": error}) if error else complaint(body or {}) if failed else ""
    return Line(
        custom_id,
        status,
        body,
        _clean(code) if isinstance(code, str) else None,
        message or ("there is neither an answer nor an error" if failed else None),
    )


def read_batch(answer: dict[str, Any]) -> Batch:
    """Read a batch.

    Raises:
        UnusableAnswerError: it is none.
    """
    status = answer.get("status")
    if not isinstance(status, str):
        raise UnusableAnswerError(f"the server's answer is no batch: {complaint(answer) or 'no status'}")
    counts = answer.get("request_counts")
    metadata = answer.get("metadata")
    errors = answer.get("errors")
    problems = errors.get("data") if isinstance(errors, dict) else None
    total, completed, failed = (_count(counts, name) for name in ("total", "completed", "failed"))
    return Batch(
        read_id(answer),
        _clean(status.lower()),
        id_of(answer.get("endpoint")),
        id_of(answer.get("input_file_id")),
        id_of(answer.get("output_file_id")) or None,
        id_of(answer.get("error_file_id")) or None,
        {
            name: value
            for name, value in (metadata.items() if isinstance(metadata, dict) else ())
            if isinstance(value, str) and len(value) <= _LONGEST_VALUE
        },
        total,
        completed,
        failed,
        tuple(map(_problem, problems[:_MOST_PROBLEMS])) if isinstance(problems, list) else (),
    )


def _problem(entry: Any) -> str:
    if not isinstance(entry, dict):
        return _clean(str(entry))
    code, message = (_clean(str(entry.get(name) or "")) for name in ("code", "message"))
    number = entry.get("line")
    where = f" (line {number})" if type(number) is int and 0 < number < 1 << 31 else ""
    return ": ".join(filter(None, (code, message))) + where


def _count(counts: Any, name: str) -> int:
    count = counts.get(name) if isinstance(counts, dict) else None
    return count if type(count) is int and 0 < count < 1 << 31 else 0


def read_id(answer: dict[str, Any]) -> str:
    """Read the id of a file or a batch.

    Raises:
        UnusableAnswerError: there is none.
    """
    given = id_of(answer.get("id"))
    if not given:
        words = complaint(answer) or "it has no id"
        raise UnusableAnswerError(f"the server's answer names neither file nor batch: {words}")
    return given


def id_of(value: Any) -> str:
    """Give an id or a path; empty for what is none."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def _clean(text: str) -> str:
    """Give words on one line, of a length to be shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:_LONGEST_VALUE]).split())
