"""Names of keys whose values are secrets, or say who somebody is or where.

A name is taken apart (``openaiApiKey``, ``hf_token``, ``X-Api-Key``); its last words decide.
"""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_LONGEST = 120


def words(name: str) -> frozenset[str]:
    """Give a list of ``names.toml``."""
    return frozenset(_table()[name].split())


@functools.cache
def _table() -> dict[str, str]:
    return tomllib.loads(resources.files(__package__).joinpath("names.toml").read_text("utf-8"))


_IDENTITY = re.compile(
    r"(?:^|[_ .-])(?:hash(?:es)?|sha\d*|autov\d|checksum|crc|md5|ids?|uuid|guid|ver|versions?|commit|"
    r"revision|rev|urn|air|class_type|type|resources|is_changed)$",
    re.IGNORECASE,
)


_PROMPT = re.compile(
    r"(?:prompt|text|positive|negative|caption|description|string|wildcard|style|conditioning)s?(?:_?[\dlgb]{1,2})?$"
    r"|^(?:c|uc|prompt_.*)$",
    re.IGNORECASE,
)


def parts_of(name: str) -> list[str]:
    """Take a name apart, in small letters."""
    return [part.lower() for part in _PART.findall(name[-_LONGEST:])]


def is_identity(name: str) -> bool:
    """Say whether values under a name are hashes, versions or ids: random by nature, and wanted."""
    return bool(_IDENTITY.search(name)) or name.lower().endswith(("hash", "hashes"))


def is_prompt(name: str) -> bool:
    """Say whether words stand under a name."""
    return bool(_PROMPT.search(name))


@functools.lru_cache(1 << 12)
def kind_of(name: str) -> str | None:
    """Give the kind of what stands under a name, None where the name says nothing."""
    parts = parts_of(name)
    trailing, named = words("trailing"), words("named")
    while len(parts) > 1 and (parts[-1].isdigit() or (parts[-1] in trailing and parts[-2] not in named)):
        parts.pop()
    if parts[-2:] == ["key", "id"]:
        parts.pop()
    if not parts:
        return None
    last, before = parts[-1], parts[-2] if len(parts) > 1 else ""
    if _is_secret(last, before, "".join(parts[-3:])):
        return "secrets"
    for list_name, kind in (
        ("phones", "phone numbers"),
        ("network", "network addresses"),
        ("places", "places"),
    ):
        if {last, before + last} & words(list_name):
            return kind
    if not before and last in words("places_alone"):
        return "places"
    return "places" if parts[0] == "gps" else _person(last, before)


@functools.lru_cache(1 << 12)
def is_doubtful(name: str) -> bool:
    """Say whether a name may be one of a secret: its value decides."""
    parts = parts_of(name)
    while len(parts) > 1 and (parts[-1].isdigit() or parts[-1] in words("trailing")):
        parts.pop()
    return bool(parts) and bool({parts[-1], "".join(parts[-2:])} & words("doubtful"))


def _is_secret(last: str, before: str, joined: str) -> bool:
    if last == "token" and before in words("other_tokens"):
        return False
    if last.endswith(("password", "passwd", "passwort", "apikey")) or (before == "clé" and last == "api"):
        return True
    if {last, before + last, joined} & words("secrets") or (last in words("secrets_alone") and not before):
        return True
    if last in ("key", "keys", "pass", "phrase", "code"):
        return before in words(last.removesuffix("s") if last == "keys" else last)
    return before + last in ("sessionid", "webhookurl", "webhookuri", "authheader")


def _person(last: str, before: str) -> str | None:
    is_person = (
        {last, before + last} & words("people")
        or (last in words("people_alone") and not before)
        or (last in ("name", "names", "id") and before in words("named"))
        or (last == "by" and before.endswith("ed"))
        or (last == "host" and before)
    )
    return "user names" if is_person else None
