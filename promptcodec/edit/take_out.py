"""Take words out of a sentence or a prompt, with the joints that held them."""

from __future__ import annotations

import re

_GAP = "\0"
_END = r"(?=\s*(?:[,.;:!?)]|$))"
_PLACES = "with|of|in|on|at|by|under|over|above|below|behind|beside|near|around"
_JOINTS = [
    # A weight of a prompt, (sky:1.2), and an article of nothing.
    (rf"\(\s*{_GAP}\s*(?::\s*[\d.]+\s*)?\)", _GAP),
    (rf"\b(?:the|an?|some)\s+{_GAP}(?=\s*(?:[,.;:!?)]|$|(?:and|or|{_PLACES})\b))", _GAP),
    # Lists: "a, - and b", "- and b", "a and -.", "a, -, b", "-, b", "a with -."
    (rf",\s*{_GAP}\s*,?\s*(and|or)\b", r" \1"),
    (rf"{_GAP}\s*,?\s*(?:and|or)\s+", ""),
    (rf",?\s*\b(?:and|or)\s+{_GAP}{_END}", ""),
    (rf",\s*{_GAP}{_END}", ""),
    (rf"^\s*{_GAP}\s*,\s*", ""),
    (rf"\s+(?:{_PLACES})\s+{_GAP}{_END}", ""),
    (rf"[ \t]*{_GAP}[ \t]*(?=[,.;:!?)])", ""),
    (rf"[ \t]*{_GAP}[ \t]*", " "),
]
"""What a gap and the words around it become, in turn."""


def take_out(text: str, words: str) -> str:
    """Take whole words out of a text, whatever their case; text without them stays as it is.

    Articles, commas, weights and "and" that would stand alone go with them. What is left is not always a
    sentence.
    """
    left = re.sub(rf"(?<!\w){re.escape(words)}(?!\w)", _GAP, text.replace(_GAP, " "), flags=re.IGNORECASE)
    if _GAP not in left:
        return text
    for joint, becomes in _JOINTS:
        left = re.sub(joint, becomes, left, flags=re.IGNORECASE)
    left = left.strip()
    if not any(char.isalnum() for char in left):
        return ""
    if text.strip()[0].isupper():
        left = left[0].upper() + left[1:]
    # White space around the text is its neighbours' business.
    return text[: len(text) - len(text.lstrip())] + left + text[len(text.rstrip()) :]
