"""AV1: the open bitstream units of an AVIF file, and the frame alone."""

from __future__ import annotations

import functools
import io

from PIL import Image, features

from eval.rivals import Unavailable, isobmff

_DELIMITER = bytes.fromhex("1200")  # a temporal delimiter, which AVIF allows to leave out
_SEQUENCE, _FRAME = 0x0A, 0x32
_ADVANCED = {"": {}, "psnr": {"tune": "psnr"}}


class Av1:
    """Sequence header and frame, as libaom writes them."""

    name = "AV1"
    settings = tuple(_ADVANCED)
    qualities = tuple(range(91))
    multiple, smallest, slow = 1, 1, False

    def __init__(self) -> None:
        if not features.check("avif"):
            raise Unavailable("this Pillow has no AVIF")

    def file(self, image: Image.Image, quality: float, setting: str) -> bytes:
        """Encode; slower speeds give no fewer bytes on pictures this small."""
        out = io.BytesIO()
        image.save(
            out,
            "AVIF",
            quality=int(quality),
            speed=4,
            codec="aom",
            max_threads=1,
            advanced=_ADVANCED[setting],
        )
        return out.getvalue()

    def strip(self, file: bytes) -> bytes:
        """Give the units without the delimiter."""
        return isobmff.item(file).removeprefix(_DELIMITER)

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Put the units into the container of a grey picture."""
        return isobmff.with_item(self._grey(size, setting), payload)

    def open(self, file: bytes) -> Image.Image:
        """Decode."""
        return Image.open(io.BytesIO(file)).convert("RGB")

    @functools.cache  # noqa: B019 - a handful of sizes
    def _grey(self, size: tuple[int, int], setting: str) -> bytes:
        return self.file(Image.new("RGB", size, "grey"), 50, setting)


class Av1Frame(Av1):
    """The frame alone, for a reader that knows the sequence header, as VVC's and HEIC's rows have it."""

    name = "AV1 without sequence header"

    def strip(self, file: bytes) -> bytes:
        """Leave out the sequence header, and the frame's unit header and size."""
        units = super().strip(file)
        assert units[0] == _SEQUENCE, "no sequence header"
        rest = units[2 + units[1] :]
        assert rest[0] == _FRAME, "no frame"
        size, at = _leb128(rest, 1)
        assert at + size == len(rest), "more than one frame"
        return rest[at:]

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Put the sequence header of a grey picture before the frame."""
        grey = super().strip(self._grey(size, setting))
        length = bytearray()
        rest = len(payload)
        while rest > 127:
            length.append(rest & 127 | 128)
            rest >>= 7
        units = grey[: 2 + grey[1]] + bytes([_FRAME, *length, rest]) + payload
        return super().restore(units, size, setting)


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at
