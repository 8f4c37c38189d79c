"""Answers that are taken as they come: by somebody who watches, or into a file."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, BinaryIO

from promptcodec.api.transport import Exchange, Line, client_library, http_library, run_on_loop

PACE = 16 << 20
"""Bytes of a file that may take as long as one question."""
PULSE = 1.0
"""Seconds of waiting after which who follows an answer is told that there is nothing new."""
Heed = Callable[[bytes], None]
"""Is called with each piece of an answer, and with nothing where none came for a PULSE."""


def follow(
    line: Line,
    method: Callable[..., Any],
    request: dict[str, Any],
    heed: Heed,
    is_over: Callable[[bytes], bool],
    *,
    host: str,
    most: int,
    seconds: float,
) -> bytes:
    """Ask once and give the body of the answer, which the caller hears of as it comes.

    Args:
        line: the client.
        method: of the client, the one that gives streaming responses.
        request: its arguments.
        heed: is called in this thread; what it raises ends the exchange.
        is_over: says of a body that broke off whether it holds all that is wanted.
        host: for messages.
        most: bytes the answer may have, decompressed.
        seconds: from the first byte sent to the last one read.

    Raises:
        openai.APIError, CallError: as of ``transport.send``.
    """
    pieces: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    body = bytearray()

    async def ask(_exchange: Exchange) -> bytes:
        try:
            await _each_piece(method, request, take)
        except client_library().APIConnectionError:
            if not is_over(bytes(body)):
                raise
        return bytes(body)

    def take(piece: bytes) -> None:
        body.extend(piece)
        pieces.put(piece)

    def wait(future: Future[bytes]) -> None:
        future.add_done_callback(lambda _: pieces.put(b""))  # nothing is waited for then
        while not (future.done() and pieces.empty()):
            try:
                piece = pieces.get(timeout=PULSE)
            except queue.Empty:
                heed(b"")
            else:
                if piece:
                    heed(piece)

    return run_on_loop(line, ask, wait, host=host, most=most, seconds=seconds, counted=True)


async def _each_piece(
    method: Callable[..., Any], request: dict[str, Any], take: Callable[[bytes], None]
) -> None:
    """Ask, and hand over the body of the answer as it comes.

    Raises:
        openai.APIConnectionError: it broke off.
    """
    openai = client_library()
    async with method(**request) as response:
        try:
            async for data in response.iter_bytes():
                take(data)
        except http_library(openai).TransportError as error:
            raise openai.APIConnectionError(request=response.http_request) from error


def receive(
    line: Line,
    method: Callable[..., Any],
    request: dict[str, Any],
    into: BinaryIO,
    *,
    host: str,
    most: int,
    seconds: float,
) -> None:
    """Ask once for a file that is too large for memory, and write it as it comes.

    Args:
        line: the client.
        method: of the client, the one that gives streaming responses.
        request: its arguments.
        into: takes the bytes.
        host: for messages.
        most: bytes the file may have, decompressed.
        seconds: for the answer's start, and for each PACE bytes of it.

    Raises:
        openai.APIError, CallError: as of ``transport.send``.
        OSError: the bytes cannot be written.
    """

    async def ask(exchange: Exchange) -> None:
        left = PACE

        def take(data: bytes) -> None:
            nonlocal left
            into.write(data)
            left -= len(data)
            if left < 0:
                left = PACE
                exchange.extend()

        await _each_piece(method, request, take)

    run_on_loop(line, ask, host=host, most=most, seconds=seconds, counted=False)
