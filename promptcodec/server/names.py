"""Names of pictures that are sent: harmless wherever they are shown, or written as a file's."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 120
"""Bytes of UTF-8; a file system takes 255, and an export puts something behind."""

EDITED = "-edited"


def harmless(name: str, fallback: str) -> str:
    """Give a name without folders, control characters and what turns writing round.

    Args:
        name: as the caller gives it.
        fallback: stands for a name of which nothing is left.
    """
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    # Cc, Cf, Cs, Co, Cn; Zl and Zp end lines.
    shown = "".join(
        each for each in base if unicodedata.category(each)[0] != "C" and each not in "\u2028\u2029"
    )
    shown = " ".join(shown.split()).strip(" .") or fallback
    stem, dot, suffix = shown.rpartition(".")
    tail = dot + suffix if stem and len(suffix) <= 8 else ""
    return _cut(shown.removesuffix(tail), LONGEST - len(tail.encode())) + tail


def _cut(text: str, most: int) -> str:
    return text.encode()[: max(most, 0)].decode("utf-8", "ignore").rstrip()


def edited(name: str) -> str:
    """Name what became of a picture by an edit: ``owl.jpg`` gives ``owl-edited.pxt``."""
    stem = name.rpartition(".")[0] or name
    return harmless(f"{stem.removesuffix(EDITED)}{EDITED}.pxt", "edited.pxt")
