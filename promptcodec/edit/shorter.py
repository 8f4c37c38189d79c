"""Leave out the finer parts of a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from promptcodec import bitstream, rate, reading
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Description
from promptcodec.edit.state import open_state
from promptcodec.entropy.dictionary import AnyDictionary
from promptcodec.errors import BudgetError, UsageError
from promptcodec.layers import about, semantic
from promptcodec.layers.derived import leans
from promptcodec.layers.parts import payloads_of
from promptcodec.layers.registry import check_layers, part_name


def truncate(
    data: bytes,
    *,
    most: int | None = None,
    layers: Sequence[str] | None = None,
    dictionaries: Sequence[AnyDictionary] = (),
) -> bytes:
    """Write a valid shorter stream of whole parts, each as it was.

    An about part that holds the seed stays as long as it fits: without it all noise would be another.
    Words that lose their colour map are the one part that changes: the colours it showed are written into
    them, on a coarser grid where that is what fits.

    Args:
        data: the whole file.
        most: bytes; parts are left out from the finest on until the file has no more.
        layers: keep only these, names of ``layers.registry.NAMES``.
        dictionaries: the users' dictionaries that words may name which lose their colour map.

    Raises:
        BitstreamError: the stream is damaged or cut, or words would lose a colour map that cannot be read.
        MissingDictionary: words that lose their colour map were coded with a dictionary that was not given.
        BudgetError: not even the first part fits.
        UsageError: none of the layers is there, or one is unknown.
    """
    stream = reading.open_stream(data)
    seed = tuple(part for part in stream.parts if _holds_seed(part))
    parts = tuple(part for part in stream.parts if part not in seed)
    if layers is not None:
        wanted = check_layers(layers)
        kept = tuple(part for part in parts if part_name(part.type) in wanted)
        if not kept:
            have = ", ".join(part_name(part.type) for part in stream.parts)
            raise UsageError(f"the stream has none of the layers asked for; it has {have}")
        parts = kept
    choices = [(*parts[:count], *seed) for count in range(len(parts), 0, -1)] + [parts[:1] or seed]
    description = partial(_description, data, dictionaries)
    for chosen in choices:
        file = bitstream.write(_settled(replace(stream, parts=chosen), description, most))
        if most is None or len(file) <= most:
            return file
    first = part_name(choices[-1][0].type)
    raise BudgetError(f"{most} bytes are too few: with its {first} part alone the file has {len(file)}")


def _description(data: bytes, dictionaries: Sequence[AnyDictionary]) -> Description:
    return open_state(data, dictionaries)[1].coloured


def _settled(stream: Stream, describe: Callable[[], Description], most: int | None) -> Stream:
    """Write the colours into words that lost their colour map."""
    payloads = payloads_of(stream)
    if not leans(payloads):
        return stream
    size = stream.width, stream.height
    room = None if most is None else most - rate.file_bytes({**payloads, "semantic": b""}, size)
    payload = rate.fit_description(describe(), size, semantic.encode, room)
    parts = (
        replace(part, payload=payload) if part_name(part.type) == "semantic" else part
        for part in stream.parts
    )
    return replace(stream, parts=tuple(parts))


def _holds_seed(part: Part) -> bool:
    return part_name(part.type) == "about" and "seed" in about.decode(part.payload)
