"""Lossless coders of black and white pictures, without their headers."""

from __future__ import annotations

import importlib
import io
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from eval.rivals import Unavailable

Bitmap = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Bilevel:
    """A coder: a bitmap to its payload, and the payload with the shape back to the bitmap."""

    name: str
    encode: Callable[[Bitmap], bytes]
    decode: Callable[[bytes, tuple[int, int]], Bitmap]


def coders() -> Iterator[tuple[str, Bilevel | Unavailable]]:
    """Give the coders, or the reason why one cannot run."""
    yield "WebP lossless", Bilevel("WebP lossless", _webp, _from_webp)
    yield "G4", Bilevel("G4", _g4, _from_g4)
    missing = [tool for tool in ("pbmtojbg", "jbgtopbm") if not shutil.which(tool)]
    if missing:
        yield "JBIG1", Unavailable(f"{missing[0]} is not on PATH (Debian: jbigkit-bin)")
    else:
        yield "JBIG1", Bilevel("JBIG1", _jbig, _from_jbig)
    try:
        importlib.import_module("imagecodecs")
        yield "JPEG XL lossless", Bilevel("JPEG XL lossless", _jxl, _from_jxl)
    except ImportError as error:
        yield "JPEG XL lossless", Unavailable(str(error))


def _webp(bitmap: Bitmap) -> bytes:
    """Give the VP8L chunk's content."""
    out = io.BytesIO()
    Image.fromarray(bitmap.astype(np.uint8) * 255).save(
        out, "WEBP", lossless=True, quality=100, method=6, exact=True
    )
    file = out.getvalue()
    assert file[12:16] == b"VP8L", "more than one chunk"
    return file[20 : 20 + int.from_bytes(file[16:20], "little")]


def _from_webp(payload: bytes, shape: tuple[int, int]) -> Bitmap:  # noqa: ARG001 - VP8L says it
    chunk = b"VP8L" + len(payload).to_bytes(4, "little") + payload + b"\0" * (len(payload) % 2)
    file = b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk
    return np.asarray(Image.open(io.BytesIO(file)).convert("L")) > 0


_STRIP_OFFSETS, _STRIP_BYTES, _ROWS_PER_STRIP = 273, 279, 278


def _tiff(bitmap: Bitmap) -> bytes:
    out = io.BytesIO()
    # One strip: a strip starts anew.
    Image.fromarray(~bitmap).convert("1").save(
        out, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: bitmap.shape[0]}
    )
    return out.getvalue()


def _strip(file: bytes) -> tuple[int, int]:
    """Give where the only strip starts and how long it is."""
    tags = Image.open(io.BytesIO(file)).tag_v2  # type: ignore[attr-defined]
    (start,), (length,) = tags[_STRIP_OFFSETS], tags[_STRIP_BYTES]
    return start, length


def _g4(bitmap: Bitmap) -> bytes:
    """Give the strip of a TIFF."""
    file = _tiff(bitmap)
    start, length = _strip(file)
    return file[start : start + length]


def _from_g4(payload: bytes, shape: tuple[int, int]) -> Bitmap:
    """Put the strip at the end of the TIFF of an empty map and let that point to it."""
    file = bytearray(_tiff(np.zeros(shape, np.bool_)))
    directory = int.from_bytes(file[4:8], "little")
    for entry in range(int.from_bytes(file[directory : directory + 2], "little")):
        at = directory + 2 + 12 * entry
        value = {_STRIP_OFFSETS: len(file), _STRIP_BYTES: len(payload)}.get(
            int.from_bytes(file[at : at + 2], "little")
        )
        if value is not None:
            file[at + 2 : at + 4] = (4).to_bytes(2, "little")  # four bytes, whatever it was
            file[at + 8 : at + 12] = value.to_bytes(4, "little")
    return ~np.asarray(Image.open(io.BytesIO(bytes(file) + payload)).convert("1"))


_JBIG_HEADER = 20  # planes, size, stripes and options: known


def _pbm(bitmap: Bitmap) -> bytes:
    rows, columns = bitmap.shape
    return f"P4\n{columns} {rows}\n".encode() + np.packbits(bitmap, axis=1).tobytes()


def _jbig_file(bitmap: Bitmap) -> bytes:
    # -q: one resolution, which takes the fewest bytes.
    return subprocess.run(["pbmtojbg", "-q"], input=_pbm(bitmap), capture_output=True, check=True).stdout


def _jbig(bitmap: Bitmap) -> bytes:
    return _jbig_file(bitmap)[_JBIG_HEADER:]


def _from_jbig(payload: bytes, shape: tuple[int, int]) -> Bitmap:
    known = _jbig_file(np.zeros(shape, np.bool_))[:_JBIG_HEADER]
    pbm = subprocess.run(["jbgtopbm"], input=known + payload, capture_output=True, check=True).stdout
    return np.asarray(Image.open(io.BytesIO(pbm)).convert("L")) == 0


_SIGNATURE = b"\xff\x0a"


def _jxl(bitmap: Bitmap) -> bytes:
    """Give the codestream, one bit a sample, less its signature."""
    import imagecodecs  # noqa: PLC0415 - not everywhere

    file = imagecodecs.jpegxl_encode(
        bitmap.astype(np.uint8), lossless=True, effort=9, usecontainer=False, bitspersample=1
    )
    assert file.startswith(_SIGNATURE), "not a bare codestream"
    return file[len(_SIGNATURE) :]


def _from_jxl(payload: bytes, shape: tuple[int, int]) -> Bitmap:
    import imagecodecs  # noqa: PLC0415

    return np.asarray(imagecodecs.jpegxl_decode(_SIGNATURE + payload)).reshape(shape) > 0
