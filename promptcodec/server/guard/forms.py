"""The file in a form (multipart/form-data), kept in memory, its parts and their heads counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from promptcodec.server.problems import Problem

PART = "file"
_PARTS, _HEADERS, _HEADER_BYTES = 16, 16, 4096
_BOUNDARY_BYTES = 70
"""RFC 2046."""


class _Form:
    """What is read of a form so far."""

    def __init__(self) -> None:
        self.file: bytearray | None = None
        self._parts = self._headers = 0
        self._field, self._value = bytearray(), bytearray()
        self._is_file = False
        self.ended = False

    def on_part_begin(self) -> None:
        self._parts += 1
        self._headers, self._is_file = 0, False
        if self._parts > _PARTS:
            raise _broken(f"it has more than {_PARTS} parts")

    def on_header_begin(self) -> None:
        self._headers += 1
        self._field, self._value = bytearray(), bytearray()
        if self._headers > _HEADERS:
            raise _broken(f"a part has more than {_HEADERS} headers")

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._add(self._field, data[start:end])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._add(self._value, data[start:end])

    @staticmethod
    def _add(text: bytearray, more: bytes) -> None:
        text += more
        if len(text) > _HEADER_BYTES:
            raise _broken("a header of a part is too long")

    def on_header_end(self) -> None:
        from python_multipart.multipart import parse_options_header  # noqa: PLC0415 - an extra

        if self._field.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._is_file = options.get(b"name") == PART.encode()

    def on_headers_finished(self) -> None:
        if self._is_file:
            if self.file is not None:
                raise _broken(f"two parts are called {PART!r}")
            self.file = bytearray()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file and self.file is not None:
            self.file += data[start:end]

    def on_end(self) -> None:
        self.ended = True


async def file_of(chunks: AsyncIterator[bytes], content_type: str) -> bytes:
    """Read the part ``file`` of a form.

    Args:
        chunks: the body.
        content_type: the header, which names the boundary.

    Raises:
        Problem: the form is broken, or has no such part.
    """
    from python_multipart.exceptions import FormParserError  # noqa: PLC0415 - an extra
    from python_multipart.multipart import MultipartParser, parse_options_header  # noqa: PLC0415

    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= _BOUNDARY_BYTES:
        raise _broken("its type names no boundary")
    form = _Form()
    callbacks: Any = {name: getattr(form, name) for name in dir(form) if name.startswith("on_")}
    parser = MultipartParser(boundary, callbacks)
    try:
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise _broken("it does not keep to its boundary") from None
    if not form.ended:
        raise _broken("it ends too early")
    if form.file is None:
        raise _broken(f"no part is called {PART!r}")
    return bytes(form.file)


def _broken(why: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, f"the form cannot be read: {why}")
