"""What a server says went wrong, in an answer that calls itself good."""

from __future__ import annotations

from typing import Any

_FIELDS = (
    "error",
    "errors",
    "detail",
    "base_resp",
    "error_message",
    "error_msg",
    "message",
    "msg",
    "status_msg",
)
_WORDS = (
    "message",
    "msg",
    "detail",
    "description",
    "status_msg",
    "error_message",
    "error_msg",
    "error",
    "reason",
)
_CODES = ("code", "type", "status_code", "error_code", "finish_reason")
_REFUSALS = (
    *("content_policy", "content_filter", "filtered", "filter_reason", "blocked", "moderation", "safety"),
    *("sensitive", "prohibited", "nsfw"),
)
_NO_CODES = (None, "", 0, "0", 200, "200")
_GOOD = {"", "ok", "success", "succeeded", "completed", "none", "null"}
_LONGEST = 300
_ANSWERS = ("choices", "output", "output_text", "data", "images", "artifacts", "response")


def complaint(answer: dict[str, Any]) -> str:
    """Give the server's own words on what went wrong, ``""`` where it has none.

    Args:
        answer: of any endpoint; the error stands in one of the fields that servers use for it.
    """
    for field in _FIELDS:
        if words := _plain(_words(answer.get(field), 3)):
            return words
    return ""


def failure(answer: dict[str, Any]) -> str:
    """Give the server's words where its answer is an error and nothing else, else ``""``.

    What a model wrote may stand inside the error, where it is no JSON to the server.
    """
    error = answer.get("error")
    if isinstance(error, dict) and error.get("failed_generation"):
        return ""
    return "" if any(answer.get(field) for field in _ANSWERS) else complaint(answer)


def is_refusal(words: str) -> bool:
    """Say whether words or codes of a server speak of its filter."""
    lower = words.lower().replace(" ", "_")
    return any(word in lower for word in _REFUSALS)


def _words(value: Any, deep: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and deep:
        return "; ".join(filter(None, (_words(item, deep - 1) for item in value[:5])))
    if not isinstance(value, dict) or not deep:
        return ""
    code = next((str(value[name]) for name in _CODES if value.get(name) not in _NO_CODES), "")
    sentence = next(filter(None, (_words(value.get(name), deep - 1) for name in _WORDS)), "")
    metadata = value.get("metadata")
    raw = _words(metadata.get("raw"), 1) if isinstance(metadata, dict) else ""
    where = ".".join(map(str, value["loc"])) if isinstance(value.get("loc"), list) else ""
    words = ": ".join(filter(None, (where, sentence, raw)))
    if not _plain(words):
        return code
    return f"{words} ({code})" if code and code not in words else words


def _plain(words: str) -> str:
    """Give words on one line, of a length to be shown; ``""`` where they say that all is well."""
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return "" if line.lower() in _GOOD else line[:_LONGEST]
