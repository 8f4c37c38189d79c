"""Profiles that ImageMagick keeps in PNG texts: EXIF, XMP and IPTC in hexadecimal digits."""

from __future__ import annotations

import re

from promptcodec.recipe.carriers.collected import Collected

START = "Raw profile type "
_CONTENT = re.compile(rb"\s*[\w ]{1,20}\s+\d{1,10}\s+([0-9A-Fa-f\s]+)\0*")
_XMP = b"http://ns.adobe.com/xap/1.0/\0"


def read_profile(kind: str, text: bytes, collected: Collected) -> bool:
    """Collect what is in a profile as if it stood in the file plainly; say whether it could be read.

    Args:
        kind: ``exif``, ``APP1``, ``xmp``, ``iptc`` or ``8bim``, in any case.
        text: a name, a length and the content in digits.
        collected: where it is added.
    """
    match = _CONTENT.fullmatch(text)
    digits = b"".join(match[1].split()).decode() if match else ""
    content = bytes.fromhex(digits[: len(digits) // 2 * 2])
    kind = kind.lower()
    if not content:
        return False
    if kind == "xmp" or content.startswith(_XMP):
        collected.add("xmp", "", content.removeprefix(_XMP))
    elif kind in ("exif", "app1"):
        collected.add_exif(content)
    elif kind in ("iptc", "8bim"):
        collected.add_captions(content)
    return kind in ("xmp", "exif", "app1", "iptc", "8bim")
