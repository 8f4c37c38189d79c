"""JPEG: the scan alone, after the quality that its tables follow from."""

from __future__ import annotations

import functools
import io

from PIL import Image

_END = b"\xff\xd9"
_SCAN = b"\xff\xda"
_FORMS = {"optimised": {"optimize": True}, "progressive": {"progressive": True}}


class Jpeg:
    """Whole files, with Huffman tables made for the picture."""

    name = "JPEG"
    settings = tuple(_FORMS)
    qualities = tuple(range(1, 96))
    multiple, smallest, slow = 1, 1, False

    def file(self, image: Image.Image, quality: float, setting: str) -> bytes:
        """Encode."""
        out = io.BytesIO()
        image.save(out, "JPEG", quality=int(quality), subsampling="4:2:0", **_FORMS[setting])
        return out.getvalue()

    def strip(self, file: bytes) -> bytes:
        """Leave nothing out: the tables are the picture's own."""
        return file

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Give the file as it is."""
        return payload

    def open(self, file: bytes) -> Image.Image:
        """Decode."""
        return Image.open(io.BytesIO(file)).convert("RGB")


class JpegScan(Jpeg):
    """A byte that says the quality, and the scan, coded with the standard's example tables.

    Everything before the scan follows from size and quality then.
    """

    name = "JPEG, scan alone"
    settings = ("",)

    def file(self, image: Image.Image, quality: float, setting: str) -> bytes:
        """Encode with the standard's tables."""
        out = io.BytesIO()
        image.save(out, "JPEG", quality=int(quality), subsampling="4:2:0")
        return out.getvalue()

    def strip(self, file: bytes) -> bytes:
        """Find the quality whose tables these are, and leave the head and the end out."""
        start = _scan(file)
        size = Image.open(io.BytesIO(file)).size
        quality = next((each for each in self.qualities if self._head(size, each) == file[:start]), None)
        if quality is None:
            raise ValueError(
                f"this form knows the qualities {self.qualities[0]} to {self.qualities[-1]} alone"
            )
        assert file.endswith(_END), "no end of image"
        return bytes([quality]) + file[start : -len(_END)]

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Put the head of a grey picture before the scan."""
        return self._head(size, payload[0]) + payload[1:] + _END

    @functools.cache  # noqa: B019 - a handful of sizes
    def _head(self, size: tuple[int, int], quality: int) -> bytes:
        grey = self.file(Image.new("RGB", size, "grey"), quality, "")
        return grey[: _scan(grey)]


def _scan(file: bytes) -> int:
    """Give where the entropy-coded data starts."""
    at = file.index(_SCAN)
    return at + 2 + int.from_bytes(file[at + 2 : at + 4], "big")
