"""Errors of the API's form."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

from promptcodec.server.openai.rules import BadRequestError

_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 402: "insufficient_quota", 429: "rate_limit_exceeded"}
"""Words that official clients know, by status."""


def error(
    status: int,
    message: str,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make an error of the API's form."""
    value = {
        "message": message,
        "type": "server_error" if status >= 500 else _KINDS.get(status, "invalid_request_error"),
        "param": param,
        "code": code,
    }
    return JSONResponse({"error": value}, status, headers)


def of_problem(status: int, detail: str, kind: str, headers: Mapping[str, str]) -> Response:
    """Make the error that says what a problem of the server's own routes does.

    Args:
        status: of HTTP.
        detail: what is wrong.
        kind: its stable word.
        headers: of the answer.
    """
    return error(status, detail, None, _CODES.get(status, kind), headers)


def of(wrong: BadRequestError) -> Response:
    """Make the error of a request that is refused."""
    return error(wrong.status, wrong.message, wrong.param, wrong.code)
