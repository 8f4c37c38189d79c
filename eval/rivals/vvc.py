"""VVC: the slice of an intra picture by libvvenc, decoded by ffmpeg; development only."""

from __future__ import annotations

import functools
import io
import re
import subprocess

import imageio_ffmpeg
from PIL import Image

from eval.rivals import TooLarge, Unavailable

_START = re.compile(rb"\x00?\x00\x00\x01")
_DELIMITER, _SEQUENCE, _PICTURE, _SLICE = 20, 15, 16, 7
_UNIT = b"\x00\x39"  # header of the slice's unit: an IDR picture in layer 0
_QUIET = ("-hide_banner", "-loglevel", "error")
_SCALER = "lanczos+accurate_rnd+full_chroma_inp+full_chroma_int"  # for chroma


class Vvc:
    """The slice without its unit's start code and header; both parameter sets are known.

    They depend on the size alone, not on the quality. A loop filter's parameters that are sent in
    a unit of their own are counted.
    """

    name = "VVC"
    settings = ("medium",)
    qualities = tuple(range(-63, -21))
    multiple, smallest, slow = 2, 16, True

    def __init__(self) -> None:
        self.ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
        listing = subprocess.run(
            [self.ffmpeg, *_QUIET, "-codecs"], capture_output=True, text=True, check=False
        )
        if "libvvenc" not in listing.stdout:
            raise Unavailable("this ffmpeg has no libvvenc")

    def file(self, image: Image.Image, quality: float, setting: str) -> bytes:
        """Encode for PSNR; the quality is the negative quantiser."""
        width, height = image.size
        try:
            return self._encode(image, width, height, quality, setting)
        except RuntimeError as error:
            raise TooLarge(str(error)) from error

    def _encode(self, image: Image.Image, width: int, height: int, quality: float, setting: str) -> bytes:
        return self._run(
            image.tobytes(),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-i", "-", "-frames:v", "1"),
            *(
                "-sws_flags",
                _SCALER,
                "-pix_fmt",
                "yuv420p10le",
                "-c:v",
                "libvvenc",
                "-qp",
                str(-int(quality)),
                "-qpa",
                "0",
            ),
            *("-preset", setting, "-threads", "1", "-f", "vvc", "-"),
        )

    def strip(self, file: bytes) -> bytes:
        """Give the slice, or all units but the delimiter and the parameter sets."""
        units = [unit for unit in _units(file) if _kind(unit) not in (_DELIMITER, _SEQUENCE, _PICTURE)]
        if len(units) == 1:
            assert units[0].startswith(_UNIT), "not the slice that was expected"
            return units[0][len(_UNIT) :]
        return b"".join(b"\0\0\1" + unit for unit in units)

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Put the parameter sets of a grey picture before the slice."""
        known = b"".join(
            b"\0\0\0\1" + unit for unit in _units(self._grey(size, setting)) if _kind(unit) != _SLICE
        )
        # No slice starts like a start code: VVC forbids it.
        return known + (payload if payload.startswith(b"\0\0\1") else b"\0\0\1" + _UNIT + payload)

    def open(self, file: bytes) -> Image.Image:
        """Decode."""
        ppm = self._run(
            file,
            *("-f", "vvc", "-i", "-", "-frames:v", "1", "-sws_flags", _SCALER, "-pix_fmt", "rgb24"),
            *("-f", "image2pipe", "-c:v", "ppm", "-"),
        )
        return Image.open(io.BytesIO(ppm)).convert("RGB")

    @functools.cache  # noqa: B019 - a handful of sizes
    def _grey(self, size: tuple[int, int], setting: str) -> bytes:
        return self.file(Image.new("RGB", size, "grey"), -50, setting)

    def _run(self, given: bytes, *arguments: str) -> bytes:
        done = subprocess.run(
            [self.ffmpeg, *_QUIET, *arguments], input=given, capture_output=True, check=False
        )
        if not done.stdout:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        return done.stdout


def _units(file: bytes) -> list[bytes]:
    return [unit for unit in _START.split(file) if unit]


def _kind(unit: bytes) -> int:
    return unit[1] >> 3
