"""WebP: the VP8 frame without its RIFF container, and one without what else both sides know."""

from __future__ import annotations

import io

from PIL import Image

_CHUNK = 20  # RIFF, size, WEBP, VP8, size
_TAG, _KNOWN = 3, 7  # frame tag; start code, width and height


class WebP:
    """The frame as RFC 6386 has it, with its 10 bytes of header."""

    name = "WebP"
    settings = ("",)
    qualities = tuple(range(101))
    multiple, smallest, slow = 1, 1, False

    def file(self, image: Image.Image, quality: float, setting: str) -> bytes:
        """Encode with the slowest method."""
        out = io.BytesIO()
        image.save(out, "WEBP", quality=int(quality), method=6)
        return out.getvalue()

    def strip(self, file: bytes) -> bytes:
        """Take the frame out of the only chunk."""
        assert file[12:16] == b"VP8 ", "more than one chunk"
        return file[_CHUNK : _CHUNK + int.from_bytes(file[16:20], "little")]

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Write the container."""
        padded = payload + b"\0" * (len(payload) % 2)
        chunk = b"VP8 " + len(payload).to_bytes(4, "little") + padded
        return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk

    def open(self, file: bytes) -> Image.Image:
        """Decode."""
        return Image.open(io.BytesIO(file)).convert("RGB")


class WebPShort(WebP):
    """The frame without the start code, width and height: more than any user could leave out."""

    name = "WebP without start code and size"

    def strip(self, file: bytes) -> bytes:
        """Leave seven more bytes out."""
        frame = super().strip(file)
        return frame[:_TAG] + frame[_TAG + _KNOWN :]

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Put them back."""
        known = b"\x9d\x01\x2a" + b"".join(side.to_bytes(2, "little") for side in size)
        return super().restore(payload[:_TAG] + known + payload[_TAG:], size, setting)
