"""Metadata chunks as JSON values, and back byte for byte: by encoding, style of JSON, place in EXIF.

Every form is only used where it gives the same bytes again; what fits nothing stays a plain text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from promptcodec.errors import BitstreamError
from promptcodec.layers.recipe.tree import DEEPEST
from promptcodec.layers.recipe.tree_model import Literal, Value
from promptcodec.recipe.model import CARRIERS, Chunk
from promptcodec.recipe.tiff import spans

_ENCODINGS = ("utf-8", "latin-1", "utf-16-be", "utf-16-le")
_MOST_BINARY = 2048
_LONGEST_SETTING = 1 << 14
_LABELLED = re.compile(r"([A-Za-z]{1,20}: ?)(?=[{\[])")
_SETTINGS = "Steps: "
_NEGATIVE = "\nNegative prompt: "
_SETTING = re.compile(r"([A-Za-z][\w /.+()-]{0,60}): (.*)", re.DOTALL)
_JSON_LEVELS = DEEPEST - 8


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


def _ascii(said: str) -> str:
    return json.dumps(said)


def _plain(said: str) -> str:
    return json.dumps(said, ensure_ascii=False)


_NET_SAFE = re.compile(r"""[^ !#$%()*,\-./0-9:;=?@A-Z\[\]^_a-z{|}~]""")
_NET_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def _net(said: str) -> str:
    """Escape as .NET does: capitals in hexadecimal, and signs that mean something in HTML."""

    def one(match: re.Match[str]) -> str:
        if match[0] in _NET_SHORT:
            return _NET_SHORT[match[0]]
        units = match[0].encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[at : at + 2].hex().upper()}" for at in range(0, len(units), 2))

    return f'"{_NET_SAFE.sub(one, said)}"'


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


def load(said: str) -> Value:
    """Parse JSON with its numbers as they are written.

    Raises:
        ValueError: it is none, has a key twice, or is nested too deeply.
    """
    try:
        value = json.loads(
            said, parse_int=Literal, parse_float=Literal, parse_constant=Literal, object_pairs_hook=_unique
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level = [value]
    for _ in range(_JSON_LEVELS):
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
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key twice")
    return made


def literal(value: Any) -> Value:
    """Give a JSON value with its numbers as texts."""
    return load(json.dumps(value))


def unliteral(value: Value) -> Any:
    """Undo ``literal``."""
    return json.loads(dump(value, STYLES["json"]), parse_float=_finite, parse_constant=lambda _: None)


def _finite(said: str) -> float | None:
    value = float(said)
    return value if math.isfinite(value) else None


def to_values(chunks: tuple[Chunk, ...]) -> Value:
    """Give chunks as a list of ``[carrier, key, segment, ...]``."""
    return [[chunk.carrier, chunk.key, *_segments(chunk)] for chunk in chunks]


def to_plain(chunks: tuple[Chunk, ...]) -> Value:
    """Give the same without looking into the texts, for what is beyond the coder's limits."""
    return [
        [chunk.carrier, chunk.key, {(kind := _encoding(chunk.data)): chunk.data.decode(kind)}]
        for chunk in chunks
    ]


def _segments(chunk: Chunk) -> list[Value]:
    if chunk.carrier != "exif":
        return _best(chunk.data, _encoding(chunk.data))
    made: list[Value] = []
    at = 0
    for _, start, end, encoding in spans(chunk.data):
        if start >= at and end - start > 16:
            made += [*_binary(chunk.data[at:start]), *_best(chunk.data[start:end], encoding)]
            at = end
    return [*made, *_binary(chunk.data[at:])]


def _encoding(data: bytes) -> str:
    try:
        data.decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _binary(data: bytes) -> list[Value]:
    if not data:
        return []
    if len(data) <= _MOST_BINARY:
        return [{"bytes": [Literal(byte) for byte in data]}]
    return [{"latin-1": data.decode("latin-1")}]


def _best(data: bytes, encoding: str) -> list[Value]:
    """Give the segments of a text: a label, JSON or settings, and what stands behind them."""
    said = data.decode(encoding)
    label = _LABELLED.match(said)
    start = label.end() if label else 0
    end = len(said.rstrip("\0\n "))
    parts = []
    form = _form(said[start:end])
    if form is None and end < len(said):
        form = _form(said[start:])
        end = len(said) if form is not None else end
    if form is None or isinstance(form, str):
        return [{encoding: said}] if said else []
    if start:
        parts.append({encoding: said[:start]})
    parts.append({encoding: form})
    if end < len(said):
        parts.append({encoding: said[end:]})
    return parts if b"".join(map(_to_bytes, parts)) == data else [{encoding: said}]


def _form(said: str) -> Value:
    """Give a text's structure where it has one that writes it again exactly, else None."""
    if said[:1] in ("{", "["):
        try:
            value = load(said)
        except ValueError:
            return None
        return next(({name: value} for name, style in STYLES.items() if dump(value, style) == said), None)
    made = _split_settings(said)
    return {"a1111": made} if made is not None and _join_settings(made) == said else None


def _split_settings(said: str) -> Value | None:
    """Split A1111's text as ``[prompt, negative prompt or null, settings]``."""
    start = 0 if said.startswith(_SETTINGS) else said.rfind("\n" + _SETTINGS) + 1
    if not start and not said.startswith(_SETTINGS):
        return None
    prompt, found, negative = said[: max(start - 1, 0)].partition(_NEGATIVE)
    settings: dict[str, str] = {}
    last = ""
    for part in said[start:].split(", "):
        match = _SETTING.fullmatch(part)
        if match and match[1] not in settings:
            last = match[1]
            settings[last] = match[2]
        elif last:
            if len(settings[last]) > _LONGEST_SETTING:
                return None
            settings[last] += ", " + part
    return [prompt if start else None, negative if found else None, settings]


def _join_settings(value: Value) -> str:
    prompt, negative, settings = value
    line = ", ".join(f"{key}: {said}" for key, said in settings.items())
    head = "" if prompt is None else prompt + (_NEGATIVE + negative if negative is not None else "") + "\n"
    return head + line


def from_values(value: Value) -> tuple[Chunk, ...]:
    """Undo ``to_values``.

    Raises:
        BitstreamError: nothing ``to_values`` gives.
    """
    try:
        return tuple(
            Chunk(CARRIERS[CARRIERS.index(row[0])], _key(row[1]), b"".join(map(_to_bytes, row[2:])))
            for row in value
        )
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, RecursionError):
        raise BitstreamError("the recipe part holds no metadata chunks") from None


def _key(value: Value) -> str:
    if not isinstance(value, str) or isinstance(value, Literal):
        raise TypeError
    return value


def _to_bytes(segment: Value) -> bytes:
    ((kind, content),) = segment.items()
    if kind == "bytes":
        return bytes(map(int, content))
    if kind not in _ENCODINGS:
        raise ValueError(kind)
    if isinstance(content, str):
        return content.encode(kind)
    ((form, inner),) = content.items()
    said = _join_settings(inner) if form == "a1111" else dump(inner, STYLES[form])
    return said.encode(kind)
