"""Brotli for one short text; see RFC 7932."""

from __future__ import annotations

from collections.abc import Iterator

import brotli

from promptcodec.errors import EntropyError

# A window of 2^16 is the one size whose stream header takes a single bit (RFC 7932, 9.1).
_SMALL_WINDOW = 16
_LARGE_WINDOW = 24
# RFC 7932: the last 16 bytes of the window cannot be referred to.
_SMALL_TEXT = (1 << _SMALL_WINDOW) - 16

# brotli 1.2 can stop at an output size; with 1.1 one step is at most one meta-block of
# 16 MiB, provided it is given one byte of input at a time.
_STOPS = hasattr(brotli.Decompressor, "can_accept_more_data")


def compress(data: bytes) -> bytes:
    """Give the brotli stream of ``data``, quality 11."""
    window = _SMALL_WINDOW if len(data) <= _SMALL_TEXT else _LARGE_WINDOW
    result: bytes = brotli.compress(data, mode=brotli.MODE_TEXT, quality=11, lgwin=window)
    return result


def decompress(stream: bytes, limit: int) -> bytes:
    """Undo ``compress``, and stop as soon as more than ``limit`` bytes have come out.

    Args:
        stream: exactly one brotli stream, untrusted.
        limit: the most bytes to give.

    Raises:
        EntropyError: damaged, truncated, followed by more data, or longer than ``limit``.
    """
    decoder = brotli.Decompressor()
    result = b""
    for piece in _pieces(stream):
        # The end has to fall in the last byte: an earlier one leaves trailing data.
        if decoder.is_finished():
            raise EntropyError("data after the end of the brotli text")
        try:
            if _STOPS:
                result += decoder.process(piece, output_buffer_limit=limit + 1 - len(result))
            else:
                result += decoder.process(piece)
        except brotli.error as error:
            raise EntropyError("the brotli text is damaged") from error
        if len(result) > limit:
            raise EntropyError(f"the brotli text is longer than the limit of {limit} bytes")
    if not decoder.is_finished():
        raise EntropyError("the brotli text is cut short")
    return result


def _pieces(stream: bytes) -> Iterator[bytes]:
    if _STOPS:
        yield from (stream[:-1], stream[-1:])
    else:
        for at in range(len(stream)):
            yield stream[at : at + 1]
