"""The picture formats that are read: how their files end, and what must be installed for some of them."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """A picture format.

    Attributes:
        name: as people call it.
        suffixes: how its files end, in lower case.
        extra: the extra of this package that reads it, ``""`` where Pillow alone does.
        module: what that extra installs.
    """

    name: str
    suffixes: tuple[str, ...]
    extra: str = ""
    module: str = ""

    @property
    def way_out(self) -> str:
        """What to do where its extra is missing."""
        return f"pip install 'promptcodec[{self.extra}]' reads it"


FORMATS = (
    Format("AVIF", (".avif",)),
    Format("BMP", (".bmp",)),
    Format("GIF", (".gif",)),
    Format("HEIC", (".heic", ".heif", ".hif"), "heif", "pi_heif"),
    Format("ICO", (".ico",)),
    Format("JPEG", (".jfif", ".jpe", ".jpeg", ".jpg")),
    Format("JPEG 2000", (".jp2",)),
    Format("JPEG XL", (".jxl",), "jxl", "pillow_jxl"),
    Format("PNG", (".png",)),
    Format("PPM", (".ppm",)),
    Format(
        "RAW",
        (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".pef", ".raf", ".rw2", ".srw"),
        "raw",
        "rawpy",
    ),
    Format("TGA", (".tga",)),
    Format("TIFF", (".tif", ".tiff")),
    Format("WebP", (".webp",)),
)
_BY_NAME = {form.name: form for form in FORMATS}
BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}
SUFFIXES = tuple(sorted(BY_SUFFIX))


def is_missing(form: Format) -> bool:
    """Say whether the extra that reads a format is not installed."""
    return bool(form.module) and importlib.util.find_spec(form.module) is None


# Brands of ISO base media files: pictures coded as HEVC, pictures in general, pictures coded as AV1, videos.
_HEVC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_GENERAL, _AV1 = frozenset({b"mif1", b"mif2", b"msf1", b"miaf"}), frozenset({b"avif", b"avis"})
_VIDEO = (b"isom", b"iso2", b"iso5", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V ", b"3gp4", b"3gp5")
_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"\xabP", "a stream already: decode draws it, inspect shows it"),
    (b"PK\3\4", "a ZIP archive"),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM video"),
    (b"gimp xcf", "a GIMP project"),
    (b"\0\5\x16\7", "a Mac's file of attributes (AppleDouble)"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
)


def with_extra(data: bytes) -> Format | None:
    """Tell by its content a file of a format that needs an extra; None where it is no such file."""
    from promptcodec.vision import jxl, raw  # noqa: PLC0415 - naming files is light

    brands = _brands(data)
    if brands & _HEVC or (brands & _GENERAL and not brands & _AV1):
        return _BY_NAME["HEIC"]
    if data.startswith((jxl.CODESTREAM, jxl.CONTAINER)):
        return _BY_NAME["JPEG XL"]
    return _BY_NAME["RAW"] if raw.is_raw(data) else None


def other(data: bytes) -> str:
    """Name what is known not to be a picture that can be read; nothing where it is not known."""
    if data[4:8] == b"ftyp" and data[8:12] in _VIDEO:
        return "a video"
    text = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if text.startswith((b"<svg", b"<?xml", b"<!--")) and b"<svg" in text:
        return "an SVG drawing"
    return next((name for head, name in _OTHERS if data.startswith(head)), "")


def _brands(data: bytes) -> frozenset[bytes]:
    """Give the brands of an ISO base media file."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(data[:4], "big"), 256, len(data))
    return frozenset(data[at : at + 4] for at in (8, *range(16, end, 4)))
