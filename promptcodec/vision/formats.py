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
BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}
SUFFIXES = tuple(sorted(BY_SUFFIX))


def is_missing(form: Format) -> bool:
    """Say whether the extra that reads a format is not installed."""
    return bool(form.module) and importlib.util.find_spec(form.module) is None
