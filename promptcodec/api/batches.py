"""The Batch API: a file of requests goes there at once, and within a day a file of answers comes back.

Nothing here costs anything or is counted: what costs is the lines of a batch, each as much as half a
question. Whoever has a batch made counts them.
"""

from __future__ import annotations

import io
import itertools
import json
import logging
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from promptcodec.api import following, transport
from promptcodec.api.batch_answers import Batch, Line, id_of, read_batch, read_id, read_line
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.complaints import complaint
from promptcodec.api.failures import CallError
from promptcodec.errors import ApiError, MissingError, PromptcodecError, RefusedError, UsageError

__all__ = ["Batch", "DeniedError", "GoneError", "Line", "UnsureError"]
__all__ += ["BYTES", "LINES", "cancel", "create", "delete_file", "files_named", "find", "line", "listed"]
__all__ += ["results", "state", "upload"]

LINES, BYTES = 50_000, 200_000_000
"""Requests of one batch, and bytes of its file, at most."""
MOST_RESULTS = 2 << 30
"""Bytes of a file of results: of 50,000 answers of 40 KB each."""
_MOST_LINE = transport.MOST_TEXT
_MOST_RESULT_LINES = 4 * LINES
"""Of a file of results: no batch has as many, even where each comes twice."""
_PAGE = 100
_FILES_PAGE = 1000
_PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses"}
_LOCAL = {"extra_body", "extra_headers", "extra_query", "timeout"}
"""Arguments of the client's methods that are no part of a request's body."""

_log = logging.getLogger("promptcodec")


class UnsureError(ApiError):
    """A batch that may have been created, although no good answer came: ``find`` tells."""


class GoneError(ApiError):
    """A batch or a file that the server does not have (any more)."""


class DeniedError(ApiError):
    """The key is not accepted (any more)."""


def line(custom_id: str, endpoint: str, request: dict[str, Any]) -> bytes:
    """Write one line of a file of requests.

    Args:
        custom_id: what it is called, no other of its batch alike.
        endpoint: ``chat`` or ``responses``.
        request: the arguments of the client's method; ``extra_body`` is put into the body, as the client
            does it.
    """
    body = {name: value for name, value in request.items() if name not in _LOCAL}
    body |= request.get("extra_body") or {}
    asked = {"custom_id": custom_id, "method": "POST", "url": _PATHS[endpoint], "body": body}
    return json.dumps(asked, separators=(",", ":")).encode() + b"\n"


def upload(connection: Connection, data: BinaryIO | bytes, size: int, name: str = "") -> str:
    """Send a file of requests; give its id.

    What a try left there whose answer got lost is deleted, as far as the server lists its files.

    Args:
        connection: where to.
        data: the lines; a file is read from its start.
        size: its bytes.
        name: what the file is called there, no other alike; ``files_named`` finds it again.

    Raises:
        ApiError, UsageError: it could not be sent.
        UnusableAnswerError: the answer names no file.
    """
    name = name or f"promptcodec-{uuid.uuid4().hex}.jsonl"
    lost: list[CallError] = []

    def send(line: transport.Line) -> bytes:
        file = io.BytesIO(data) if isinstance(data, bytes) else data
        file.seek(0)
        request = {"file": (name, file, "application/jsonl"), "purpose": "batch"}
        method = line.client.files.with_raw_response.create
        return _send(connection, line, method, request, size)

    def judge(failed: CallError) -> CallError:
        if _may_be_done(failed):
            lost.append(failed)
        return _absent(failed, f"{connection.host} has no Batch API: it knows no files")

    uploaded = read_id(connection.parse(connection.manage(send, judge)))
    if lost:
        try:
            for other in files_named(connection, name):
                if other != uploaded:
                    delete_file(connection, other)
        except PromptcodecError as error:
            _log.warning("a file called %s may have stayed at %s: %s", name, connection.host, error)
    return uploaded


