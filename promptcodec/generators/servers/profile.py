"""What a user says of a server: the entries of its profile, its address, the variable that holds its key."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar
from urllib.parse import urlsplit

from promptcodec.api.secrets import key_in
from promptcodec.api.servers import Server
from promptcodec.errors import UsageError

Profile = TypeVar("Profile")
_AREA = re.compile(r"(\d{2,5})x(\d{2,5})", re.ASCII)
_LEAST_AREA, _MOST_AREA = 64 * 64, 8192 * 8192
_SECRETS = {"api_key", "key", "token", "password"}
# Endpoints that people copy along with the address.
_ENDPOINTS = re.compile(r"/(?:sdapi(?:/v1)?|prompt|object_info)?/*$")


def read(
    kind: type[Profile],
    given: Mapping[str, str],
    ranges: Mapping[str, tuple[float, float]],
    *,
    name: str,
    example: str,
) -> Profile:
    """Read the entries a user wrote.

    Args:
        kind: a dataclass with a default for each entry, of type str, int or float; ``area`` is written as a
            size, ``url`` is an address.
        given: the entries.
        ranges: the least and the most of each number.
        name: of the generator.
        example: how it is named with an address.

    Raises:
        UsageError: an entry is unknown, or wrong.
    """
    if "variant" in given:
        raise UsageError(f"{name}:{given['variant']} names no address: write {example}")
    if secret := _SECRETS & set(given):
        raise UsageError(
            f"{min(secret)} does not belong into a profile: name the variable that holds it, api_key_env=NAME"
        )
    known = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := set(given) - set(known):
        raise UsageError(f"the {name} profile has no entry {min(unknown)!r}; it knows {', '.join(known)}")
    where = f"the {name} profile's"
    values: dict[str, Any] = {
        key: _area(where, value) if key == "area" else _converted(where, key, value, known[key], ranges)
        for key, value in given.items()
    }
    if values.get("url"):
        values["url"] = _address(where, values["url"], example)
    return kind(**values)


def connect(url: str, variable: str, timeout: float) -> Server:
    """Give the server at an address, with the key that an environment variable holds.

    Args:
        url: of the server.
        variable: its name, ``""`` for no key; ``user:password`` is sent as Basic, all else as Bearer.
        timeout: seconds of silence.

    Raises:
        MissingError: the variable holds no key.
    """
    key = key_in(variable, url)
    basic = f"Basic {base64.b64encode(key.encode()).decode()}"
    authorization = basic if ":" in key else f"Bearer {key}" if key else ""
    return Server(url, authorization=authorization, key=key, timeout=timeout)


def _address(where: str, url: str, example: str) -> str:
    """Check an address; give it without what follows the server's own part."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{where} url is no http or https address; it is like {example}")
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"{where} url holds a password: use api_key_env=NAME")
    if parts.fragment or parts.query:
        raise UsageError(f"{where} url has more than an address: it is like {example}")
    return _ENDPOINTS.sub("", url)


def _area(where: str, value: str) -> int:
    match = _AREA.fullmatch(value)
    area = int(match[1]) * int(match[2]) if match else 0
    if not _LEAST_AREA <= area <= _MOST_AREA:
        raise UsageError(f"{where} area is {value!r}, not a size such as 1024x1024, from 64x64 on")
    return area


def _converted(
    where: str, key: str, value: str, kind: str, ranges: Mapping[str, tuple[float, float]]
) -> str | int | float:
    if kind == "str":
        return value
    try:
        number = int(value) if kind == "int" else float(value)
    except ValueError:
        raise UsageError(f"{where} {key} is {value!r}, not a number") from None
    least, most = ranges[key]
    if not least <= number <= most:
        raise UsageError(f"{where} {key} is {value!r}; it goes from {least:g} to {most:g}")
    return number
