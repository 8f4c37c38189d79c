"""HEIC: the slice of an HEVC picture by x265, with and without its unit's length and header."""

from __future__ import annotations

import functools
import io

import pillow_heif
from PIL import Image

from eval.rivals import isobmff

_HEADER = b"\x28\x01"  # an IDR picture in layer 0
_SETTINGS = {"": {}, "psnr": {"tune": "psnr"}}


class Heic:
    """The content of ``mdat``: the slice with the length and the header of its unit.

    The parameter sets are known to both sides. Pictures are padded to 64x64 by the encoder.
    """

    name = "HEIC"
    settings = tuple(_SETTINGS)
    qualities = tuple(range(101))
    multiple, smallest, slow = 1, 1, False

    def file(self, image: Image.Image, quality: float, setting: str) -> bytes:
        """Encode."""
        out = io.BytesIO()
        heif = pillow_heif.from_pillow(image)
        heif.save(out, quality=int(quality), enc_params=_SETTINGS[setting])
        return out.getvalue()

    def strip(self, file: bytes) -> bytes:
        """Give the content of the only item."""
        return isobmff.item(file)

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Put it into the container of a grey picture."""
        return isobmff.with_item(self._grey(size, setting), payload)

    def open(self, file: bytes) -> Image.Image:
        """Decode."""
        return pillow_heif.open_heif(io.BytesIO(file)).to_pillow().convert("RGB")

    @functools.cache  # noqa: B019 - a handful of sizes
    def _grey(self, size: tuple[int, int], setting: str) -> bytes:
        return self.file(Image.new("RGB", size, "grey"), 50, setting)


class HeicSlice(Heic):
    """The slice alone, as VVC's row has it: 4 bytes of length and 2 of header fewer."""

    name = "HEIC, slice alone"

    def strip(self, file: bytes) -> bytes:
        """Leave length and header out."""
        units = super().strip(file)
        assert int.from_bytes(units[:4], "big") == len(units) - 4, "more than one unit"
        assert units[4:6] == _HEADER, "not the slice that was expected"
        return units[6:]

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Put them back."""
        length = (len(payload) + len(_HEADER)).to_bytes(4, "big")
        return super().restore(length + _HEADER + payload, size, setting)
