"""A file of requests, held against the rules of batches; and the lines of results."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from typing import Any

from promptcodec.testing.loopback import image_requests, text_requests

_MOST_PROBLEMS = 1000
_FIELDS = {"custom_id": str, "method": str, "url": str, "body": dict}
_MODELS = (text_requests.MODEL, image_requests.MODEL)


def validate(data: bytes, endpoint: str, most: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the requests of a file, and what is wrong with them.

    Args:
        data: JSON lines.
        endpoint: the path that all of them go to.
        most: how many there may be.

    Returns:
        The requests, and the problems ``{code, line, message, param}``.
    """
    lines = [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    if not lines:
        return [], [_problem("empty_file", "The batch input file is empty.", None, None)]
    if len(lines) > most:
        words = f"The batch input file has {len(lines)} lines. The maximum is {most}."
        return [], [_problem("too_many_tasks", words, None, None)]
    requests: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    names: set[str] = set()
    model = None
    for number, line in lines:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            words = "This line is not parseable as valid JSON."
            problems.append(_problem("invalid_json_line", words, number, None))
            continue
        wrong = list(_wrong(request, endpoint, number))
        if not wrong:
            model = model or request["body"].get("model")
            wrong = list(_against_others(request, names, model, number))
            names.add(request["custom_id"])
        problems += wrong
        requests.append(request)
    return requests, problems[:_MOST_PROBLEMS]


def _wrong(request: Any, endpoint: str, number: int) -> Iterator[dict[str, Any]]:
    """Give what is wrong with a line by itself."""
    if not isinstance(request, dict):
        yield _problem("invalid_json_line", "This line is no JSON object.", number, None)
        return
    for name in request:
        if name not in _FIELDS:
            yield _problem("unknown_parameter", f"Unknown parameter: '{name}'.", number, name)
    for name, kind in _FIELDS.items():
        if not isinstance(request.get(name), kind) or not request[name]:
            words = f"Missing required parameter, or one of another type: '{name}'."
            yield _problem("missing_required_parameter", words, number, name)
            return
    if request["method"] != "POST":
        yield _problem("invalid_method", "Only POST is supported.", number, "method")
    if request["url"] != endpoint:
        words = "The URL provided for this request does not match the batch endpoint."
        yield _problem("invalid_url", words, number, "url")
    if request["body"].get("model") not in _MODELS:
        words = f"The provided model '{request['body'].get('model')}' is not supported by the Batch API."
        yield _problem("model_not_found", words, number, "body.model")


def _against_others(
    request: dict[str, Any], names: set[str], model: Any, number: int
) -> Iterator[dict[str, Any]]:
    """Give what is wrong with a line beside those before it."""
    if request["custom_id"] in names:
        words = f"The custom_id '{request['custom_id']}' is a duplicate: it must be unique in a batch."
        yield _problem("duplicate_custom_id", words, number, "custom_id")
    if request["body"]["model"] != model:
        words = f"The provided model '{request['body']['model']}' does not match the batch's, '{model}'."
        yield _problem("mismatched_model", words, number, "body.model")


def _problem(code: str, message: str, line: int | None, param: str | None) -> dict[str, Any]:
    return {"code": code, "line": line, "message": message, "param": param}


def digest(body: dict[str, Any]) -> str:
    """Hash the canonical JSON of a body: keys in order, no blanks."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def answered(custom_id: str, status: int, body: dict[str, Any]) -> dict[str, Any]:
    """Make the result of a request that was answered, be it with an error."""
    name = f"batch_req_{uuid.uuid4().hex}"
    response = {"status_code": status, "request_id": uuid.uuid4().hex, "body": body}
    return {"id": name, "custom_id": custom_id, "response": response, "error": None}


def unanswered(custom_id: str, code: str, message: str) -> dict[str, Any]:
    """Make the result of a request that was not answered."""
    name = f"batch_req_{uuid.uuid4().hex}"
    error = {"code": code, "message": message}
    return {"id": name, "custom_id": custom_id, "response": None, "error": error}
