"""JSON over HTTP with a server people run themselves: a deadline, a limit on the answer, no other host."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from promptcodec.errors import ApiError, MissingError

MOST_ANSWER = 256 << 20
"""Bytes of an answer: pictures in base64, or the nodes of a server with every extension there is."""
_CONNECT = 10.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_QUOTED = 500


class StatusError(ApiError):
    """The server answered with an error.

    Attributes:
        status: of HTTP, 400 or more.
        body: its JSON where it is JSON, else its text, cut.
    """

    def __init__(self, message: str, status: int, body: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class Server:
    """One server, by its address.

    Args:
        url: http or https, with a path or without; no query.
        authorization: the value of the header of that name, ``""`` for none.
        timeout: seconds of silence that end a request.
    """

    def __init__(self, url: str, *, authorization: str = "", timeout: float = 600.0) -> None:
        self.url = url.rstrip("/")
        self.host = urlsplit(url).netloc
        self._headers = {"authorization": authorization} if authorization else {}
        self._timeout = timeout

    def get(self, path: str, query: Mapping[str, str] | None = None, *, timeout: float | None = None) -> Any:
        """Give the JSON value at a path.

        Raises:
            StatusError: the server answers with an error.
            ApiError: it cannot be reached, or answers with anything else than JSON.
            MissingError: httpx is not installed.
        """
        return self._json(path, self._exchange("GET", path, query=query, timeout=timeout))

    def post(self, path: str, body: Any, *, timeout: float | None = None) -> Any:
        """Send a JSON value; give the answer's, None where it is empty. Raises as ``get``."""
        answer = self._exchange("POST", path, json=body, timeout=timeout)
        return self._json(path, answer) if answer.strip() else None

    def upload(
        self, path: str, files: Mapping[str, tuple[str, bytes, str]], fields: Mapping[str, str]
    ) -> Any:
        """Send files (name, content, type) and fields as a form; give the JSON answer. Raises as ``get``."""
        return self._json(path, self._exchange("POST", path, files=dict(files), data=dict(fields)))

    def read(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """Give the bytes at a path. Raises as ``get``."""
        return self._exchange("GET", path, query=query)

    def _json(self, path: str, answer: bytes) -> Any:
        try:
            return json.loads(answer)
        except (ValueError, RecursionError):
            raise ApiError(f"{self.url}{path} gave no JSON; is this the right server and port?") from None

    def _exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **content: Any,
    ) -> bytes:
        httpx = http_library()
        limits = httpx.Timeout(timeout or self._timeout, connect=min(_CONNECT, timeout or _CONNECT))
        # A proxy is for other machines.
        outside = urlsplit(self.url).hostname not in _LOOPBACK
        try:
            with (
                httpx.Client(timeout=limits, headers=self._headers, trust_env=outside) as client,
                client.stream(method, self.url + path, params=query, **content) as response,
            ):
                answer = bytearray()
                for piece in response.iter_bytes():
                    answer += piece
                    if len(answer) > MOST_ANSWER:
                        raise ApiError(f"{self.url}{path} answers with more than {MOST_ANSWER >> 20} MB")
        except httpx.TimeoutException:
            seconds = timeout or self._timeout
            raise ApiError(f"{self.url}{path} did not answer within {seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error)[:_QUOTED] or type(error).__name__
            raise ApiError(f"{self.url} cannot be reached: {reason}; is the server running?") from None
        if response.status_code >= 300:  # a redirect would lead to another server
            raise self._failed(path, response.status_code, bytes(answer))
        return bytes(answer)

    def _failed(self, path: str, status: int, answer: bytes) -> StatusError:
        try:
            body = json.loads(answer)
        except (ValueError, RecursionError):
            body = answer.decode("utf-8", "replace")[:_QUOTED]
        shown = body if isinstance(body, str) else json.dumps(body)[:_QUOTED]
        return StatusError(f"{self.url}{path} answers {status}: {shown}", status, body)


def http_library() -> ModuleType:
    """Give the HTTP library of the extra api.

    Raises:
        MissingError: it is not installed.
    """
    try:
        import httpx  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise MissingError("servers need the extra api: pip install 'promptcodec[api]'") from None
    return httpx
