"""Characters that nobody sees and a model reads: marks of direction, tags, fillers."""

from __future__ import annotations

import re

# Unicode's Default_Ignorable_Code_Point, without the joiners U+200C and U+200D and the selectors U+FE0E and
# U+FE0F; and the three of interlinear annotation.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# A joiner or a selector where letters or signs need one: after a character of a script or an emoji, alone.
_STRAY = re.compile(
    r"(?<![^\x00-\xff\u200c\u200d\ufe0e\ufe0f])(?<![#*0-9](?=\ufe0f))(?<!\ufe0f(?=\u200d))"
    r"[\u200c\u200d\ufe0e\ufe0f]"
)


def visible(text: str) -> str:
    """Leave out the characters of a text that show nothing, and could carry words for a model alone.

    What joins letters of scripts and emoji stays where it does so.
    """
    return text if text.isascii() else _STRAY.sub("", _HIDDEN.sub("", text))
