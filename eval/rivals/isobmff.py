"""The one item of an AVIF or HEIC file: take it out, put another in."""

from __future__ import annotations


def item(file: bytes) -> bytes:
    """Give the content of ``mdat``, the last box of what our encoders write."""
    start = _mdat(file)
    assert int.from_bytes(file[start - 8 : start - 4], "big") == len(file) - start + 8, "mdat is not last"
    return file[start:]


def with_item(file: bytes, content: bytes) -> bytes:
    """Replace the content of ``mdat``, and the length that ``iloc`` says."""
    start = _mdat(file)
    head = bytearray(file[: start - 8])
    place = head.index(b"iloc")
    # One item of one extent: its length is the last field of the box.
    end = place - 4 + int.from_bytes(head[place - 4 : place], "big")
    head[end - 4 : end] = len(content).to_bytes(4, "big")
    return bytes(head) + (len(content) + 8).to_bytes(4, "big") + b"mdat" + content


def _mdat(file: bytes) -> int:
    return file.index(b"mdat") + 4
