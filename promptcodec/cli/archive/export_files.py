"""``promptcodec archive export``: a file for each picture, a sidecar or a stream that stands alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from promptcodec.archive.transfer import sidecars, streams
from promptcodec.archive.transfer.private import public, public_place
from promptcodec.cli import report
from promptcodec.errors import BitstreamError, PromptcodecError

if TYPE_CHECKING:
    from promptcodec.archive.record import Record
    from promptcodec.archive.store import Archive


def export(
    archive: Archive,
    records: Iterable[Record | tuple[bytes, BitstreamError]],
    folder: str | None,
    form: str,
    *,
    stem: bool,
    with_private: bool,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Write the files; give the exit code.

    Args:
        archive: open.
        records: to be written; of one that cannot be read, its id and why.
        folder: they go into; None for sidecars beside originals.
        form: ``pxt`` or ``xmp``.
        stem: of sidecars, as of ``sidecars.write``.
        with_private: leave nothing out of streams, and of the folders of a path that is a whole one;
            sidecars themselves hold nothing private.
        overwrite: replace what is there.
        as_json: print JSON.
    """
    from promptcodec.cli.archive.indexing import progress  # noqa: PLC0415 - --help starts light

    dictionaries, taken = archive.dictionaries(), set[str]()
    show, written, failed = progress("exporting"), 0, 0

    def write(record: Record) -> Iterable[str]:
        if form == "pxt":
            kept = record if with_private else public(record, dictionaries)[0]
            return [streams.write(kept, folder or ".", overwrite=overwrite, taken=taken)]
        if folder is None:
            return sidecars.write_beside(
                record, overwrite=overwrite, taken=taken, stem=stem, dictionaries=dictionaries
            )
        places = record.places if with_private else tuple(map(public_place, record.places))
        shown = replace(record, places=places)
        return sidecars.write(
            shown, folder, overwrite=overwrite, taken=taken, stem=stem, dictionaries=dictionaries
        )

    for number, each in enumerate(records, 1):
        show(number)
        try:
            if isinstance(each, tuple):
                raise each[1]
            for out in write(each):
                written += 1
                if as_json:
                    report.emit({"file": each.name, "out": out, "ok": True, "id": each.id.hex()})
        except PromptcodecError as error:
            failed += 1
            name = each[0].hex() if isinstance(each, tuple) else each.places[0].path
            report.warn(f"{name}: {report.message(error)}")
            if as_json:
                report.emit(report.error_object(name, error))
    report.warn(f"{written:,} files written" + (f", {failed:,} pictures failed" if failed else ""))
    return 1 if failed else 0
