"""Metadata chunks as values of a tree: by encoding, style of JSON, place in EXIF.

Every form is only used where it gives the same bytes again; what fits nothing stays a plain text.
"""

from __future__ import annotations

import re

from promptcodec.layers.recipe.chunks import NEGATIVE, join_settings, segment_bytes
from promptcodec.layers.recipe.json_styles import STYLES, dump, load
from promptcodec.layers.recipe.tree_symbols import Literal, Value
from promptcodec.recipe.model import Chunk
from promptcodec.recipe.tiff import spans

_MOST_BINARY = 2048
_LONGEST_SETTING = 1 << 14
_LABELLED = re.compile(r"([A-Za-z]{1,20}: ?)(?=[{\[])")
_SETTINGS = "Steps: "
_SETTING = re.compile(r"([A-Za-z][\w /.+()-]{0,60}): (.*)", re.DOTALL)


def to_values(chunks: tuple[Chunk, ...]) -> Value:
    """Give chunks as a list of ``[carrier, key, segment, ...]``."""
    return [[chunk.carrier, chunk.key, *_segments(chunk)] for chunk in chunks]


def to_plain(chunks: tuple[Chunk, ...]) -> Value:
    """Give the same without looking into the texts, for what is beyond the coder's limits."""
    return [
        [chunk.carrier, chunk.key, {(encoding := _encoding(chunk.data)): chunk.data.decode(encoding)}]
        for chunk in chunks
    ]


def _segments(chunk: Chunk) -> list[Value]:
    if chunk.carrier != "exif":
        return _text_segments(chunk.data, _encoding(chunk.data))
    segments: list[Value] = []
    at = 0
    for _, start, end, encoding in spans(chunk.data):
        if start >= at and end - start > 16:
            segments += [
                *_binary_segments(chunk.data[at:start]),
                *_text_segments(chunk.data[start:end], encoding),
            ]
            at = end
    return [*segments, *_binary_segments(chunk.data[at:])]


def _encoding(data: bytes) -> str:
    try:
        data.decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _binary_segments(data: bytes) -> list[Value]:
    if not data:
        return []
    if len(data) <= _MOST_BINARY:
        return [{"bytes": [Literal(byte) for byte in data]}]
    return [{"latin-1": data.decode("latin-1")}]


def _text_segments(data: bytes, encoding: str) -> list[Value]:
    """Give the segments of a text: a label, JSON or settings, and what stands behind them."""
    text = data.decode(encoding)
    label = _LABELLED.match(text)
    start = label.end() if label else 0
    end = len(text.rstrip("\0\n "))
    structure = _structure(text[start:end])
    if structure is None and end < len(text):
        structure = _structure(text[start:])
        end = len(text) if structure is not None else end
    if structure is None:
        return [{encoding: text}] if text else []
    segments: list[Value] = []
    if start:
        segments.append({encoding: text[:start]})
    segments.append({encoding: structure})
    if end < len(text):
        segments.append({encoding: text[end:]})
    return segments if b"".join(map(segment_bytes, segments)) == data else [{encoding: text}]


def _structure(text: str) -> Value:
    """Give a text's structure where it has one that writes it again exactly, else None."""
    if text[:1] in ("{", "["):
        try:
            value = load(text)
        except ValueError:
            return None
        return next(({name: value} for name, style in STYLES.items() if dump(value, style) == text), None)
    settings = _split_settings(text)
    return {"a1111": settings} if settings is not None and join_settings(settings) == text else None


def _split_settings(text: str) -> Value | None:
    """Split A1111's text as ``[prompt, negative prompt or null, settings]``."""
    start = 0 if text.startswith(_SETTINGS) else text.rfind("\n" + _SETTINGS) + 1
    if not start and not text.startswith(_SETTINGS):
        return None
    prompt, separator, negative = text[: max(start - 1, 0)].partition(NEGATIVE)
    settings: dict[str, str] = {}
    last = ""
    for part in text[start:].split(", "):
        match = _SETTING.fullmatch(part)
        if match and match[1] not in settings:
            last = match[1]
            settings[last] = match[2]
        elif last:
            if len(settings[last]) > _LONGEST_SETTING:
                return None
            settings[last] += ", " + part
    return [prompt if start else None, negative if separator else None, settings]
