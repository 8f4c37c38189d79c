"""Keys by their form: the token patterns of detect-secrets (Apache-2.0), and of what else image tools use."""

from __future__ import annotations

import functools
import importlib
import logging
import pkgutil
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import cast

from promptcodec.recipe.private.hits import Hit, covered
from promptcodec.recipe.private.names import words
from promptcodec.recipe.private.randomness import is_random

# Lengths are bounded: the text is untrusted and these must stay linear.
_OWN = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![A-Za-z0-9])(?:AIza|GOCSPX-|ya29\.|1//0)[A-Za-z0-9_.-]{16,300}",
        r"(?<![A-Za-z0-9])(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA|AGPA|AROA|AIDA)[A-Za-z0-9]{12,20}(?![A-Za-z0-9])",
        r"(?<![A-Za-z0-9])xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,200}",
        r"(?<![A-Za-z0-9])xapp-\d-[A-Za-z0-9-]{10,200}",
        r"(?<![A-Za-z0-9])[MNO][A-Za-z\d_-]{22,27}\.[A-Za-z\d_-]{5,7}\.[A-Za-z\d_-]{25,50}",  # Discord bots
        r"(?<!\d)\d{8,10}:[0-9A-Za-z_-]{32,40}(?![0-9A-Za-z_-])",  # Telegram bots
        r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{6,2000}\.[A-Za-z0-9_-]{4,4000}(?:\.[A-Za-z0-9_-]{0,2000})?",
        r"(?<![A-Za-z0-9])fal-[0-9a-f-]{20,60}|(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{16,64}",
        r"(?<![A-Za-z0-9])ssh-(?:rsa|ed25519|dss|ecdsa)[\w@.-]{0,30} [A-Za-z0-9+/=]{16,2000}(?: [\w.@-]+)?",
        r"(?<=;base64,)[A-Za-z0-9+/=_-]{16,262144}",  # files inside of texts
        r"(?<![A-Za-z0-9])(?:bc|tb|ltc)1[a-z0-9]{25,60}(?![A-Za-z0-9])",
        r"(?<![A-Za-z0-9])LTAI[A-Za-z0-9]{12,30}(?![A-Za-z0-9])",
        r"AGE-SECRET-KEY-1[A-Z0-9]{20,80}",
        r"(?<![A-Za-z0-9])0x[0-9a-fA-F]{40}(?![0-9a-fA-F])",  # wallets
    )
)
_RUN = re.compile(r"[A-Za-z0-9]{12,}")
_MIXED = re.compile(r"\d|[a-z][A-Z]")
_LONG = re.compile(r"[A-Za-z]{20,}")
_BEGIN = re.compile(r"-{3,5} ?BEGIN [A-Z0-9 ]{0,40}(?:KEY|CERTIFICATE|MESSAGE)[A-Z ]{0,20}-{3,5}")
_BODY = re.compile(r"[A-Za-z0-9+/=\s\\:,.*_-]{0,16000}")
_END = re.compile(r"-{3,5} ?END [A-Z0-9 ]{1,60}-{3,5}")
# Their patterns for these are not linear, or find what is no token: ours are elsewhere.
_LEFT_OUT = {
    "basic_auth",
    "npm",
    "ip_public",
    "keyword",
    "high_entropy_strings",
    "private_key",
    "artifactory",
}
_WINDOW, _OVERLAP = 1 << 10, 1 << 8


@functools.cache
def _theirs() -> tuple[re.Pattern[str], ...]:
    """Give the patterns of detect-secrets' detectors: those of all its modules, whatever the version."""
    shown = warnings.showwarning
    from detect_secrets import plugins  # noqa: PLC0415 - 0.1 s, and only recipes need it
    from detect_secrets.plugins.base import RegexBasedDetector  # noqa: PLC0415

    if warnings.showwarning is not shown:  # its log takes the warnings of the whole process
        logging.captureWarnings(False)
    for module in pkgutil.iter_modules(plugins.__path__):
        if module.name not in _LEFT_OUT:
            importlib.import_module(f"{plugins.__name__}.{module.name}")
    detectors = sorted(RegexBasedDetector.__subclasses__(), key=lambda detector: detector.__module__)
    return tuple(
        pattern
        for detector in detectors
        if detector.__module__.rpartition(".")[2] not in _LEFT_OUT
        for pattern in cast("Iterable[re.Pattern[str]]", detector.denylist)
    )


@functools.cache
def _prefixed() -> re.Pattern[str]:
    """Give the pattern of what stands behind an issuer's prefix; a group of its own for sure ones."""
    issuers, likely = ("|".join(sorted(words(name))) for name in ("issuers", "likely_issuers"))
    return re.compile(
        rf"(?<![A-Za-z0-9])(?:({issuers})|{likely})[_.-]([A-Za-z0-9][A-Za-z0-9_.=-]{{14,400}})",
        re.IGNORECASE,
    )


def _blocks(text: str) -> Iterator[Hit]:
    """Find keys in armour (PEM), from their first line to their last."""
    at = 0
    while begin := _BEGIN.search(text, at):
        body = _BODY.match(text, begin.end())
        at = body.end() if body else begin.end()
        if end := _END.search(text, begin.end(), at):
            at = end.end()
        yield from covered(text, begin.start(), at, "keys")


def _is_issued(body: str) -> bool:
    """Say whether what stands behind an issuer's prefix is no word."""
    return bool(_LONG.search(body) or (_RUN.search(body) and _MIXED.search(body)))


def find_tokens(text: str) -> Iterator[Hit]:
    """Find keys by their form."""
    yield from _blocks(text)
    for match in _prefixed().finditer(text):
        if _is_issued(match[2]) if match[1] else is_random(match[2]):
            yield from covered(text, *match.span(), "keys")
    for pattern in _OWN:
        for match in pattern.finditer(text):
            yield from covered(text, *match.span(), "keys")
    # Windows bound the work of patterns that we did not write.
    for start in range(0, max(len(text) - _OVERLAP, 1), _WINDOW - _OVERLAP):
        window = text[start : start + _WINDOW]
        for pattern in _theirs():
            for match in pattern.finditer(window):
                group = next((number for number in range(1, pattern.groups + 1) if match[number]), 0)
                whole = group == 0 or len(match[group]) < len(match[0]) // 2
                first, last = match.span(0 if whole else group)
                yield from covered(text, start + first, start + last, "keys")