def create(connection: Connection, file_id: str, endpoint: str, metadata: Mapping[str, str]) -> Batch:
    """Have the requests of a file answered within 24 hours.

    It is tried again where the server certainly created nothing: it refused (4xx but for 408), or was not
    reached at all.

    Args:
        connection: where.
        file_id: as ``upload`` gives it.
        endpoint: ``chat`` or ``responses``, that of all lines.
        metadata: at most 16 pairs, of 64 and 512 characters.

    Raises:
        UnsureError: whether it was created is not known: the server failed, or its answer got lost or cannot
            be read.
        ApiError, UsageError, RefusedError: it was not created.
    """
    unsure = f"{connection.host} may have created a batch, or not"

    def judge(failed: CallError) -> CallError:
        if _may_be_done(failed):
            return CallError(UnsureError(f"{unsure}: {failed.error}"), billed=False, status=failed.status)
        return _absent(failed, f"{connection.host} has no file {file_id}, or no Batch API")

    request = {
        "input_file_id": file_id,
        "endpoint": _PATHS[endpoint],
        "completion_window": "24h",
        "metadata": dict(metadata),
    }
    content = connection.manage(
        lambda line: _send(connection, line, line.client.batches.with_raw_response.create, request), judge
    )
    try:
        return read_batch(connection.parse(content))
    except UnusableAnswerError as error:
        raise UnsureError(f"{unsure}: {error}") from None


def state(connection: Connection, batch_id: str) -> Batch:
    """Ask how a batch stands.

    Raises:
        GoneError: there is none of this id.
        ApiError, UsageError: the call failed.
        UnusableAnswerError: the answer is no batch.
    """
    content = connection.manage(
        lambda line: _send(
            connection, line, line.client.batches.with_raw_response.retrieve, {"batch_id": batch_id}
        ),
        lambda failed: _absent(failed, f"{connection.host} has no batch {batch_id}"),
    )
    return read_batch(connection.parse(content))


def listed(connection: Connection, most: int = 100) -> list[Batch]:
    """Give the last batches of the account, newest first.

    Raises:
        ApiError, UsageError: the call failed.
        UnusableAnswerError: the answer is no list.
    """
    asked = {"limit": min(_PAGE, most)}
    entries = _pages(connection, lambda client: client.batches.with_raw_response.list, asked)
    batches = []
    for entry in itertools.islice(entries, most):
        with suppress(UnusableAnswerError):  # one that cannot be read does not hide the others
            batches.append(read_batch(entry))
    return batches


def find(connection: Connection, file_id: str, metadata: Mapping[str, str], most: int = 1000) -> Batch | None:
    """Give the newest batch of a file, or the newest whose metadata has all these pairs; None for none.

    One that failed answered nothing, and does not count.

    Args:
        connection: where.
        file_id: empty where it is not known.
        metadata: empty where none are looked for.
        most: how many of the last batches are looked at.

    Raises:
        ApiError, UsageError, UnusableAnswerError: as ``listed`` does.
    """
    for batch in listed(connection, most):
        same = bool(metadata) and metadata.items() <= batch.metadata.items()
        if batch.status != "failed" and (same or (file_id and batch.input_file == file_id)):
            return batch
    return None


def results(
    connection: Connection, batch: Batch, passed_over: Callable[[str], object] = lambda _words: None
) -> Iterator[Line]:
    """Give what came of a batch's requests, in the order of its files, which is any.

    A request may come more than once, or not at all, and lines may come that nobody asked for. Each file
    is read whole before its first line is given. It lies in a file without a name meanwhile; in memory is
    one line of at most 4 MB.

    Args:
        connection: where.
        batch: that is over.
        passed_over: called with words about each line that cannot be read.

    Raises:
        GoneError: a file is not there any more.
        ApiError, UsageError: a file could not be read, or has more than 2 GB.
        MissingError: there is no room for it here.
    """
    for kind, file_id in (("output", batch.output_file), ("error", batch.error_file)):
        if file_id is None:
            continue
        with _file(connection, file_id) as file:
            for number, data in _lines(file):
                where = f"line {number} of the {kind} file of {batch.id}"
                if number > _MOST_RESULT_LINES:
                    passed_over(f"{where}: there are more lines than any batch has; they were not read")
                    break
                if data is None:
                    passed_over(f"{where} has more than {_MOST_LINE >> 20} MB")
                    continue
                try:
                    yield read_line(connection.parse(data))
                except UnusableAnswerError as error:
                    passed_over(f"{where}: {error}")


def cancel(connection: Connection, batch_id: str) -> Batch:
    """Ask that a batch ends; what is answered already stays. One that is over is given as it is.

    Raises:
        GoneError: there is none of this id.
        ApiError, UsageError: the call failed.
        UnusableAnswerError: the answer is no batch.
    """
    refused: list[CallError] = []

    def judge(failed: CallError) -> CallError:
        if failed.status in {400, 409}:
            refused.append(failed)
            return CallError(failed.error, billed=False, status=failed.status)
        return _absent(failed, f"{connection.host} has no batch {batch_id}")

    try:
        content = connection.manage(
            lambda line: _send(
                connection, line, line.client.batches.with_raw_response.cancel, {"batch_id": batch_id}
            ),
            judge,
        )
    except (ApiError, UsageError):
        if not refused:
            raise
        batch = state(connection, batch_id)
        if not (batch.is_over or batch.status == "cancelling"):
            raise
        return batch
    return read_batch(connection.parse(content))


