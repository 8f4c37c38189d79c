"""What a stream says: its outline, its parts as values, the conditions of a generator."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial as bind
from typing import Any

from promptcodec import bitstream, entropy
from promptcodec.bitstream import PART_IDS, Stream, part_name
from promptcodec.description import format_text, to_json
from promptcodec.errors import BitstreamError, DescriptionError, PromptcodecError, UsageError
from promptcodec.generators import Conditions
from promptcodec.layers import about, pixels, semantic, signature, structure, texture
from promptcodec.layers import recipe as recipe_layer

LAYERS = tuple(name for name in PART_IDS if name != "about")
# Colour map and contours hold nothing finer; a generator scales them.
LAYER_SIDE = 2048
# Layers are read at this size where nothing is drawn from them.
PROBE_SIZE = (64, 64)
_CODER_NAMES: dict[str, Callable[[bytes], str]] = {
    "semantic": semantic.coder_name,
    "recipe": recipe_layer.form_name,
    "about": entropy.coder_name,
    "texture": lambda _: "dct",
    "structure": structure.coder_name,
    "signature": lambda _: "raw",
    "pixels": pixels.coder_name,
}


def check_layers(layers: Sequence[str]) -> tuple[str, ...]:
    """Give the layers in stream order, each once.

    Raises:
        UsageError: one is unknown, or there is none.
    """
    unknown = [name for name in layers if name not in LAYERS]
    if unknown or not layers:
        raise UsageError(
            f"unknown layers {', '.join(unknown) or '(none given)'}; there are {', '.join(LAYERS)}"
        )
    return tuple(name for name in LAYERS if name in layers)


def open_stream(data: bytes, *, partial: bool = False) -> Stream:
    """Parse the container and refuse critical parts this version does not know."""
    stream = bitstream.read(data, partial=partial)
    for part in stream.parts:
        if part.critical and part.type not in PART_IDS.values():
            raise BitstreamError(
                f"the stream needs a reader that knows its {part_name(part.type)} part: "
                "a newer promptcodec is needed",
                part.offset,
            )
    return stream


def conditions(
    data: bytes,
    *,
    layers: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    partial: bool = False,
    dictionaries: Sequence[bytes] = (),
) -> Conditions:
    """Give what a generator would be told by a stream; see ``decode`` for the arguments."""
    stream = open_stream(data, partial=partial)
    names = LAYERS if layers is None else check_layers(layers)
    return read_conditions(stream, names, size or (stream.width, stream.height), dictionaries)


def read_conditions(
    stream: Stream, names: Sequence[str], size: tuple[int, int], dictionaries: Sequence[bytes]
) -> Conditions:
    """Decode the named layers of a stream at ``size``; what is smooth anyway, at LAYER_SIDE at most.

    Raises:
        BitstreamError, DescriptionError, MissingDictionary: a layer cannot be read.
    """
    shrink = min(1.0, LAYER_SIDE / max(size))
    smooth = (max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink)))
    readers: dict[str, Callable[[bytes], Any]] = {
        "semantic": bind(semantic.decode, dictionaries=dictionaries),
        "texture": texture.coefficients,
        "structure": lambda payload: structure.decode(payload, smooth),
        "recipe": bind(recipe_layer.decode, dictionaries=dictionaries),
        "signature": signature.decode,
        "pixels": lambda payload: pixels.decode(payload, size),
    }
    payloads = _payloads(stream)
    values = {}
    for part in stream.parts:
        if (name := part_name(part.type)) in names:
            with _naming(name, part.offset):
                values[name] = readers[name](part.payload)
    if "texture" in values:
        values["coefficients"] = values["texture"]
        values["texture"] = texture.draw(values["coefficients"], smooth)
    made = about.decode(payloads["about"]) if "about" in payloads else {}
    seed = int(made["seed"]) if "seed" in made else derive_seed(stream)
    return Conditions(size, seed, values.pop("semantic", None), **values)


def _payloads(stream: Stream) -> dict[str, bytes]:
    return {part_name(part.type): part.payload for part in stream.parts}


@contextmanager
def _naming(name: str, offset: int) -> Iterator[None]:
    """Say in an error which part cannot be read."""
    try:
        yield
    except (BitstreamError, DescriptionError) as error:
        message = f"the {name} part at byte {offset} cannot be read: {error}"
        raise type(error)(message, hint=error.hint) from error


def derive_seed(stream: Stream) -> int:
    """Derive the seed from the first part: it stays when finer parts are cut off or edited."""
    return int.from_bytes(hashlib.sha256(stream.parts[0].payload).digest()[:4], "big")


def outline(data: bytes, *, partial: bool = False) -> dict[str, Any]:
    """Say how a stream is built, without decoding its parts.

    Returns:
        Version, size in pixels, bytes, bits per pixel, overhead and parts; ``overhead_bytes``
        and the parts' ``bytes`` add up to ``bytes``.

    Raises:
        BitstreamError: the stream cannot be read.
    """
    stream = bitstream.read(data, partial=partial)
    return {
        "version": stream.version,
        "width": stream.width,
        "height": stream.height,
        "bytes": len(data),
        "bpp": len(data) * 8 / (stream.width * stream.height),
        "overhead_bytes": len(data) - sum(len(part.payload) for part in stream.parts),
        "parts": [
            {
                "type": part_name(part.type),
                "critical": part.critical,
                "coder": _coder_name(part_name(part.type), part.payload),
                "offset": part.offset,
                "bytes": len(part.payload),
            }
            for part in stream.parts
        ],
    }


def _coder_name(name: str, payload: bytes) -> str | None:
    return _CODER_NAMES[name](payload) if name in _CODER_NAMES else None


def inspect(data: bytes, *, partial: bool = False, dictionaries: Sequence[bytes] = ()) -> dict[str, Any]:
    """Say what a stream holds: its outline, its description as object and as text, its recipe.

    Raises:
        BitstreamError, DescriptionError, MissingDictionary: the stream cannot be read.
    """
    payloads = _payloads(bitstream.read(data, partial=partial))
    said = (
        semantic.decode(payloads["semantic"], dictionaries=dictionaries) if "semantic" in payloads else None
    )
    recipe = (
        recipe_layer.decode(payloads["recipe"], dictionaries=dictionaries) if "recipe" in payloads else None
    )
    return {
        **outline(data, partial=partial),
        "description": to_json(said) if said else None,
        "text": format_text(said) if said else None,
        "recipe": recipe_layer.to_json(recipe) if recipe else None,
    }


def verify(data: bytes, *, dictionaries: Sequence[bytes] = ()) -> dict[str, Any]:
    """Read every part of a stream, without drawing a picture.

    Returns:
        The outline of the stream.

    Raises:
        BitstreamError, MissingDictionary: it cannot be read; the message names every part that cannot.
    """
    _read_all(open_stream(data), dictionaries)
    return outline(data)


def migrate(data: bytes, *, dictionaries: Sequence[bytes] = ()) -> bytes:
    """Make a stream of a draft of the format one of this version; its parts stay the same bytes.

    Raises:
        BitstreamError, MissingDictionary: it is no such stream, or a part of it reads no more.
    """
    stream = bitstream.read(data, version=bitstream.DRAFT)
    _read_all(stream, dictionaries)
    return bitstream.write(stream)


def _read_all(stream: Stream, dictionaries: Sequence[bytes]) -> None:
    """Read every part; the error names all that cannot be read."""
    failed: list[PromptcodecError] = []
    for part in stream.parts:
        try:
            read_conditions(replace(stream, parts=(part,)), LAYERS, PROBE_SIZE, dictionaries)
        except PromptcodecError as error:
            failed.append(error)
    if failed:
        raise type(failed[0])("; ".join(map(str, failed)))
