"""Rows that ``encode_batch`` made, read back as what ``archive add`` keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptcodec.api.spending import Spent
from promptcodec.archive.adding.content import Content, needed
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import Notice, PromptcodecError


def outcome_of(
    row: Mapping[str, Any], size: int, dictionary: Dictionary | None
) -> Content | PromptcodecError:
    """Give what was made of a file, or why nothing was.

    Args:
        row: the columns of ``encode.schema``. One with neither stream nor error is of content that the
            archive had.
        size: of the file, in bytes.
        dictionary: that it was encoded with.
    """
    if row["error_kind"] is not None:
        return _error(row["error_kind"], row["error_message"] or "", row["error_hint"] or "")
    id_, stream = bytes.fromhex(row["id"]), row["stream"]
    if stream is None:
        return Content(id_, size)
    return Content(
        id_,
        size,
        stream,
        row["signature"],
        needed(stream, dictionary),
        row["seconds"],
        tuple(Notice(text) for text in row["warnings"] or ()),
        row["unread"],
        Spent(requests=row["requests"], cost=row["cost"]),
    )


def _error(kind: str, message: str, hint: str) -> PromptcodecError:
    kinds: dict[str, type[PromptcodecError]] = {}
    coming = [PromptcodecError]
    for each in coming:
        if each.__module__.startswith("promptcodec."):
            kinds.setdefault(each.kind, each)
        coming += each.__subclasses__()
    return kinds.get(kind, PromptcodecError)(message, hint=hint)
