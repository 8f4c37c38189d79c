"""Texts inside texts: percent signs, escapes, HTML's entities, base64 and hexadecimal digits."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator

from promptcodec.recipe.private.hits import Hit, cover

Clean = Callable[[str], tuple[str, frozenset[str]]]

# What is coded, the signs around it that are of the same word, and what ends that.
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}[^\s\"'<>,;]{0,2000}")
_ESCAPES = re.compile(r"\\{1,8}(?:u00[0-9A-Fa-f]{2}|x[0-9A-Fa-f]{2})[^\s\"',;]{0,2000}")
_ONE_ESCAPE = re.compile(r"\\{1,8}(?:u00|x)([0-9A-Fa-f]{2})")
_ENTITIES = re.compile(r"&(?:#\d{1,6}|#[xX][0-9a-fA-F]{1,5}|[a-z]{2,8});[^\s\"'<>,]{0,2000}")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{12,16384}={0,2}(?![A-Za-z0-9+/_=-])")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}){8,4096}(?![0-9A-Za-z])")
_WORD, _BEFORE = re.compile(r"[^\s\"'<>,;]*\Z"), 200
_LEAST_PRINTABLE = 8


def find_encoded(text: str, clean: Clean, clean_plain: Clean) -> Iterator[Hit]:
    """Find what is private once it is decoded.

    Args:
        text: any text.
        clean: gives a text without what is private in it, and the kinds of that.
        clean_plain: the same, but for what is private only once it is decoded.
    """
    readers: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
        (_PERCENT, urllib.parse.unquote),
        (_ESCAPES, lambda coded: _ONE_ESCAPE.sub(lambda one: chr(int(one[1], 16)), coded)),
        (_ENTITIES, html.unescape),
    )
    for pattern, decode in readers:
        end = 0
        for match in pattern.finditer(text):
            before = _WORD.search(text[max(match.start() - _BEFORE, end) : match.start()])
            start = match.start() - (len(before[0]) if before else 0)
            end = match.end()
            # What is private as it stands is for the other finders.
            plain = clean_plain(text[start:end])[0]
            decoded = decode(plain)
            if decoded != plain:
                cleaned, kinds = clean(decoded)
                for kind in sorted(kinds)[:1]:
                    yield Hit(start, end, kind, cleaned)
    for pattern, unpack in ((_BASE64, _from_base64), (_HEX, _from_hex)):
        for match in pattern.finditer(text):
            inner = unpack(match[0])
            kinds = clean(inner)[1] if len(inner) >= _LEAST_PRINTABLE else frozenset()
            for kind in sorted(kinds)[:1]:
                yield Hit(*match.span(), kind, cover(match[0]))


def _from_base64(coded: str) -> str:
    coded = coded.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _printable(base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True))
    except (binascii.Error, ValueError):
        return ""


def _from_hex(coded: str) -> str:
    return _printable(bytes.fromhex(coded))


def _printable(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() or json.dumps(text).count("\\u00") == 0 else ""
