"""Files that were sent, and those that batches write."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptcodec.server.openai.rules import BadRequestError


@dataclass(frozen=True, slots=True)
class _File:
    data: bytes
    name: str
    purpose: str
    time: int


class Files:
    """Keeps files, in memory."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._lock = threading.Lock()

    def keep(self, data: bytes, name: str, purpose: str) -> dict[str, Any]:
        """Keep a file; give its object."""
        number = f"file-{uuid.uuid4().hex}"
        with self._lock:
            self._files[number] = _File(data, name, purpose, int(time.time()))
        return self.show(number)

    def show(self, number: str) -> dict[str, Any]:
        """Give the object of a file."""
        file = self._get(number)
        return {
            "id": number,
            "object": "file",
            "bytes": len(file.data),
            "created_at": file.time,
            "filename": file.name,
            "purpose": file.purpose,
            "status": "processed",
        }

    def content(self, number: str, purpose: str = "") -> bytes:
        """Give what is in a file, which may have to be for a purpose."""
        file = self._get(number)
        if purpose and file.purpose != purpose:
            words = f"File {number} is for the purpose '{file.purpose}', not for '{purpose}'."
            raise BadRequestError(words, "input_file_id", "invalid_value")
        return file.data

    def delete(self, number: str) -> dict[str, Any]:
        """Forget a file."""
        self._get(number)
        with self._lock:
            self._files.pop(number, None)
        return {"id": number, "object": "file", "deleted": True}

    def page(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """Give a page of the files, newest first unless asked otherwise."""
        with self._lock:
            numbers = [
                number
                for number, file in self._files.items()
                if asked.get("purpose", file.purpose) == file.purpose
            ]
        if asked.get("order", "desc") == "desc":
            numbers.reverse()
        return page([self.show(number) for number in numbers], asked, 10_000, 10_000)

    def _get(self, number: str) -> _File:
        with self._lock:
            if number in self._files:
                return self._files[number]
        raise BadRequestError(f"No such File object: {number}", "id", None, 404)


def page(
    entries: Sequence[dict[str, Any]], asked: Mapping[str, str], default: int, most: int
) -> dict[str, Any]:
    """Give a page of a list.

    Args:
        entries: the whole list.
        asked: the query: ``limit``, and ``after``, the id of the last entry of the page before.
        default: ``limit`` where none is asked for.
        most: what it may be.
    """
    limit = asked.get("limit", str(default))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= most):
        words = f"Invalid 'limit': expected a value from 1 to {most}, got {limit}."
        raise BadRequestError(words, "limit", "invalid_value")
    after, start = asked.get("after"), 0
    if after:
        names = [entry["id"] for entry in entries]
        if after not in names:
            raise BadRequestError(f"Invalid 'after': there is no {after}.", "after", "invalid_value")
        start = names.index(after) + 1
    shown = list(entries[start : start + int(limit)])
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": start + len(shown) < len(entries),
    }