def delete_file(connection: Connection, file_id: str) -> None:
    """Delete a file at the server; one that is not there is deleted already.

    Raises:
        ApiError, UsageError: the call failed.
    """
    try:
        connection.manage(
            lambda line: _send(
                connection, line, line.client.files.with_raw_response.delete, {"file_id": file_id}
            ),
            lambda failed: _absent(failed, "gone"),
        )
    except GoneError:
        return


def files_named(connection: Connection, name: str) -> list[str]:
    """Give the ids of the files of requests that are called so, newest first.

    Raises:
        ApiError, UsageError: the call failed.
        UnusableAnswerError: the answer is no list.
    """
    asked = {"purpose": "batch", "limit": _FILES_PAGE}
    entries = _pages(connection, lambda client: client.files.with_raw_response.list, asked)
    ids = [id_of(entry.get("id")) for entry in entries if entry.get("filename") == name]
    return list(filter(None, ids))


def _send(
    connection: Connection,
    line: transport.Line,
    method: Callable[..., Any],
    request: dict[str, Any],
    size: int = 0,
) -> bytes:
    """Send a request with this many bytes of a file in it."""
    return transport.send(
        line,
        method,
        request,
        host=connection.host,
        most=transport.MOST_TEXT,
        seconds=connection.profile.timeout * (1 + size // following.PACE),
        counted=False,
    )


def _pages(
    connection: Connection, method: Callable[[Any], Callable[..., Any]], request: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Give the entries of a list, page after page."""
    seen: set[str] = set()
    while True:
        answer = _page(connection, method, request)
        entries = answer.get("data")
        if not isinstance(entries, list):
            words = complaint(answer) or "it has no data"
            raise UnusableAnswerError(f"the answer of {connection.host} is no list: {words}")
        yield from (entry for entry in entries if isinstance(entry, dict))
        last = id_of(entries[-1].get("id")) if entries and isinstance(entries[-1], dict) else ""
        if not (answer.get("has_more") is True and last) or last in seen:
            return
        seen.add(last)
        request = {**request, "after": last}


def _page(
    connection: Connection, method: Callable[[Any], Callable[..., Any]], request: dict[str, Any]
) -> dict[str, Any]:
    content = connection.manage(
        lambda line: _send(connection, line, method(line.client), request),
        lambda failed: _absent(failed, f"{connection.host} has no Batch API"),
    )
    return connection.parse(content)


@contextmanager
def _file(connection: Connection, file_id: str) -> Iterator[BinaryIO]:
    """Give a file of the server, here."""

    def fetch(line: transport.Line) -> None:
        into.seek(0)
        into.truncate()
        try:
            following.receive(
                line,
                line.client.files.with_streaming_response.content,
                {"file_id": file_id},
                into,
                host=connection.host,
                most=MOST_RESULTS,
                seconds=connection.profile.timeout,
            )
            into.seek(0)
        except OSError as error:
            words = f"results cannot be kept in {tempfile.gettempdir()}: {error.strerror}"
            raise CallError(MissingError(f"{words}; name another folder, TMPDIR"), billed=False) from None

    def judge(failed: CallError) -> CallError:
        return _absent(failed, f"{connection.host} has no file {file_id}")

    with tempfile.TemporaryFile() as into:
        connection.manage(fetch, judge)
        yield into


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Give the lines of a file with their numbers; None for one that is too long."""
    number = 0
    while data := file.readline(_MOST_LINE + 1):
        number += 1
        if len(data) > _MOST_LINE:
            while data and not data.endswith(b"\n"):
                data = file.readline(_MOST_LINE)
            yield number, None
        elif data.strip():
            yield number, data


def _may_be_done(failed: CallError) -> bool:
    """Say whether a server may have done what it was asked for, although the call failed."""
    return failed.billed and not isinstance(failed.error, RefusedError)


def _absent(failed: CallError, words: str) -> CallError:
    """Make of status 404 that something is not there, and name what trying again is no help with."""
    if failed.status in {401, 403}:
        return CallError(DeniedError(str(failed.error)), billed=False, status=failed.status)
    if failed.status != 404:
        return failed
    return CallError(GoneError(words), billed=False, status=404)
