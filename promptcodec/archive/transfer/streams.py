"""Streams out of an archive: files that stand alone."""

from __future__ import annotations

import os

from promptcodec import bitstream
from promptcodec.archive.record import Record
from promptcodec.archive.transfer.naming import claim, names_of
from promptcodec.files import write_whole


def standing_alone(stream: bytes) -> bytes:
    """Make the file of a bare stream, which can be read without the archive."""
    return bitstream.write(bitstream.read(stream, bare=True))


def write(record: Record, folder: str, *, overwrite: bool, taken: set[str]) -> str:
    """Write the stream of a record as ``folder/path.pxt``.

    Args:
        record: as an archive's ``get`` and ``records`` give it.
        folder: is made where it is not there.
        overwrite: replace what is there.
        taken: the files that this run has written; this one is added.

    Returns:
        the file.

    Raises:
        OutputExistsError: it exists and was not to be replaced.
        UsageError: it cannot be written, or another picture of this run is called the same.
        BitstreamError: the stream cannot be parsed.
    """
    data = standing_alone(record.stream)
    out = os.path.join(folder, names_of(record, ".pxt")[0])  # noqa: PTH118 - a million of them
    claim(out, taken)
    write_whole(out, data, overwrite=overwrite)
    return out
