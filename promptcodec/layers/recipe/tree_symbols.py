r"""JSON values as symbols: one for each value, a text that starts with a mark of its type.

    null true false    as they are
    #12.50             a number, as it is written
    "word              a text
    [3                 a list, by its length
    {id\0type           an object, by its keys

A symbol that is new where it stands is spelled, by its type and, for numbers and texts, by the first
form that gives it back exactly.
"""

from __future__ import annotations

import re
from typing import Any

from promptcodec.errors import EntropyError

TYPES = ("null", "true", "false", "number", "text", "list", "object")
NUMBER_FORMS = ("integer", "decimal", "other")
TEXT_FORMS = ("plain", "hex", "HEX", "uuid", "integer", "decimal", "size")

SHORTEST_HEX, LONGEST_HEX, UUID_DIGITS = 6, 128, 32
DECIMAL = re.compile(r"(-?)(0|[1-9]\d{0,17})\.(\d{1,27})")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,25})")
_HEX = re.compile(rf"(?=[0-9a-f]*\d)[0-9a-f]{{{SHORTEST_HEX},{LONGEST_HEX}}}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")
_CONSTANTS = {"null": None, "true": True, "false": False}


class Literal(str):
    """A JSON number as it is written."""

    __slots__ = ()


Value = Any  # None, bool, Literal, str, list, dict


def symbol_of(value: Value) -> str:
    """Give the symbol of a value.

    Raises:
        EntropyError: an object has a key that no symbol can name.
    """
    if isinstance(value, Literal):
        return "#" + value
    if isinstance(value, str):
        return '"' + value
    if isinstance(value, list):
        return f"[{len(value)}"
    if isinstance(value, dict):
        if any("\0" in key or not key for key in value):
            raise EntropyError("a key is empty or holds a zero")
        return object_symbol(list(value))
    return {None: "null", True: "true", False: "false"}[value]


def scalar_of(symbol: str) -> Value:
    """Give the value of a symbol that is neither a list nor an object."""
    if symbol[0] == '"':
        return symbol[1:]
    return Literal(symbol[1:]) if symbol[0] == "#" else _CONSTANTS[symbol]


def object_symbol(keys: list[str]) -> str:
    """Give the symbol of an object with these keys."""
    return "{" + "\0".join(keys)


def keys_of(symbol: str) -> list[str]:
    """Give the keys of an object's symbol."""
    return symbol[1:].split("\0") if len(symbol) > 1 else []


def type_of(symbol: str) -> str:
    """Give which of TYPES a symbol is."""
    return {'"': "text", "#": "number", "[": "list", "{": "object"}.get(symbol[0], symbol)


def number_form(number: str) -> str:
    """Give the first of NUMBER_FORMS that writes a number again exactly."""
    if _INTEGER.fullmatch(number):
        return "integer"
    return "decimal" if DECIMAL.fullmatch(number) else "other"


def text_form(text: str) -> str:
    """Give the first of the TEXT_FORMS that writes a text again exactly."""
    for form, pattern in (
        ("integer", _INTEGER),
        ("hex", _HEX),
        ("uuid", _UUID),
        ("decimal", DECIMAL),
        ("size", _SIZE),
    ):
        if pattern.fullmatch(text):
            return form
    return "HEX" if text == text.upper() and _HEX.fullmatch(text.lower()) else "plain"
