"""Leave out the finer parts of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from promptcodec import bitstream, reading
from promptcodec.bitstream import Part
from promptcodec.errors import BudgetError, UsageError
from promptcodec.layers import about
from promptcodec.layers.registry import BY_NAME, check_layers, part_name


def truncate(data: bytes, *, most: int | None = None, layers: Sequence[str] | None = None) -> bytes:
    """Write a valid shorter stream of whole parts, each as it was.

    An about part that holds the seed stays as long as it fits: without it all noise would be another.

    Args:
        data: the whole file.
        most: bytes; parts are left out from the finest on until the file has no more.
        layers: keep only these, names of ``layers.registry.NAMES``.

    Raises:
        BitstreamError: the stream is damaged or cut.
        BudgetError: not even the first part fits.
        UsageError: none of the layers is there, or one is unknown.
    """
    stream = reading.open_stream(data)
    seed = tuple(part for part in stream.parts if _holds_seed(part))
    parts = tuple(part for part in stream.parts if part not in seed)
    if layers is not None:
        wanted = {BY_NAME[name].id for name in check_layers(layers)}
        kept = tuple(part for part in parts if part.type in wanted)
        if not kept:
            have = ", ".join(part_name(part.type) for part in stream.parts)
            raise UsageError(f"the stream has none of the layers asked for; it has {have}")
        parts = kept
    choices = [(*parts[:count], *seed) for count in range(len(parts), 0, -1)] + [parts[:1] or seed]
    files = [bitstream.write(replace(stream, parts=chosen)) for chosen in choices]
    fitting = next((file for file in files if most is None or len(file) <= most), None)
    if fitting is None:
        first = part_name(choices[-1][0].type)
        raise BudgetError(
            f"{most} bytes are too few: with its {first} part alone the file has {len(files[-1])}"
        )
    return fitting


def _holds_seed(part: Part) -> bool:
    return part.type == BY_NAME["about"].id and "seed" in about.decode(part.payload)
