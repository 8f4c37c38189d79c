"""JPEG 2000: the packets of a codestream of one tile, without its markers."""

from __future__ import annotations

import functools
import io

from PIL import Image, features

from eval.rivals import Unavailable

_TILE, _DATA, _END = b"\xff\x90", b"\xff\x93", b"\xff\xd9"
# Compression ratios, from the fewest bytes to the most.
_RATIOS = (
    2400, 1800, 1400, 1100, 900, 700, 560, 450, 360, 290, 230, 180, 140, 110, 90, 70, 56, 45, 36, 29, 23, 18,
    14, 11, 9, 7, 5, 4, 3,
)  # fmt: skip


class Jpeg2000:
    """The codestream, 9/7 wavelet, without the boxes of a JP2 file; stripped to its packets."""

    name = "JPEG 2000"
    settings = ("",)
    qualities = tuple(-ratio for ratio in _RATIOS)
    multiple, smallest, slow = 1, 2, False

    def __init__(self) -> None:
        if not features.check("jpg_2000"):
            raise Unavailable("this Pillow has no JPEG 2000")

    def file(self, image: Image.Image, quality: float, setting: str) -> bytes:
        """Encode; the quality is the negative compression ratio."""
        out = io.BytesIO()
        levels = max(1, min(6, min(image.size).bit_length()))
        image.save(
            out,
            "JPEG2000",
            no_jp2=True,
            irreversible=True,
            num_resolutions=levels,
            quality_mode="rates",
            quality_layers=[-quality],
        )
        return out.getvalue()

    def strip(self, file: bytes) -> bytes:
        """Give what stands between the start of data and the end of the codestream."""
        at = file.index(_DATA) + len(_DATA)
        assert file.endswith(_END), "no end of codestream"
        return file[at : -len(_END)]

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Put the head of a grey picture before it, with the tile's length as it is now."""
        head = bytearray(self._head(size))
        tile = head.index(_TILE)
        length = len(head) - tile + len(payload)
        head[tile + 6 : tile + 10] = length.to_bytes(4, "big")
        return bytes(head) + payload + _END

    def open(self, file: bytes) -> Image.Image:
        """Decode."""
        return Image.open(io.BytesIO(file)).convert("RGB")

    @functools.cache  # noqa: B019 - a handful of sizes
    def _head(self, size: tuple[int, int]) -> bytes:
        grey = self.file(Image.new("RGB", size, "grey"), -100, "")
        return grey[: grey.index(_DATA) + len(_DATA)]
