"""Read the letters in a decoded picture and hold them against those the stream says (extra ``ocr``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher

from PIL import Image

from promptcodec.checks.report import Field
from promptcodec.description import Lettering
from promptcodec.generators import Conditions
from promptcodec.readiness import Readiness
from promptcodec.vision import letters


def create(_profile: Mapping[str, str]) -> LetteringCheck:
    """Make the check; it takes no profile."""
    return LetteringCheck()


class LetteringCheck:
    """Reads only where the stream says that there is something to read."""

    name = "lettering"

    def examine(self) -> list[Readiness]:
        """Look whether the engine of the extra is there."""
        ok = letters.installed()
        return [Readiness(self.name, ok=ok, why="reads with rapidocr" if ok else letters.WAY_OUT)]

    def compare(self, conditions: Conditions, image: Image.Image) -> list[Field]:
        """Compare the lettering of the semantic layer with what is read; not run without the extra."""
        wanted = conditions.description.lettering if conditions.description else ()
        if not wanted:
            return []
        read = _read(image)
        return [_compare(item, read) for item in wanted]


def _compare(item: Lettering, read: str | None) -> Field:
    close = None if read is None else likeness(item.text, read)
    return Field("lettering", "integrity", item.text, read, close)


def likeness(wanted: str, read: str) -> float:
    """Give the share of the characters wanted that were read in this order, 0..1; case and spaces aside."""
    a, b = (re.sub(r"\W", "", text.lower()) for text in (wanted, read))
    if not a:
        return 1.0
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    # Single letters match anywhere in a long text: they are chance.
    return min(sum(block.size for block in blocks if block.size > 1 or len(a) == 1) / len(a), 1.0)


def _read(image: Image.Image) -> str | None:
    """Give all that is read in a picture, sure or not, None where the extra is not installed."""
    if not letters.readable():
        return None
    return " ".join(line.text for line in letters.read(image))[:2000]
