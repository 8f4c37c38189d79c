"""C2PA manifests: boxes of JUMBF (ISO 19566-5) with CBOR (RFC 8949) and JSON in them.

A superbox ``jumb`` starts with ``jumd``, which holds its label; the store's superboxes are manifests,
the last of them the picture's own. No signature is checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from promptcodec.recipe.carriers.boxes import boxes_of
from promptcodec.recipe.values import shallow

_DEEPEST = 8  # boxes; a store has four levels
_MOST_BOXES = 2048
_LONGEST = 1 << 20  # bytes of one CBOR or JSON box; larger ones are tables of hashes
_LABEL = 17  # where it starts in jumd: after 16 bytes of type and the toggles


@dataclass(frozen=True, slots=True)
class Statement:
    """What one box states.

    Attributes:
        manifest: which manifest it is in, by its place in the store.
        label: of the box, such as ``c2pa.actions.v2`` or ``c2pa.claim``.
        value: what the CBOR or the JSON in it says.
    """

    manifest: int
    label: str
    value: Any


def statements(store: bytes | memoryview) -> list[Statement]:
    """List what a manifest store states; damaged boxes are left out."""
    view = memoryview(store)
    listed: list[Statement] = []
    for manifest, label, kind, start, end in _contents(view):
        if end - start > _LONGEST:
            continue
        value = _decoded(kind, bytes(view[start:end]))
        if value is not None:
            listed.append(Statement(manifest, label, value))
    return listed


def _contents(view: memoryview) -> Iterator[tuple[int, str, bytes, int, int]]:
    """Walk the boxes: number of the manifest, label, ``cbor`` or ``json``, first byte, byte behind it."""
    todo = [(0, len(view), 0, -1, "")]
    count = manifests = 0
    while todo:
        start, end, depth, manifest, label = todo.pop()
        for kind, first, last in boxes_of(view, start, end):
            count += 1
            if count > _MOST_BOXES:
                return
            if kind == b"jumd":
                label = _label(view, first, last)
            elif kind == b"jumb" and depth < _DEEPEST:
                if depth == 1:
                    manifests += 1
                todo.append((first, last, depth + 1, manifests if depth == 1 else manifest, label))
            elif kind in (b"cbor", b"json"):
                yield manifest, label, kind, first, last


def _label(view: memoryview, start: int, end: int) -> str:
    text = bytes(view[start + _LABEL : min(end, start + _LABEL + 256)])
    return text.partition(b"\0")[0].decode("utf-8", "replace")


def _decoded(kind: bytes, content: bytes) -> Any:
    import cbor2  # noqa: PLC0415 - few files have a manifest

    try:
        # Keeps to the bytes there are, whatever lengths they claim, and to a depth.
        value = cbor2.loads(content, max_depth=32) if kind == b"cbor" else json.loads(content)
    except (cbor2.CBORError, ValueError, RecursionError, OverflowError, TypeError, MemoryError):
        return None
    return value if isinstance(value, (dict, list)) and shallow(value) else None
