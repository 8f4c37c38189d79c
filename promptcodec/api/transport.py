"""One HTTP exchange with a hosted model: a deadline, a limit on the answer, no other host.

The asynchronous client runs on an event loop in a thread of its own: only so can everything at once,
looking up the name included, be held to one deadline. What callers use is synchronous.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
import os
import ssl
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urljoin, urlsplit

from promptcodec.api import spending
from promptcodec.api.compressed import CompressedError, expander
from promptcodec.api.failures import CallError
from promptcodec.errors import ApiError, MissingError, SpendingError

if TYPE_CHECKING:
    import openai

Value = TypeVar("Value")
NO_KEY = "none"
"""Is sent where a profile names no key: some servers want one and take any."""
MOST_TEXT = 4 << 20
"""Bytes of an answer of words; the longest real ones have some tens of thousands."""
MOST_PICTURE = 64 << 20
"""Bytes of an answer with a picture: 8.3 megapixels of base64 that nothing could compress have 45 MB."""
_CONNECT = 15.0
"""Seconds until a connection must stand."""
_REDIRECTS = 3


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Line:
    """An open client, and the loop it runs on."""

    client: openai.AsyncOpenAI
    loop: asyncio.AbstractEventLoop


@dataclass(slots=True)
class Exchange:
    """What the hooks of the client hold the present exchange to."""

    host: str
    most: int
    seconds: float
    deadline: asyncio.Timeout
    counted: bool
    method: str = ""

    def extend(self) -> None:
        """Give it its time from now on."""
        self.deadline.reschedule(asyncio.get_running_loop().time() + self.seconds)


_present: ContextVar[Exchange] = ContextVar("_present")
_lock = threading.Lock()


def check_installed() -> None:
    """Find out whether the openai client is there, without loading it.

    Raises:
        MissingError: it is not.
    """
    if importlib.util.find_spec("openai") is None:
        raise MissingError("hosted models need the extra api: pip install 'promptcodec[api]'")


def open_line(url: str, key: str) -> Line:
    """Open one client per address: its connections and its start are shared by all pictures."""
    with _lock:
        return _open_line(url, key, os.getpid())


@functools.lru_cache(maxsize=16)
def _open_line(url: str, key: str, process: int) -> Line:
    openai = client_library()
    library = http_library(openai)
    http = openai.DefaultAsyncHttpxClient(
        verify=_certificates(library),
        # An answer that is compressed all the same is decompressed here, within its limit.
        headers={"accept-encoding": "identity"},
        max_redirects=_REDIRECTS,
        event_hooks={"request": [_keep_origin(url)], "response": [_limit(library)]},
    )
    # Explicit values: the client would else send the environment's key and organisation anywhere.
    client = openai.AsyncOpenAI(
        api_key=key or NO_KEY,
        base_url=url,
        organization="",
        project="",
        timeout=openai.Timeout(None, connect=_CONNECT),
        max_retries=0,  # each try is counted: client.py tries again
        http_client=http,
    )
    line = Line(client, _loop(process))
    # Once nobody uses it any more its connections are closed, where they were opened: on the loop.
    weakref.finalize(line, _close, http, line.loop).atexit = False
    return line


@functools.cache
def _certificates(library: ModuleType) -> ssl.SSLContext:
    """Load the certificates that are trusted, once for all clients: it takes 20 ms."""
    return cast("ssl.SSLContext", library.create_ssl_context())


def _close(http: Any, loop: asyncio.AbstractEventLoop) -> None:
    asyncio.run_coroutine_threadsafe(http.aclose(), loop)


@functools.lru_cache(maxsize=1)
def _loop(_process: int) -> asyncio.AbstractEventLoop:
    """Start the one loop of a process; a process that was forked off another has no thread of its loop."""
    import anyio  # noqa: PLC0415 - comes with openai

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="promptcodec-api", daemon=True).start()
    # It imports what waits for answers, which the first of them need not pay for with its time.
    asyncio.run_coroutine_threadsafe(anyio.lowlevel.checkpoint(), loop).result()
    return loop


def send(
    line: Line,
    method: Callable[..., Any],
    request: dict[str, Any],
    *,
    host: str,
    most: int,
    seconds: float,
    counted: bool = True,
) -> bytes:
    """Ask once and give the body of the answer.

    Args:
        line: the client.
        method: of the client, the one that gives raw responses.
        request: its arguments.
        host: for messages.
        most: bytes the answer may have, decompressed.
        seconds: from the first byte sent to the last one read.
        counted: whether a redirect that is followed counts as a call more.

    Raises:
        openai.APIError: the server, or the way to it, failed.
        CallError: the answer was too late, too large, compressed otherwise than can be read, or a redirect.
    """

    async def ask(_exchange: Exchange) -> bytes:
        content: bytes = (await method(**request)).content
        return content

    return run_on_loop(line, ask, host=host, most=most, seconds=seconds, counted=counted)


def run_on_loop(
    line: Line,
    ask: Callable[[Exchange], Coroutine[Any, Any, Value]],
    wait: Callable[[Future[Value]], None] = lambda _: None,
    *,
    host: str,
    most: int,
    seconds: float,
    counted: bool,
) -> Value:
    """Run one exchange on the loop, within its time; ``wait`` is called until it is done."""

    async def run() -> Value:
        try:
            # It begins once the request is made up: the first of a process imports half of the client.
            async with asyncio.timeout(None) as deadline:
                exchange = Exchange(host, most, seconds, deadline, counted)
                _present.set(exchange)
                return await ask(exchange)
        except TimeoutError:
            late = f"{host} did not answer whole within {seconds:g} s; raise timeout= or try later"
            raise CallError(ApiError(late), billed=True) from None

    future = asyncio.run_coroutine_threadsafe(run(), line.loop)
    try:
        wait(future)
        return future.result()
    finally:
        future.cancel()  # after an interrupt: nothing goes on unseen


def _keep_origin(url: str) -> Callable[[Any], Any]:
    """Make the hook that sees every request before it is sent, those of redirects too."""
    origin = _origin(url)

    async def check(request: Any) -> None:
        present = _present.get()
        if not present.method:
            present.method = request.method
            present.extend()
            return
        target = str(request.url)
        if _origin(target) != origin:
            raise CallError(
                ApiError(
                    f"{present.host} redirects to {_shown(target)}: neither picture nor prompt nor key goes "
                    "there; if that is the right server, write its address into the profile, url="
                ),
                billed=False,
            )
        if request.method != present.method:
            raise CallError(
                ApiError(
                    f"{present.host} redirects to another path and asks without the question; write the "
                    "right address into the profile, url="
                ),
                billed=False,
            )
        if not present.counted:
            return
        try:
            await asyncio.to_thread(spending.count_redirect)
        except SpendingError as error:
            raise CallError(error, billed=False) from None

    return check


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme.lower(),
            parts.hostname or "",
            parts.port or {"http": 80, "https": 443}.get(parts.scheme),
        )
    except ValueError:
        return "", "", None


def _shown(url: str) -> str:
    scheme, host, port = _origin(url)
    if not host:
        return repr(url[:80])
    return f"{scheme}://{host}" + (f":{port}" if port not in {80, 443, None} else "")


def _limit(httpx: ModuleType) -> Callable[[Any], Any]:
    """Make the hook that puts a limit on the body of a response before anything of it is read."""
    measured = _measured(httpx)

    async def limit(response: Any) -> None:
        exchange = _present.get()
        if _length(response.headers.get("content-length", "")) > exchange.most:
            raise _too_large(exchange)
        if response.has_redirect_location:
            _check_address(exchange.host, str(response.request.url), response.headers["location"])
        encoding = response.headers.pop("content-encoding", "")
        response.stream = measured(response.stream, encoding, exchange)

    return limit


def _measured(httpx: ModuleType) -> Callable[[Any, str, Exchange], Any]:
    """Make the class of bodies that are decompressed and measured while they are read."""

    class Measured(httpx.AsyncByteStream):  # type: ignore[name-defined, misc]
        def __init__(self, whole: Any, encoding: str, exchange: Exchange) -> None:
            self._whole, self._encoding, self._exchange = whole, encoding, exchange

        async def __aiter__(self) -> Any:
            left = self._exchange.most
            try:
                expand = expander(self._encoding)
                async for data in self._whole:
                    for piece in expand(data):
                        left -= len(piece)
                        if left < 0:
                            raise _too_large(self._exchange)
                        yield piece
            except CompressedError as error:
                words = (
                    f"{self._exchange.host} answers compressed ({str(error)!r}) in a way that cannot be read"
                )
                raise CallError(ApiError(words), billed=True) from None

        async def aclose(self) -> None:
            await self._whole.aclose()

    return Measured


def _check_address(host: str, asked: str, location: str) -> None:
    try:
        good = bool(_origin(urljoin(asked, location))[1])
    except ValueError:
        good = False
    if not good:
        words = f"{host} redirects to what is no address, {location[:80]!r}; see url="
        raise CallError(ApiError(words), billed=False)


def _length(header: str) -> int:
    return int(header) if header.isascii() and header.isdigit() and len(header) < 20 else 0


def _too_large(exchange: Exchange) -> CallError:
    words = f"{exchange.host} answers with more than {exchange.most >> 20} MB, which was not read"
    return CallError(ApiError(words), billed=True)


def client_library() -> ModuleType:
    """Give the openai client; it is heavy."""
    return importlib.import_module("openai")


def http_library(openai: ModuleType) -> ModuleType:
    """Give the HTTP library this openai client stands on: httpx of 2.x, httpx2 of 3.x."""
    base = openai.DefaultAsyncHttpxClient.__mro__[1]
    return importlib.import_module(base.__module__.partition(".")[0])
