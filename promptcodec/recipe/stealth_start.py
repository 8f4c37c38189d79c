"""Whether a text may be hidden in a PNG's pixels: its first column and row tell, the rest is not decoded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

from promptcodec.vision.png import body_of, chunks

_START = b"stealth_"
_FIRST = 8 * len(_START)  # pixels that hold it, one bit each
_PIECE = 1 << 16  # packed bytes looked at in one go
_COLOUR, _ALPHA = 2, 6  # PNG's colour types


def may_hide(data: bytes) -> bool:
    """Say it of a PNG with 8 bits a sample in colours; true of all others, which have to be decoded."""
    if data[12:16] != b"IHDR" or len(data) < 33:
        return True
    width, height, depth, kind, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if depth != 8 or kind not in (_COLOUR, _ALPHA) or interlaced or min(width, height) < _FIRST:
        return True
    step = 4 if kind == _ALPHA else 3
    stride = 1 + width * step
    rows = _inflated(data, _FIRST * stride)
    if len(rows) < _FIRST * stride:
        return True
    heads = [rows[at : at + 1 + step] for at in range(0, len(rows), stride)]
    column = _unfiltered(((head[0], head[1:]) for head in heads), above=True)
    samples = [rows[at : at + step] for at in range(1, 1 + _FIRST * step, step)]
    row = _unfiltered(((rows[0], sample) for sample in samples), above=False)
    return any(_starts(pixels) for pixels in (column, row))


def _inflated(data: bytes, size: int) -> bytes:
    engine, rows = zlib.decompressobj(), b""
    parts = (body_of(start, end) for kind, start, end in chunks(data) if kind == b"IDAT")
    spans = ((body.start, min(body.stop, len(data))) for body in parts)  # the last may be cut
    pieces = ((at, min(at + _PIECE, end)) for start, end in spans for at in range(start, end, _PIECE))
    try:
        for start, end in pieces:
            rows += engine.decompress(data[start:end], size - len(rows))
            if len(rows) == size:
                break
    except zlib.error:
        pass
    return rows


def _unfiltered(filtered: Iterable[tuple[int, bytes]], *, above: bool) -> list[bytes]:
    """Undo PNG's filters along the first column, or along the first row, where all other neighbours are 0.

    Args:
        filtered: the filter's number and the filtered bytes of each pixel.
        above: the pixel before is the upper neighbour, not the left one.
    """
    pixels = [bytes(4)]
    for number, sample in filtered:
        # None, Sub, Up, Average, Paeth: the last chooses the one neighbour that is not 0.
        same = number in (2, 4) if above else number in (1, 4)
        shift = 0 if same else 1 if number == 3 else 8
        pixels.append(
            bytes((byte + (last >> shift)) & 255 for byte, last in zip(sample, pixels[-1], strict=False))
        )
    return pixels[1:]


def _starts(pixels: list[bytes]) -> bool:
    colours = [byte & 1 for pixel in pixels for byte in pixel[:3]]
    alpha = [pixel[3] & 1 for pixel in pixels if len(pixel) == 4]
    return any(
        int("".join(map(str, bits[:_FIRST])) or "0", 2).to_bytes(len(_START), "big") == _START
        for bits in (colours, alpha)
    )
