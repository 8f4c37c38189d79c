"""What a stream says, as plain JSON: every decoded symbol, nothing that is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from promptcodec import bitstream
from promptcodec.description import format_text
from promptcodec.layers import about, recipe, registry, structure
from promptcodec.layers.parts import payload_of, payloads_of
from promptcodec.layers.semantic import layer as semantic
from promptcodec.layers.texture.coders import LEARNED
from promptcodec.layers.texture.dct import stream as texture_stream
from promptcodec.layers.texture.learned import stream as learned_stream


def values(
    data: bytes, *, bare: bool = False, partial: bool = False, dictionaries: Sequence[bytes] = ()
) -> dict[str, Any]:
    """Give the container and the value of each part."""
    stream = bitstream.read(data, bare=bare, partial=partial)
    size = (stream.width, stream.height)
    colour_map = payloads_of(stream).get("texture")
    readers: dict[str, Callable[[bytes], Any]] = {
        "semantic": lambda payload: _semantic(payload, dictionaries, colour_map),
        "texture": _texture,
        "structure": lambda payload: _structure(payload, size),
        "recipe": lambda payload: recipe.to_json(recipe.decode(payload, dictionaries=dictionaries)),
        "pixels": lambda payload: {"coder": payload[0], "sha256": hashlib.sha256(payload[1:]).hexdigest()},
        "about": about.decode,
    }
    parts = []
    for part in stream.parts:
        name = registry.part_name(part.type)
        read = readers.get(name, lambda payload: payload.hex())
        parts.append({"type": part.type, "critical": part.critical, "value": read(payload_of(part))})
    return {"width": stream.width, "height": stream.height, "cut": stream.cut, "parts": parts}


def metadata(data: bytes) -> list[list[str]]:
    """Give the chunks of a verbatim recipe: carrier, key, content in hexadecimal."""
    parts = {part.type: part.payload for part in bitstream.read(data).parts}
    chunks = recipe.decode(parts[registry.PART_IDS["recipe"]]).chunks
    return [[chunk.carrier, chunk.key, chunk.data.hex()] for chunk in chunks]


def _semantic(payload: bytes, dictionaries: Sequence[bytes], colour_map: bytes | None) -> str:
    """Give the words, with the colours that they have from the texture layer."""
    return format_text(semantic.decode_part(payload, (1, 1), dictionaries, colour_map)["description"])


def _texture(payload: bytes) -> dict[str, Any]:
    if payload[0] == LEARNED:
        levels = learned_stream.read(payload[1:])
        coded = [[own[: 4 * levels.count] for own in line] for line in levels.levels.tolist()]
        return {
            "shape": levels.shape,
            "size": levels.size,
            "quality": levels.quality,
            "count": levels.count,
            "levels": coded,
        }
    content = texture_stream.read(payload[1:])
    return {
        "shape": content.shape,
        "step": content.step,
        "restored": content.restored,
        "radii": list(content.radii),
        "means": list(content.means),
        "levels": [levels.tolist() for levels in content.levels],
    }


def _structure(payload: bytes, size: tuple[int, int]) -> dict[str, Any]:
    kind, value = structure.decode_value(payload, size)
    if kind == "pose":
        return {"kind": kind, "people": value}
    (rows, columns), content = value
    shown: dict[str, Any] = {"kind": kind, "rows": rows, "columns": columns}
    if kind == "bitmap":
        return shown | {"pixels": ["".join(map(str, map(int, row))) for row in content]}
    grid, paths = content
    return shown | {
        "grid": grid,
        "paths": [{"start": list(map(int, path.start)), "steps": list(path.steps)} for path in paths],
    }
