"""The texts of an archive coded with a table of its own texts, and back.

An adapted stream never leaves its archive. ``alone`` gives the stream that it came from, to the byte, and
whatever reads a record calls it first. The bytes matter: the seed of the picture's noise is derived from
them. So ``recode`` leaves as it is what ``alone`` would not bring back, and takes only texts of the token
PPM: its encoder gives the same bytes in every version.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from promptcodec import bitstream
from promptcodec.archive.texts import adapted, table
from promptcodec.bitstream import Part, Stream
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.entropy.ppm import coder as ppm
from promptcodec.entropy.ppm.model import Model, shipped
from promptcodec.errors import BitstreamError, MissingDictionary

LEAST = 0.01
"""What a table must save, of all bytes of the streams."""
_SIZES = tuple(table.MOST >> bits for bits in reversed(range(7)))
"""Most tokens of a table, to be tried. One of the last takes 30 ms more to load than one of the first."""
_STREAMS, _BYTES, _TOKENS = 1 << 14, 1 << 25, 1 << 21
"""Streams of the sample at most, their bytes, and the tokens of their texts."""
_HELD = 8
"""One of so many texts is never in a table."""
_MEASURED = 1024
"""Texts at most that are coded to see what a table saves, of those it was chosen from and of the others."""

_Text = tuple[bytes, str]
"""A text, and the shipped table it is coded with."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """What is known of an archive's streams.

    Attributes:
        total: bytes of all streams.
        share: of the streams, those whose texts are here.
        texts: in an order that has nothing to do with what they say.
    """

    total: int
    share: float
    texts: list[_Text]


def train(streams: Iterable[bytes], others: Iterable[Dictionary] = ()) -> Dictionary | None:
    """Make a table of texts of an archive, where streams and table take less than the streams do now.

    What a table saves is estimated on texts that it was chosen from, for as many records as these are, and on
    texts that it was not chosen from, for all others.

    Args:
        streams: bare, all of the archive, as ``alone`` gives them; read once, and a sample of them is kept.
        others: the tables that the archive has.

    Returns:
        The table, the same for the same streams in any order; the archive should keep it table.COPIES times.
        None where it would save less than LEAST, and where the archive has as many tables as it may.
    """
    from promptcodec.archive.texts import choose  # noqa: PLC0415 - numpy

    slot, sample = table.free_slot(others), _sample(streams)
    held, known = sample.texts[::_HELD], [text for at, text in enumerate(sample.texts) if at % _HELD]
    if slot is None or not known:
        return None
    unknown = len(sample.texts) / sample.share - len(known)
    saved_of_known, saved_of_others = _measure(known), _measure(held)
    best, most, before = None, LEAST * sample.total, 0.0
    for chosen in choose.prefixes([text for text, _ in known], _SIZES):
        larger = table.make(chosen, slot)
        model = table.model(larger)
        saved = len(known) * saved_of_known(model) + unknown * saved_of_others(model)
        saved -= table.COPIES * len(larger.data)
        if saved > most:
            best, most = larger, saved
        if saved < before:
            break  # what more texts take they do not save
        before = saved
    return best


def recode(stream: bytes, dictionary: Dictionary) -> bytes:
    """Code the texts of a bare stream with an archive's table, where that is shorter.

    Args:
        stream: one that ``alone`` gave, or that never was in an archive.
        dictionary: the table.

    Returns:
        A stream of which ``alone`` makes ``stream`` again; ``stream`` itself where nothing is gained.

    Raises:
        BitstreamError: the table is damaged.
    """
    model, slot = table.model(dictionary), table.slot_of(dictionary)
    assert slot is not None  # else there is no model

    def shorter(part: Part) -> bytes:
        with suppress(BitstreamError):
            payload = adapted.adapt(part, model, slot)
            if payload is not None and len(payload) < len(part.payload):
                same = adapted.restore(replace(part, payload=payload), model) == part.payload
                return payload if same else part.payload
        return part.payload

    return _changed(stream, shorter)


def alone(stream: bytes, dictionaries: Sequence[Dictionary]) -> bytes:
    """Give the bare stream that needs none of the archive's tables: at once where it is none that is adapted.

    Args:
        stream: of a record.
        dictionaries: the archive's.

    Raises:
        MissingDictionary: the table that it needs is not among them.
        BitstreamError: the stream or that table is damaged.
    """

    def restored(part: Part) -> bytes:
        slot = adapted.slot_of(part)
        return part.payload if slot is None else adapted.restore(part, _model(slot, dictionaries))

    return _changed(stream, restored)


def slots(stream: bytes) -> frozenset[int]:
    """Give the slots of the tables that a stream needs; none of one that is not adapted."""
    parsed = _parsed(stream)
    needed = map(adapted.slot_of, parsed.parts if parsed else ())
    return frozenset(slot for slot in needed if slot is not None)


def _model(slot: int, dictionaries: Iterable[Dictionary]) -> Model:
    for dictionary in dictionaries:
        if table.slot_of(dictionary) == slot:
            return table.model(dictionary)
    raise MissingDictionary(f"the record needs the archive's table of texts {slot}, which is not there")


def _changed(stream: bytes, change: Callable[[Part], bytes]) -> bytes:
    """Give a stream with other payloads; itself where they are the same, or where it cannot be read."""
    parsed = _parsed(stream)
    if parsed is None:
        return stream
    parts = tuple(replace(part, payload=change(part)) for part in parsed.parts)
    return stream if parts == parsed.parts else bitstream.write(replace(parsed, parts=parts), bare=True)


def _parsed(stream: bytes) -> Stream | None:
    """Parse a stream; None where it cannot be read: it is not adapted, and its reader says what is wrong."""
    with suppress(BitstreamError):
        return bitstream.read(stream, bare=True)
    return None


def _sample(streams: Iterable[bytes]) -> _Sample:
    """Take the streams whose hashes are the highest, and read their texts."""
    from promptcodec.archive.texts import choose  # noqa: PLC0415 - numpy

    count, total, kept = 0, 0, 0
    queue: list[tuple[bytes, bytes]] = []
    highest_out = b""
    for stream in streams:
        count += 1
        total += len(stream)
        digest = hashlib.sha256(stream).digest()
        if digest > highest_out:
            heapq.heappush(queue, (digest, stream))
            kept += len(stream)
        while len(queue) > _STREAMS or kept > _BYTES:
            highest_out, out = heapq.heappop(queue)
            kept -= len(out)
    texts: list[_Text] = []
    read, room = 0, _TOKENS
    for _, stream in sorted(queue, reverse=True):
        parsed = _parsed(stream)
        for part in parsed.parts if parsed else ():
            with suppress(BitstreamError):
                text = adapted.text_of(part)
                if text is not None:
                    texts.append(text)
                    room -= choose.count(text[0])
        read += 1
        if room < 0:
            break
    return _Sample(total, read / max(count, 1), texts)


def _measure(texts: Sequence[_Text]) -> Callable[[Model], float]:
    """Give what says how many bytes a table's model saves of a text, in the mean."""
    some = texts[:: len(texts) // _MEASURED + 1]
    lengths = [len(ppm.encode(text, shipped(name))) for text, name in some]

    def saved(model: Model) -> float:
        shorter = (
            length - len(ppm.encode(text, model)) for (text, _), length in zip(some, lengths, strict=True)
        )
        return sum(max(number, 0) for number in shorter) / len(some)

    return saved
