"""The profile of a hosted model: where it is, which key opens it, what it costs."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from promptcodec.errors import UsageError

# Least and most of the numbers of a profile; of the others 0 and 1e9. No side is longer than a picture's.
_RANGES = {"image_side": (1, 1 << 16), "max_output": (1, 1e9), "timeout": (0.001, 1e6), "retries": (0, 1000)}


@dataclass(frozen=True, slots=True)
class Profile:
    """One hosted or local model behind an OpenAI-compatible address.

    Attributes:
        url: up to and with ``/v1``.
        model: the name sent.
        api_key_env: the environment variable that holds the key; empty for servers that want none.
        timeout: seconds a request may take, from its start to the last byte of its answer.
        retries: how often it is tried again after 408, 409, 429, 5xx and lost connections.
        input_price, image_input_price, output_price: dollars per million tokens; nan is unknown.
        image_price: dollars per picture, for the estimate before a call; nan is unknown.
        max_output: most tokens of an answer.
        limit_field: what the chat API calls that.
        effort: how much a reasoning model may think; empty sends nothing.
        image_side: longest side of the picture sent, in pixels.
        image_tokens: tokens of a 32x32 patch of a picture sent, for the estimate.
        quality: of a picture drawn; empty sends nothing.
        sizes: the sizes an image model draws, ``1024x1024,1536x1024``; empty is any legal one.
        references: whether the image server draws from references (``yes`` or ``no``).
        dialect: ``responses`` or ``chat``, for what speaks either; empty is the plugin's own.
        response_format: how a server is held to JSON, ``json_schema``, ``json_object`` or ``none``; of a
            generator, ``b64_json`` or ``url``. Empty is ``json_schema``; of a generator, nothing is sent.
        shut_down: the day the model is shut down, ``2026-12-01``; empty where none is known.
        successor: the model that follows it.
        dated: the day model and prices were looked up.
    """

    url: str
    model: str
    api_key_env: str = ""
    timeout: float = 180.0
    retries: int = 6
    input_price: float = math.nan
    image_input_price: float = math.nan
    output_price: float = math.nan
    image_price: float = math.nan
    max_output: int = 6000
    limit_field: str = "max_tokens"
    effort: str = ""
    image_side: int = 768
    image_tokens: float = 1.62
    quality: str = ""
    sizes: str = ""
    references: str = "yes"
    dialect: str = ""
    response_format: str = ""
    shut_down: str = ""
    successor: str = ""
    dated: str = ""

    def cost(self, usage: Usage) -> float:
        """Give the dollars of a call; nan where a price is unknown."""
        image_price = self.input_price if math.isnan(self.image_input_price) else self.image_input_price
        terms = (
            (usage.input_tokens - usage.image_input_tokens, self.input_price),
            (usage.image_input_tokens, image_price),
            (usage.output_tokens, self.output_price),
        )
        return sum(tokens * price / 1e6 for tokens, price in terms if tokens)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call used.

    Attributes:
        input_tokens, output_tokens: tokens; thinking counts as output.
        image_input_tokens: those of ``input_tokens`` that are of pictures.
        cost: dollars that the server says it came to; 0 where it says nothing.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    image_input_tokens: int = 0
    cost: float = 0.0


def read(role: str, name: str, given: Mapping[str, str]) -> Profile:
    """Make a profile from what the user wrote, on top of the shipped one.

    The shipped model, prices and key variable belong together: they hold only for the shipped
    address, and the prices only for the shipped model, so that no key is sent, and no price
    believed, elsewhere.

    Args:
        role: ``captioners``, ``generators`` or ``checks``.
        name: of the built-in plugin.
        given: the user's entries.

    Raises:
        UsageError: an entry is unknown, missing or of the wrong kind.
    """
    if secret := {"api_key", "key", "token"} & set(given):
        raise UsageError(
            f"{min(secret)} does not belong into a profile: name the variable that holds it, api_key_env=NAME"
        )
    shipped: dict[str, Any] = _shipped().get(role, {}).get(name, {})
    asked, home = (where(each.get("url", shipped.get("url", ""))) for each in (given, shipped))
    base: dict[str, Any] = shipped if asked == home else {}
    if given.get("model", base.get("model")) != base.get("model"):
        base = {key: value for key, value in base.items() if not key.endswith("_price")}
    known = {field.name: field.type for field in fields(Profile)}
    values: dict[str, Any] = {}
    for key, value in {**base, **given}.items():
        if key not in known:
            raise UsageError(f"the {name} profile has no entry {key!r}; it knows {', '.join(known)}")
        values[key] = _convert(name, key, str(value), str(known[key]))
    for key in ("url", "model"):
        if not values.get(key):
            at = values.get("url") or "http://127.0.0.1:11434/v1"
            lists = f"; {at}/models lists what the server has" if values.get("url") else ""
            raise UsageError(
                f'the {name} profile names no {key}: write "{name}:{at}?model=NAME", in quotes for the '
                f'shell, or {key} = "..." under [{role}.{name}] of the configuration file{lists}'
            )
    parts = urlsplit(values["url"])
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"the {name} profile's url is no http or https address")
    if parts.username or parts.password:
        raise UsageError(f"the {name} profile's url holds a password: use api_key_env=NAME")
    return Profile(**{**_shut_down(values["url"], values["model"]), **values})


def where(url: str) -> tuple[str, str, int | None, str]:
    """Give the place that an address names, however it is written: scheme, host, port, path."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", "", None, url
    return parts.scheme, (parts.hostname or "").rstrip("."), port, parts.path.rstrip("/")


def ending() -> list[tuple[str, str, str]]:
    """Give the shipped days on which models end: the model, the day, the model that follows."""
    return [
        (model, entry["day"], entry["successor"])
        for entry in _shipped()["shut_down"]
        for model in entry["models"]
    ]


def _shut_down(url: str, model: str) -> dict[str, str]:
    """Give the shipped day on which a model ends, and the one that follows it, where it has one."""
    for entry in _shipped()["shut_down"]:
        if where(entry["url"]) == where(url) and model in entry["models"]:
            return {"shut_down": entry["day"], "successor": entry["successor"]}
    return {}


def _convert(name: str, key: str, value: str, kind: str) -> str | int | float:
    try:
        converted: str | int | float = {"int": int, "float": float, "str": str}[kind](value)
    except ValueError:
        raise UsageError(f"the {name} profile's {key} is {value!r}, not a number") from None
    least, most = _RANGES.get(key, (0, 1e9))
    if not isinstance(converted, str) and not least <= converted <= most:
        up_to = "" if converted < least else f", at most {most:g}"
        raise UsageError(f"the {name} profile's {key} is {value!r}; it is {least:g} or more{up_to}")
    return converted


@cache
def _shipped() -> dict[str, Any]:
    return tomllib.loads(files("promptcodec.api").joinpath("profiles.toml").read_text("utf-8"))
