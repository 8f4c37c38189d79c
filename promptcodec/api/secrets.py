"""A key that a server quotes, in whatever form, is covered before anything of an answer is kept.

Servers echo what they were sent: in error messages, and models in what they say. The forms are the
key itself, escaped as JSON, URLs and HTML do, in base64 at any alignment, in hexadecimal; whole or in
pieces, with white space inside or without.
"""

from __future__ import annotations

import base64
import re
from typing import Any

COVER = "[key]"
SHORTEST = 6
"""A key of fewer characters is a placeholder such as ``none``: to cover it would cover words."""
_LONGEST_PIECE = 8
_LONG = 1 << 20
"""Texts of more characters are pictures: only a key as it stands is looked for there."""
_ESCAPE = re.compile(
    r"\\+u00([0-9a-f]{2})|\\+x([0-9a-f]{2})|%(?:25)*([0-9a-f]{2})|&\#x0*([0-9a-f]{2});|&\#0*([0-9]{2,3});"
    # What stands between the characters of a key that was broken over lines.
    r"|\\+[nrtbf]|\\|[\s\x00-\x1f\xad\u200b-\u200f\u2060\ufeff]+",
    re.IGNORECASE,
)


class Cover:
    """Covers one key wherever it stands."""

    def __init__(self, key: str) -> None:
        """Prepare it; a key shorter than SHORTEST is not covered."""
        self._forms = _forms(key) if len(key) >= SHORTEST else ()
        size = self._size = max(SHORTEST, min(_LONGEST_PIECE, len(key) // 2))
        self._pieces = frozenset(
            form[at : at + size] for form in self._forms for at in range(len(form) - size + 1)
        )

    def value(self, value: Any) -> Any:
        """Cover the key in every text of a JSON value, names of entries included."""
        if not self._pieces:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self.value(item) for name, item in value.items()}
        return value

    def text(self, text: str) -> str:
        """Cover the key in a text."""
        if len(text) > _LONG and not any(form in text for form in self._forms):
            return text
        plain = _ESCAPE.sub(_meaning, text)
        hits = [
            at for at in range(len(plain) - self._size + 1) if plain[at : at + self._size] in self._pieces
        ]
        return self._cover(text, hits) if hits else text

    def _cover(self, text: str, hits: list[int]) -> str:
        spans = _spans(text)
        kept, end = [], 0
        for at in hits:
            start = spans[at][0]
            if start >= end:
                kept += [text[end:start], COVER]
            end = max(end, spans[at + self._size - 1][1])
        return "".join(kept) + text[end:]


def _forms(key: str) -> tuple[str, ...]:
    data = key.encode()
    # Base64 of a text that the key stands in: what its neighbours do not change, at each alignment.
    inner = {base64.b64encode(bytes(shift) + data)[-(-shift * 4 // 3) :][:-4].decode() for shift in range(3)}
    inner |= {base64.b64encode(before + data).decode() for before in (b"", b"Bearer ")}
    urlsafe = {text.translate(str.maketrans("+/", "-_")) for text in inner}
    return (key, *sorted(inner | urlsafe), data.hex(), data.hex().upper())


def _meaning(escape: re.Match[str]) -> str:
    """Give the character an escape stands for, nothing for what only separates."""
    *codes, decimal = escape.groups()
    code = next((int(digits, 16) for digits in codes if digits), int(decimal or 0))
    return chr(code) if 32 < code < 127 else ""


def _spans(text: str) -> list[tuple[int, int]]:
    """Give where each character stands in the text that it is the meaning of."""
    spans: list[tuple[int, int]] = []
    end = 0
    for escape in _ESCAPE.finditer(text):
        spans += [(at, at + 1) for at in range(end, escape.start())]
        spans += [escape.span()] * len(_meaning(escape))
        end = escape.end()
    return spans + [(at, at + 1) for at in range(end, len(text))]
