"""Synthetic streams, where real ones are too few: real parts of several pictures, put together anew.

A synthetic stream has the grid and the objects of one real stream and the colour map of another. Its summary
is that of a third, or in every other one a caption that people wrote of a photograph. So its words are as
common as those of real streams are, or more varied; its bytes are those of the real coders.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eval.measure.archive_pack import Item
from promptcodec import bitstream
from promptcodec.archive.record import ID_BYTES
from promptcodec.bitstream import Stream
from promptcodec.description import Description
from promptcodec.layers import derived, semantic
from promptcodec.layers.parts import part_of, payloads_of
from promptcodec.layers.signature import SIGNATURE_BYTES

_SEED = 20250601
_BITS = 3
"""Bits of a signature that are turned, so that no two pictures are the same."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What a real stream gives.

    Attributes:
        size: width and height.
        description: without colours.
        texture: the colour map's part.
        item: as it was made.
    """

    size: tuple[int, int]
    description: Description
    texture: bytes
    item: Item


def mixed(real: Sequence[Item], captions: Sequence[str], count: int) -> Iterator[Item]:
    """Give synthetic items, the same each time.

    Args:
        real: items whose streams have words and a colour map; others give nothing.
        captions: for the summaries of every other one.
        count: how many.
    """
    sources = [source for item in real if (source := _source(item))]
    chance = random.Random(_SEED)
    for number in range(count):
        words, third, colours = (chance.choice(sources) for _ in range(3))
        summary = chance.choice(captions) if number % 2 else third.description.summary
        description = replace(words.description, summary=summary)
        stream = Stream(
            *colours.size,
            (
                part_of("semantic", semantic.encode(description, with_map=True)),
                part_of("texture", colours.texture),
            ),
        )
        year, month = chance.randint(2004, 2025), chance.randint(1, 12)
        path = f"{year}/{year}-{month:02}/IMG_{number:06}.jpg"
        yield Item(
            chance.randbytes(ID_BYTES),
            path,
            colours.item.time + chance.getrandbits(40),
            bitstream.write(stream, bare=True),
            _turned(colours.item.signature, chance),
        )


def _source(item: Item) -> _Source | None:
    stream = bitstream.read(item.stream, bare=True)
    payloads = payloads_of(stream)
    if not {"semantic", "texture"} <= set(payloads):
        return None
    description = derived.strip(semantic.decode(payloads["semantic"]))
    return _Source((stream.width, stream.height), description, payloads["texture"], item)


def _turned(signature: bytes, chance: random.Random) -> bytes:
    value = int.from_bytes(signature, "big")
    for bit in chance.sample(range(8 * SIGNATURE_BYTES), _BITS):
        value ^= 1 << bit
    return value.to_bytes(SIGNATURE_BYTES, "big")
