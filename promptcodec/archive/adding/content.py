"""A file made what an archive keeps of it: a bare stream and a signature."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from promptcodec import bitstream
from promptcodec.api.spending import Spent
from promptcodec.archive.record import id_of
from promptcodec.archive.store import Archive
from promptcodec.archive.texts import adapt
from promptcodec.bitstream import Stream
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, NewerError, Notice
from promptcodec.layers.parts import payloads_of
from promptcodec.settings import EncodeSettings

STREAM = ".pxt"


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds.

    Attributes:
        id: of its bytes.
        size: how many these are.
        stream: bare; None where the archive had the content already.
        signature: of the picture, None where nobody looked at it.
        dictionary: that the stream needs, of the settings.
        seconds: it took.
        warnings: what the user should know.
        unread: the picture holds lettering that was not read.
        spent: on hosted models.
    """

    id: bytes
    size: int
    stream: bytes | None = None
    signature: bytes | None = None
    dictionary: Dictionary | None = None
    seconds: float = 0.0
    warnings: tuple[Notice, ...] = ()
    unread: bool = False
    spent: Spent = field(default_factory=Spent)


def content_of(data: bytes, name: str, archive: Archive, settings: EncodeSettings) -> Content:
    """Make of a file what an archive keeps; what the archive has already is not made again.

    Args:
        data: the file's bytes: a picture, or a stream in standard form.
        name: of the file.
        archive: to be read.
        settings: for pictures, ``bare``.

    Raises:
        BitstreamError: the stream is damaged, or of a draft of the format.
        MissingDictionary: it needs one that neither the archive nor the settings have.
        PromptcodecError: as of ``promptcodec.encode``.
    """
    start = time.perf_counter()
    id_ = id_of(data)
    if archive.has([id_]):
        return Content(id_, len(data), seconds=time.perf_counter() - start)
    return coded(data, name, settings, archive.dictionaries)


def coded(
    data: bytes,
    name: str,
    settings: EncodeSettings,
    dictionaries: Callable[[], Iterable[Dictionary]] = tuple,
) -> Content:
    """Make of a file what an archive keeps, whatever is there already.

    Args:
        data: the file's bytes.
        name: of the file.
        settings: for pictures, ``bare``.
        dictionaries: gives those that a stream may need, beside that of the settings.

    Raises:
        PromptcodecError: as of ``content_of``.
    """
    start = time.perf_counter()
    content = _coded(data, name, settings, dictionaries)
    return replace(content, seconds=time.perf_counter() - start)


def _coded(
    data: bytes, name: str, settings: EncodeSettings, dictionaries: Callable[[], Iterable[Dictionary]]
) -> Content:
    id_, size, own = id_of(data), len(data), settings.dictionary
    if is_stream(data, name):
        stream, signature = _bare(data, [*dictionaries(), *([own] if own else [])])
        return Content(id_, size, stream, signature, needed(stream, own))
    from promptcodec import encoding  # noqa: PLC0415 - streams need none of it
    from promptcodec.layers import signature as signatures  # noqa: PLC0415

    encoded = encoding.encode_full(data, settings)
    return Content(
        id_,
        size,
        encoded.data,
        signatures.encode_framed(encoded.image),
        needed(encoded.data, own),
        warnings=encoded.warnings,
        unread=encoded.unread,
        spent=encoded.spent,
    )


def is_stream(data: bytes, name: str) -> bool:
    """Say whether a file is a stream, or ought to be one."""
    return data.startswith(bitstream.MAGIC) or Path(name).suffix.lower() == STREAM


def _bare(data: bytes, dictionaries: Sequence[Dictionary]) -> tuple[bytes, bytes | None]:
    """Read a stream whole; give its bare form, and the signature it carries."""
    from promptcodec import reading  # noqa: PLC0415 - heavy

    stream = reading.open_stream(data)
    check(stream, dictionaries)
    return bitstream.write(stream, bare=True), payloads_of(stream).get("signature")


def check(stream: Stream, dictionaries: Sequence[Dictionary]) -> None:
    """Read every part of a stream that an archive is to keep.

    Raises:
        BitstreamError: a part is damaged, or coded with a table that only another archive has.
        MissingDictionary: it needs one that is not given.
    """
    from promptcodec import reading  # noqa: PLC0415 - heavy

    with suppress(NewerError):  # it is whole, and others may read it
        reading.check_parts(stream, dictionaries)
    if adapt.slots(bitstream.write(stream, bare=True)):
        raise BitstreamError("its texts are coded with a table of an archive, which only that archive has")


def needed(stream: bytes, dictionary: Dictionary | None) -> Dictionary | None:
    """Give a dictionary where a bare stream needs it."""
    if dictionary is None:
        return None
    from promptcodec.reading import dictionary_ids  # noqa: PLC0415 - heavy

    return dictionary if dictionary.id in dictionary_ids(stream, bare=True) else None
