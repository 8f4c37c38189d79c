"""What servers compress although they are asked not to: bodies made whole again in pieces of bounded size."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

_AT_ONCE = 1 << 16
_PLAIN = {"", "identity", "none", "utf-8", "utf8", "binary", "aws-chunked"}
"""Names that servers write where nothing is compressed."""
_ZLIB_OR_GZIP, _RAW = 47, -15
_GZIP, _DEFLATE = b"\x1f\x8b", 8

Expand = Callable[[bytes], Iterator[bytes]]


class CompressedError(ValueError):
    """A body that is compressed in a way that cannot be read."""


def expander(encoding: str) -> Expand:
    """Give what turns the bytes of a body, as they come, into pieces of at most 64 KB.

    Args:
        encoding: the header ``content-encoding``: names, separated by commas. gzip (of several members
            too) and deflate (with or without its zlib header) are read.

    Raises:
        CompressedError: another one is named, or more than one; the pieces raise it where the bytes are
            not what is named.
    """
    named = [name for name in map(str.strip, encoding.lower().split(",")) if name not in _PLAIN]
    if not named:
        return lambda data: iter((data,))
    if len(named) > 1 or named[0] not in {"gzip", "x-gzip", "deflate"}:
        raise CompressedError(encoding[:40])
    return _Inflater(encoding[:40]).expand


class _Inflater:
    def __init__(self, name: str) -> None:
        self._name = name
        self._inflate = zlib.decompressobj(_ZLIB_OR_GZIP)
        self._start: bytes | None = b""  # until two bytes are there, which tell the form

    def expand(self, data: bytes) -> Iterator[bytes]:
        if self._start is not None:
            data = self._start + data
            self._start = data if len(data) < 2 else None
            if self._start is not None:
                return
            if not data.startswith(_GZIP) and (data[0] & 15 != _DEFLATE or (data[0] << 8 | data[1]) % 31):
                self._inflate = zlib.decompressobj(_RAW)
        while data:
            try:
                piece = self._inflate.decompress(data, _AT_ONCE)
            except zlib.error:
                raise CompressedError(self._name) from None
            data = self._inflate.unconsumed_tail
            if self._inflate.eof:
                data = self._inflate.unused_data
                if data and not data.startswith(_GZIP[:1]):
                    data = b""  # what stands behind the end is padding
                elif data:
                    self._inflate = zlib.decompressobj(_ZLIB_OR_GZIP)
            yield piece
