"""A key that a server quotes, in whatever form, is covered before anything of an answer is kept.

Servers echo what they were sent: in error messages, and models in what they say. The forms are the
key itself, escaped as JSON, URLs and HTML do, in base64 at any alignment, in hexadecimal; whole or in
pieces, with white space inside or without. Placeholder keys resemble tables that every JPEG has
(``456789``, ``abcdefghij``), so that no piece is looked for in base64 that is a picture.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import os
import re
from typing import Any

import numpy as np

from promptcodec.api.pictures import decode
from promptcodec.api.profile import Profile
from promptcodec.errors import MissingError

COVER = "[key]"
SHORTEST = 6
"""A key of fewer characters is a placeholder such as ``none``: to cover it would cover words."""
_LONGEST_PIECE = 8
_SPOTTED = 16
"""A key of fewer characters may stand in a picture by chance."""
_CODED = re.compile(r"(?:iVBORw0|[/_]9j[/_]|UklGR|R0lGOD|AAAA|Qk)(?:[\w+/-]|\r?\n){60,}={0,2}\s*", re.ASCII)
"""What may be a picture in base64; ``decode`` tells."""
_HEAD = 1 << 16
"""Characters of base64 that show what is coded."""
_CODES = (
    r"\\++(?:u00([0-9a-f]{2})|x([0-9a-f]{2})|[nrtbf])?"
    r"|%(?:25)*([0-9a-f]{2})|&\#x0*([0-9a-f]{2});|&\#0*([0-9]{2,3});"
)
_BLANKS = r"[\s\x00-\x1f\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+"
"""What stands between the characters of a key that was broken over lines."""
_CODE, _BLANK = re.compile(_CODES, re.IGNORECASE), re.compile(_BLANKS)
_ESCAPE = re.compile(f"{_CODES}|{_BLANKS}", re.IGNORECASE)


class Cover:
    """Covers one key wherever it stands."""

    def __init__(self, key: str) -> None:
        """Prepare it; a key shorter than SHORTEST is not covered."""
        self._forms = _forms(key) if len(key) >= SHORTEST else ()
        self._spotted = self._forms if len(key) >= _SPOTTED else ()
        size = self._size = max(SHORTEST, min(_LONGEST_PIECE, len(key) // 2))
        self._pieces = frozenset(
            form[at : at + size] for form in self._forms for at in range(len(form) - size + 1)
        )
        self._pairs = _pairs(self._pieces, size)

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

    def anything(self, value: Any) -> Any:
        """Cover the key in what was made of an answer: texts, in tuples, lists, mappings and dataclasses."""
        if isinstance(value, tuple):
            return tuple(map(self.anything, value))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            given = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            covered = {name: self.anything(item) for name, item in given.items()}
            return value if covered == given else dataclasses.replace(value, **covered)
        return self.value(value)

    def hides(self, value: Any) -> bool:
        """Say whether the key stands in the texts of a JSON value one after the other."""
        joined = "".join(text for text in _texts(value) if not self._is_picture(text))
        return bool(self._pieces) and self.text(joined) != joined

    def text(self, text: str) -> str:
        """Cover the key in a text, but for pictures in it."""
        if not self._pieces:
            return text
        kept, end = [], 0
        for run in _CODED.finditer(text):
            if self._is_picture(run[0]):
                kept += [self._covered(text[end : run.start()]), run[0]]
                end = run.end()
        if not kept:
            return self._covered(text)
        return "".join(kept) + self._covered(text[end:])

    def _is_picture(self, coded: str) -> bool:
        """Say whether base64 is a picture; one that the whole key was put into is none."""
        if not (_CODED.fullmatch(coded) and _opens(coded[:_HEAD])):
            return False
        body = "".join(coded.split())
        return not any(form in body for form in self._spotted)

    def _covered(self, text: str) -> str:
        plain = _BLANK.sub("", _CODE.sub(_meaning, text))
        hits = self._hits(plain)
        return self._cover(text, hits) if hits else text

    def _hits(self, plain: str) -> list[int]:
        """Give where pieces stand: where their pairs of characters do, looked at more closely."""
        codes = np.frombuffer(plain.encode("latin-1", "replace"), np.uint8).astype(np.uint16)
        count = len(codes) - self._size + 1
        if count < 1:
            return []
        pairs = codes[:-1] * 256 + codes[1:]
        likely = np.ones(count, bool)
        for at, among in self._pairs.items():
            likely &= among[pairs[at : at + count]]
        return [at for at in np.flatnonzero(likely).tolist() if plain[at : at + self._size] in self._pieces]

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
    # Names of hosts and schemes come back in lower case.
    cased = dict.fromkeys((key, key.lower(), key.upper()))
    return (*cased, *sorted(inner | urlsafe), data.hex(), data.hex().upper())


def _pairs(pieces: frozenset[str], size: int) -> dict[int, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Give, for every second place in a piece, the pairs of characters that stand there."""
    tables = {}
    for at in range(0, size - 1, 2):
        table = tables[at] = np.zeros(1 << 16, bool)
        for piece in pieces:
            first, second = piece[at : at + 2].encode("latin-1", "replace")
            table[first << 8 | second] = True
    return tables


def _opens(coded: str) -> bool:
    """Say whether base64 begins as a picture does."""
    from PIL import Image  # noqa: PLC0415 - only where a picture comes

    try:
        data = decode(coded)
        if data[4:8] in {b"ftyp", b"JXL "}:  # formats that need an extra to be opened
            return True
        with Image.open(io.BytesIO(data)):
            return True
    except Exception:  # noqa: BLE001 - what is no picture raises anything
        return False


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


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


def key_of(profile: Profile, host: str) -> str:
    """Read the key of a profile; raises as ``key_in``."""
    return key_in(profile.api_key_env, host)


def key_in(variable: str, host: str) -> str:
    """Read a key; what surrounds it in a file it was read from does not belong to it.

    Args:
        variable: of the environment; ``""`` where no key is needed.
        host: it is for.

    Raises:
        MissingError: there is none, or it is no key.
    """
    if not variable:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise MissingError(f"the environment variable {variable} holds no key for {host}")
    if not (key.isascii() and key.isprintable()):
        raise MissingError(
            f"what the environment variable {variable} holds is no key: it has characters that no header can "
            "carry"
        )
    return key
