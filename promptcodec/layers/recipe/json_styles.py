"""JSON as programs write it, with its numbers as they are written."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from promptcodec.layers.recipe.tree_model import DEEPEST
from promptcodec.layers.recipe.tree_symbols import Literal, Value

_LEVELS = DEEPEST - 8


@dataclass(frozen=True, slots=True)
class Style:
    """How a program writes JSON.

    Attributes:
        comma, colon: with the space behind them.
        escape: gives a text in quotes.
        indent: spaces for each level, 0 for one line.
    """

    comma: str
    colon: str
    escape: Callable[[str], str]
    indent: int = 0


def _ascii(text: str) -> str:
    return json.dumps(text)


def _plain(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_NET_SAFE = re.compile(r"""[^ !#$%()*,\-./0-9:;=?@A-Z\[\]^_a-z{|}~]""")
_NET_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def _net(text: str) -> str:
    """Escape as .NET does: capitals in hexadecimal, and signs that mean something in HTML."""

    def one(match: re.Match[str]) -> str:
        if match[0] in _NET_SHORT:
            return _NET_SHORT[match[0]]
        units = match[0].encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[at : at + 2].hex().upper()}" for at in range(0, len(units), 2))

    return f'"{_NET_SAFE.sub(one, text)}"'


# A closed list: its names are part of the format.
STYLES = {
    "json": Style(", ", ": ", _ascii),
    "json utf-8": Style(", ", ": ", _plain),
    "json compact": Style(",", ":", _plain),
    "json compact ascii": Style(",", ":", _ascii),
    "json net": Style(",", ":", _net),
    "json indent 2": Style(",", ": ", _ascii, 2),
    "json indent 2 utf-8": Style(",", ": ", _plain, 2),
    "json indent 4": Style(",", ": ", _ascii, 4),
    "json indent 4 utf-8": Style(",", ": ", _plain, 4),
}


def dump(value: Value, style: Style, level: int = 0) -> str:
    """Write JSON in a style."""
    if isinstance(value, Literal) or value is None or isinstance(value, bool):
        return (
            str(value) if isinstance(value, Literal) else {None: "null", True: "true", False: "false"}[value]
        )
    if isinstance(value, str):
        return style.escape(value)
    if isinstance(value, dict):
        items = [
            style.escape(key) + style.colon + dump(item, style, level + 1) for key, item in value.items()
        ]
        ends = "{}"
    else:
        items = [dump(item, style, level + 1) for item in value]
        ends = "[]"
    if not style.indent or not items:
        return ends[0] + style.comma.join(items) + ends[1]
    gap = "\n" + " " * style.indent * (level + 1)
    return ends[0] + gap + (style.comma + gap).join(items) + gap[: -style.indent] + ends[1]


def load(text: str) -> Value:
    """Parse JSON with its numbers as they are written.

    Raises:
        ValueError: it is none, has a key twice, or is nested too deeply.
    """
    try:
        value = json.loads(
            text, parse_int=Literal, parse_float=Literal, parse_constant=Literal, object_pairs_hook=_unique
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level = [value]
    for _ in range(_LEVELS):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    if level:
        raise ValueError("nested too deeply")
    return value


def _unique(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key twice")
    return value


def literal(value: Any) -> Value:
    """Give a JSON value with its numbers as texts."""
    return load(json.dumps(value))


def unliteral(value: Value) -> Any:
    """Undo ``literal``."""
    return json.loads(dump(value, STYLES["json"]), parse_float=_finite, parse_constant=lambda _: None)


def _finite(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None
