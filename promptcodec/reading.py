"""What a stream says: its outline, its parts as values, the conditions of a generator."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptcodec import bitstream
from promptcodec.bitstream import Part, Stream
from promptcodec.entropy import dictionary_id
from promptcodec.entropy.dictionary import AnyDictionary, Dictionary, as_dictionaries
from promptcodec.errors import (
    BitstreamError,
    DescriptionError,
    MissingDictionary,
    NewerError,
    Notice,
    PromptcodecError,
)
from promptcodec.layers.about import original_size
from promptcodec.layers.derived import leans
from promptcodec.layers.parts import payload_of, payloads_of
from promptcodec.layers.registry import BY_ID, part_name

if TYPE_CHECKING:
    from promptcodec.generators import Conditions


@dataclass(frozen=True, slots=True)
class Readout:
    """What was read of a stream.

    Attributes:
        conditions: what a generator is told.
        layers: the layers that were read, in stream order.
        warnings: parts that only a newer reader knows how to read.
    """

    conditions: Conditions
    layers: tuple[str, ...]
    warnings: tuple[Notice, ...]


def open_stream(data: bytes, *, partial: bool = False, bare: bool = False) -> Stream:
    """Parse the container and refuse critical parts this version does not know.

    With ``partial``, a file that was cut gives the parts that are whole.
    """
    stream = _parse(data, partial=partial, bare=bare)
    for part in stream.parts:
        if part.critical and part.type not in BY_ID:
            raise NewerError(
                f"the stream must not be read without its {part_name(part.type)} part, "
                "which needs a newer reader: a newer promptcodec",
                part.offset,
            )
    return stream


def _parse(data: bytes, *, partial: bool, bare: bool) -> Stream:
    try:
        return bitstream.read(data, partial=partial, bare=bare)
    except NewerError:
        raise
    except BitstreamError:
        if not partial or bare:
            raise
    return bitstream.whole_parts(data)


def cut_words(part: str) -> str:
    """Say where a stream was cut, for people: in the part of this name, ``""`` for between two."""
    if not part:
        return "it ends behind a whole part; what followed is missing"
    return f"its {part} part is cut or damaged; nothing proves that what stands before it is whole"


def read_layers(
    stream: Stream,
    names: Sequence[str],
    size: tuple[int, int],
    dictionaries: Sequence[Dictionary] = (),
    *,
    partial: bool = False,
) -> Readout:
    """Decode the named layers of a stream for a picture of ``size``.

    A layer that only a newer reader knows how to read is left out, with a warning. With ``partial``, so is
    one that cannot be read.

    Raises:
        BitstreamError, DescriptionError, MissingDictionary: a layer cannot be read; with ``partial``, none.
        NewerError: none of the layers can be read without a newer reader.
    """
    from promptcodec.generators import Conditions  # noqa: PLC0415 - who draws nothing needs none

    fields: dict[str, Any] = {}
    layers: list[str] = []
    newer: list[NewerError] = []
    damaged = unreadable(stream, dictionaries) if partial else {}
    others = {name: payload for name, payload in payloads_of(stream).items() if name not in damaged}
    for part in stream.parts:
        layer = BY_ID.get(part.type)
        if layer is None or layer.name in damaged or (layer.selectable and layer.name not in names):
            continue
        try:
            with _naming(part):
                fields |= layer.decode(payload_of(part), size, dictionaries, others)
        except NewerError as error:
            newer.append(error)
            continue
        if layer.selectable:
            layers.append(layer.name)
    wanted = [error for name, error in damaged.items() if name in names]
    if (newer or wanted) and not layers:
        raise (newer or wanted)[0]
    fields.setdefault("seed", derive_seed(stream))
    lengths = {part_name(part.type): len(part.payload) for part in stream.parts}
    fields["layer_bytes"] = {name: lengths[name] for name in layers}
    warnings = [Notice(str(error)) for error in newer]
    warnings += [Notice(f"left out: {error}", error.hint) for error in wanted]
    if "semantic" in layers and leans(others):
        warnings.append(Notice("the colours of the words' cells are in the texture part, which is missing"))
    return Readout(Conditions(size=size, **fields), tuple(layers), tuple(warnings))


def unreadable(stream: Stream, dictionaries: Sequence[Dictionary]) -> dict[str, PromptcodecError]:
    """Try to read every part of a stream that may be damaged; give the error of each that cannot be.

    Words that stand beside a part which cannot be read are tried without it. What needs a newer reader is
    not damaged, nor is what needs a dictionary.
    """
    failed: dict[str, PromptcodecError] = {}
    others = payloads_of(stream)
    for part in sorted(stream.parts, key=lambda part: bool(part.type in BY_ID and BY_ID[part.type].beside)):
        if part.type not in BY_ID:
            continue
        try:
            with _naming(part):
                BY_ID[part.type].check(payload_of(part), dictionaries, others)
        except (NewerError, MissingDictionary):
            continue
        except PromptcodecError as error:
            failed[part_name(part.type)] = error
            others.pop(part_name(part.type))
    return failed


@contextmanager
def _naming(part: Part) -> Iterator[None]:
    """Say in an error which part cannot be read."""
    try:
        yield
    except (BitstreamError, DescriptionError) as error:
        message = f"the {part_name(part.type)} part at byte {part.offset} cannot be read: {error}"
        raise type(error)(message, hint=error.hint) from error


def derive_seed(stream: Stream) -> int:
    """Derive the seed from the first part: it stays when finer parts are cut off or edited."""
    return int.from_bytes(hashlib.sha256(stream.parts[0].payload).digest()[:4], "big")


def outline(data: bytes, *, partial: bool = False, bare: bool = False) -> dict[str, Any]:
    """Say how a stream is built, without decoding its parts.

    Returns:
        Version, size in pixels, bytes, bits per pixel, overhead and parts; ``overhead_bytes``
        and the parts' ``bytes`` add up to ``bytes``. Of a cut stream also ``cut_in``: the part that is
        not whole, ``""`` for none, and ``cut_bytes``: those of it, which add up with the others.

    Raises:
        BitstreamError: the stream cannot be read.
    """
    return outline_of(_parse(data, partial=partial, bare=bare), len(data))


def outline_of(stream: Stream, length: int) -> dict[str, Any]:
    """Give the outline of a stream whose file has ``length`` bytes."""
    cut: dict[str, Any] = {}
    end = length
    if stream.cut:
        end = stream.parts[-1].offset + len(stream.parts[-1].payload)
        cut["cut_in"] = "" if stream.cut_in is None else part_name(stream.cut_in)
        cut["cut_bytes"] = length - end
    return cut | {
        "version": stream.version,
        "width": stream.width,
        "height": stream.height,
        "bytes": length,
        "bpp": length * 8 / (stream.width * stream.height),
        "overhead_bytes": end - sum(len(part.payload) for part in stream.parts),
        "parts": [
            {
                "type": part_name(part.type),
                "critical": part.critical,
                "coder": BY_ID[part.type].coder_name(payload_of(part)) if part.type in BY_ID else None,
                "offset": part.offset,
                "bytes": len(part.payload),
            }
            for part in stream.parts
        ],
    }


def inspect(
    data: bytes, *, partial: bool = False, bare: bool = False, dictionaries: Sequence[AnyDictionary] = ()
) -> dict[str, Any]:
    """Say what a stream holds: its outline, its description as object and as text, its recipe.

    ``original_width`` and ``original_height`` are more than the stream's where the picture was reduced.
    What only a newer reader can read is None, and its part's coder is ``unknown``. With ``partial``, so is
    what cannot be read at all, and its part has the reason as ``error``.

    Raises:
        BitstreamError, DescriptionError, MissingDictionary: the stream cannot be read.
    """
    stream = _parse(data, partial=partial, bare=bare)
    width, height = _original(stream) or (stream.width, stream.height)
    shown: dict[str, Any] = {"original_width": width, "original_height": height}
    shown |= {"description": None, "text": None, "recipe": None}
    own = as_dictionaries(dictionaries)
    damaged = unreadable(stream, own) if partial else {}
    others = {name: payload for name, payload in payloads_of(stream).items() if name not in damaged}
    result = outline_of(stream, len(data))
    for part, row in zip(stream.parts, result["parts"], strict=True):
        layer = BY_ID.get(part.type)
        if row["type"] in damaged:
            row["error"] = str(damaged[row["type"]])
        elif layer is not None and layer.shown:
            try:
                shown |= layer.show(payload_of(part), own, others)
            except NewerError:
                row["coder"] = "unknown"  # a form that is known may hold a text by a coder that is not
    return {**result, **shown}


def _original(stream: Stream) -> tuple[int, int] | None:
    """Give the size that the about part names; a part that cannot be read is the business of ``verify``."""
    with suppress(PromptcodecError):
        return original_size(payloads_of(stream).get("about", b""))
    return None


def verify(data: bytes, *, bare: bool = False, dictionaries: Sequence[AnyDictionary] = ()) -> dict[str, Any]:
    """Read every part of a stream, without drawing a picture.

    Returns:
        The outline of the stream.

    Raises:
        BitstreamError, MissingDictionary: it cannot be read; the message names every part that cannot.
        NewerError: all that cannot be read needs a newer reader.
    """
    stream = open_stream(data, bare=bare)
    check_parts(stream, as_dictionaries(dictionaries))
    return outline_of(stream, len(data))


def dictionary_ids(data: bytes, *, bare: bool = False) -> frozenset[bytes]:
    """Give the ids of the users' dictionaries that a stream's texts need; none where it cannot be read."""
    from promptcodec.layers import recipe, semantic  # noqa: PLC0415 - most streams need none

    ids: set[bytes] = set()
    with suppress(PromptcodecError, IndexError):
        payloads = payloads_of(_parse(data, partial=True, bare=bare))
        for name, layer in (("semantic", semantic), ("recipe", recipe)):
            if payloads.get(name):
                ids.add(dictionary_id(layer.coded_text(payloads[name])))
    return frozenset(ids - {b""})


def migrate(data: bytes, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Make a stream of a draft of the format one of this version; its parts stay the same bytes.

    Raises:
        BitstreamError, MissingDictionary: it is no such stream, or a part of it reads no more.
    """
    stream = bitstream.read(data, version=bitstream.DRAFT)
    check_parts(stream, as_dictionaries(dictionaries))
    return bitstream.write(stream)


def check_parts(stream: Stream, dictionaries: Sequence[Dictionary]) -> None:
    """Read every part this version knows; the error names all that cannot be read."""
    failures: list[PromptcodecError] = []
    others = payloads_of(stream)
    for part in stream.parts:
        if part.type not in BY_ID:
            continue
        try:
            with _naming(part):
                BY_ID[part.type].check(payload_of(part), dictionaries, others)
        except PromptcodecError as error:
            failures.append(error)
    if failures:
        worst = next((error for error in failures if not isinstance(error, NewerError)), failures[0])
        raise type(worst)("; ".join(map(str, failures)), hint=worst.hint)
