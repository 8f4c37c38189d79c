"""Streams of people's long captions: what an archive of written descriptions is like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.measure.archive_pack import Item
from promptcodec import bitstream
from promptcodec.archive.record import id_of
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Cell, Description
from promptcodec.errors import DescriptionError
from promptcodec.layers import semantic
from promptcodec.layers.registry import BY_NAME
from training.texts import allowlist, lines, unescape

_SIZE = (1024, 768)
_TIME, _MINUTE = 1_700_000_000_000, 60_000
_NOUN = "scene"
"""What the one cell says: a cell alone may not be silent."""


def unseen(data: Path, count: int) -> list[str]:
    """Give prompts of sources that no shipped table was trained on, evenly over the file."""
    excluded = allowlist()["excluded"]
    stem = data / "text" / "prompts_train"
    pairs = zip(lines(stem.with_suffix(".src.zst")), lines(stem.with_suffix(".txt.zst")), strict=True)
    prompts = [unescape(line) for tag, line in pairs if tag in excluded]
    return prompts[:: max(1, len(prompts) // count)][:count]


def items(captions: Sequence[str]) -> Iterator[Item]:
    """Give a stream of words alone for each caption that may be a summary; there are no signatures."""
    for number, caption in enumerate(captions):
        try:
            description = Description("photo", 1, 1, (Cell(text=_NOUN),), summary=" ".join(caption.split()))
        except DescriptionError:  # it holds characters that a description may not
            continue
        part = Part(BY_NAME["semantic"].id, semantic.encode(description))
        stream = bitstream.write(Stream(*_SIZE, (part,)), bare=True)
        name = f"described/{number:05}.jpg"
        yield Item(id_of(caption.encode()), name, _TIME + number * _MINUTE, stream, b"")
