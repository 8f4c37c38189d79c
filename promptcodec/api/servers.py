"""JSON over HTTP with a server people run themselves: a deadline, a limit on the answer, no other host."""

from __future__ import annotations

import functools
import json
import socket
import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from promptcodec.api.compressed import CompressedError, expander
from promptcodec.api.secrets import Cover
from promptcodec.errors import ApiError, MissingError
from promptcodec.readiness import asking

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
        key: that is in it, covered where the server quotes it.
        timeout: seconds of silence that end a request, and that an answer may take from its first byte on.
    """

    def __init__(self, url: str, *, authorization: str = "", key: str = "", timeout: float = 600.0) -> None:
        self.url = url.rstrip("/")
        self.host = urlsplit(url).netloc
        self._headers = {"accept-encoding": "identity"}
        self._headers |= {"authorization": authorization} if authorization else {}
        self._cover = Cover(key)
        self._timeout = timeout

    def get(self, path: str, query: Mapping[str, str] | None = None, *, timeout: float | None = None) -> Any:
        """Give the JSON value at a path.

        Raises:
            StatusError: the server answers with an error.
            ApiError: it cannot be reached, or answers with anything else than JSON.
            MissingError: httpx is not installed.
        """
        return self._json(path, self._exchange("GET", path, query=query, timeout=timeout))

    def post(
        self,
        path: str,
        body: Any,
        *,
        timeout: float | None = None,
        opened: Callable[[socket.socket], None] | None = None,
    ) -> Any:
        """Send a JSON value; give the answer's, None where it is empty. Raises as ``get``.

        ``opened`` is given the connection's socket: another thread ends the request by shutting it down.
        """
        more: dict[str, Any] = {}
        if opened:
            more["extensions"] = {"trace": functools.partial(_hand_over, opened)}
        # Not by httpx: halves of characters are sent as escapes, for the server to judge.
        more |= {"content": json.dumps(body).encode(), "headers": {"content-type": "application/json"}}
        answer = self._exchange("POST", path, timeout=timeout, **more)
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
            return self._cover.value(json.loads(answer))
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
        if not asking.get():
            raise ApiError(f"{self.host} was not asked")
        httpx = http_library()
        seconds = timeout or self._timeout
        limits = httpx.Timeout(seconds, connect=min(_CONNECT, seconds))
        parts = urlsplit(self.url)
        # A proxy is for other machines; certificates take 16 ms to load, and plain HTTP has none.
        outside, certified = parts.hostname not in _LOOPBACK, parts.scheme == "https"
        try:
            with (
                httpx.Client(
                    timeout=limits, headers=self._headers, trust_env=outside, verify=certified
                ) as client,
                client.stream(method, self.url + path, params=query, **content) as response,
            ):
                answer = self._body(path, response, time.monotonic() + seconds)
        except CompressedError as error:
            raise ApiError(f"{self.url}{path} answers compressed ({str(error)!r}), unasked") from None
        except httpx.TimeoutException:
            raise ApiError(f"{self.url}{path} did not answer within {seconds:g} s") from None
        except UnicodeError:
            raise ApiError(f"{self.url}{path!a} names what cannot be asked for") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error)[:_QUOTED].rstrip(".") or type(error).__name__
            plain = "WRONG_VERSION_NUMBER" in reason
            way = "it does not speak https: write http://" if plain else "is the server running?"
            raise ApiError(f"{self.url} cannot be reached: {reason}; {way}") from None
        if 300 <= response.status_code < 400:  # it would lead to another server, the key with it
            answer = f"it leads to {response.headers.get('location', 'nowhere')}: name that address".encode()
        if response.status_code >= 300:
            raise self._failed(path, response.status_code, answer)
        return answer

    def _body(self, path: str, response: Any, until: float) -> bytes:
        """Read an answer piece by piece, so that neither its size nor its pace is the server's choice."""
        expand = expander(response.headers.get("content-encoding", ""))
        answer = bytearray()
        for chunk in response.iter_raw():
            for piece in expand(chunk):
                answer += piece
                if len(answer) > MOST_ANSWER:
                    raise ApiError(f"{self.url}{path} answers with more than {MOST_ANSWER >> 20} MB")
            if time.monotonic() > until:
                raise ApiError(f"{self.url}{path} answers too slowly; is this the right server and port?")
        return bytes(answer)

    def _failed(self, path: str, status: int, answer: bytes) -> StatusError:
        try:
            body = self._cover.value(json.loads(answer))
        except (ValueError, RecursionError):
            body = self._cover.text(answer.decode("utf-8", "replace"))[:_QUOTED]
        shown = body if isinstance(body, str) else json.dumps(body)[:_QUOTED]
        return StatusError(f"{self.url}{path} answers {status}: {shown}", status, body)


def _hand_over(opened: Callable[[socket.socket], None], event: str, details: Mapping[str, Any]) -> None:
    if event == "connection.connect_tcp.complete":
        opened(details["return_value"].get_extra_info("socket"))


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
