"""Errors as answers: RFC 9457, ``application/problem+json``."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.responses import JSONResponse, Response

from promptcodec.errors import Notice, PromptcodecError
from promptcodec.recipe.private.paths import find_paths
from promptcodec.server.openai import errors as openai_errors
from promptcodec.unexpected import cleaned

_STATUS = {
    "missing": HTTPStatus.SERVICE_UNAVAILABLE,
    "missing-dictionary": HTTPStatus.UNPROCESSABLE_ENTITY,
    "exists": HTTPStatus.CONFLICT,
    "spending": HTTPStatus.PAYMENT_REQUIRED,
    "api": HTTPStatus.BAD_GATEWAY,
    "generator": HTTPStatus.BAD_GATEWAY,
    "captioner": HTTPStatus.BAD_GATEWAY,
    "cancelled": HTTPStatus.CONFLICT,
    "unexpected": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""By kind of an error; of all others what was sent is at fault."""


_ADDRESS = (
    r"\w+://[^\s'\",;]+"
    r"|(?<![\w.])(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]*:[0-9a-f:]*\])(?::\d{1,5})?(?![\w.]\w)"
)
"""What has a scheme, or stands for a machine without being a name."""
_log = logging.getLogger("promptcodec.server")


class Problem(Exception):  # noqa: N818 - RFC 9457's name
    """An answer that is no success.

    Attributes:
        status: of HTTP.
        detail: what is wrong, and the way out.
        kind: a stable word for programs.
        hint: what to do about it.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        kind: str = "usage",
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind
        self.hint, self.headers = hint, dict(headers or {})


def of(error: PromptcodecError) -> Problem:
    """Make the answer of an error: whose folders and servers are meant is nobody's business but the log's."""
    status = _STATUS.get(error.kind, HTTPStatus.UNPROCESSABLE_ENTITY)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("%s", cleaned(str(error)))
    # A hint names options of the command line, which who asks over HTTP has not.
    return Problem(status, _public(str(error)), error.kind)


def _public(text: str) -> str:
    """Leave of paths the name of the file, and nothing of addresses."""
    text = re.sub(_ADDRESS, "(its address)", text)
    for hit in reversed(list(find_paths(text))):
        text = text[: hit.start] + hit.instead + text[hit.end :]
    return text


def texts(notices: Sequence[Notice]) -> list[str]:
    """Give what a user should know, without hints: these name options of the command line, too."""
    return [notice.text for notice in notices]


def response(problem: Problem, path: str = "") -> Response:
    """Make the response; under the ``path`` of OpenAI's API in the form that its clients read."""
    if path.startswith("/v1/"):
        return openai_errors.of_problem(int(problem.status), problem.detail, problem.kind, problem.headers)
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": int(problem.status),
        "detail": problem.detail,
        "kind": problem.kind,
    }
    if problem.hint:
        body["hint"] = problem.hint
    return JSONResponse(body, problem.status, headers=problem.headers, media_type="application/problem+json")
