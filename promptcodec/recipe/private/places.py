"""Positions on the earth: pairs of degrees, degrees with minutes, addresses of maps, WKT, plus codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptcodec.recipe.private.hits import Hit, covered

_DEGREES = r"[+-]?\d{1,3}\.\d{4,15}"
# Of longer lists of numbers two are no position.
_PAIR = re.compile(
    rf"(?<![\w.+-])(?<!\d, )(?<!\d,)(?<!\d )({_DEGREES})"
    rf"\s?[,;/ ]\s?({_DEGREES})(?![\w.]|[,;]?\s?[+-]?\d+\.\d)"
)
_NAMED = re.compile(
    r"(?<![A-Za-z])(?:m?lat(?:itude)?|m?lon(?:g|gitude)?|lng|gps|coord(?:inate)?s?|breitengrad|"
    r"l(?:ä|ae)ngengrad|ll|geo)[\"']?\s{0,2}(?:[:=]|is)?\s{0,2}[\"'(\[]?"
    r"([+-]?\d{1,3}\.\d{3,15}(?:[,;/ ]{1,2}[+-]?\d{1,3}\.\d{3,15})?)(?![\d.])",
    re.IGNORECASE,
)
_PRIMES, _PARTS = "'\u2032\u2019\u00b4", r"\d{1,2}(?:\.\d{1,6})?\s?"
_ANGLE = rf"(?<!\d)\d{{1,3}}\s?°\s?{_PARTS}(?:[{_PRIMES}]\s?(?:{_PARTS}(?:\"|\u2033|''|\u201d)\s?)?)?[NSEWO]?"
_MINUTES = re.compile(rf"(?:[NSEWO]\s?)?{_ANGLE}(?:[,;]?\s{{0,3}}(?:[NSEWO]\s?)?{_ANGLE})?")
_SIDED = re.compile(
    r"(?<![\d.])\d{1,3}\.\d{3,12}\s?°?\s?[NS](?:[,;]?\s{0,3}\d{1,3}\.\d{3,12}\s?°?\s?[EWO])?(?![A-Za-z])"
)
_FORMS = (
    re.compile(r"(?<![A-Za-z])geo:([^\s\"'<>]{3,200})", re.IGNORECASE),
    re.compile(
        r"(?:maps\.google\.[\w.]{2,6}|google\.[\w.]{2,6}/maps|maps\.apple\.com|openstreetmap\.org|osm\.org|"
        r"bing\.com/maps|goo\.gl/maps|maps\.app\.goo\.gl|what3words\.com|w3w\.co|plus\.codes)([^\s\"'<>]{2,400})",
        re.IGNORECASE,
    ),
    re.compile(r"(?<![A-Za-z])(?:POINT|LINESTRING|POLYGON)\s?Z?\s?\(([\d\s.,()+-]{5,400})\)", re.IGNORECASE),
    re.compile(r"(?<![\w.])([+-]\d{2}\.\d{4,8}[+-]\d{3}\.\d{4,8})(?!\d)"),  # ISO 6709
    re.compile(r"(?<![A-Z0-9])([23456789CFGHJMPQRVWX]{8}\+[23456789CFGHJMPQRVWX]{2,3})(?![A-Z0-9])"),
    re.compile(r"(?<![/:\w])///([a-z]{3,20}\.[a-z]{3,20}\.[a-z]{3,20})(?![\w.])"),
)
_POLE, _DATE_LINE = 90, 180


def find_places(text: str) -> Iterator[Hit]:
    """Find positions."""
    if not any(sign.isdigit() for sign in text) and "///" not in text and "maps" not in text:
        return
    for match in _PAIR.finditer(text):
        first, second = float(match[1]), float(match[2])
        low, high = sorted((abs(first), abs(second)))
        if low <= _POLE and 1 <= high <= _DATE_LINE:
            yield from covered(text, *match.span(), "places")
    for pattern, group in ((_NAMED, 1), (_MINUTES, 0), (_SIDED, 0), *((form, 1) for form in _FORMS)):
        for match in pattern.finditer(text):
            if pattern is not _MINUTES or set(match[0]) & set("NSEWO" + _PRIMES):
                yield from covered(text, *match.span(group), "places")
