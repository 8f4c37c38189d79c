"""``promptcodec archive export``: a table, a row for each picture."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from promptcodec.archive.record import Record
from promptcodec.archive.transfer import formats
from promptcodec.cli import report
from promptcodec.cli.archive.spread import RESULTS, BatchTask, spread
from promptcodec.errors import BitstreamError, PromptcodecError
from promptcodec.files import STDIO, exists, read_file, whole, write_whole

if TYPE_CHECKING:
    from promptcodec.archive.store import Archive
    from promptcodec.archive.transfer.columns import Row
    from promptcodec.archive.transfer.exporting import Exported
    from promptcodec.entropy.dictionary import Dictionary


_BATCH = 256
"""Records that a process makes rows of at a time."""


@dataclass(slots=True)
class _Total:
    """What was exported so far.

    Attributes:
        path: the archive.
        as_json: errors are printed as JSON too.
        counts: ``records`` written, ``folders`` left out, words ``redacted``, recipes ``left out``, records
            that a ``newer`` version reads, and those that are ``damaged``.
        needed: ids of dictionaries.
    """

    path: str
    as_json: bool
    counts: Counter[str] = field(default_factory=Counter)
    needed: set[bytes] = field(default_factory=set)

    def rows(self, coming: Iterable[Exported]) -> Iterator[Row]:
        """Give the rows of records, and count what came of each."""
        from promptcodec.cli.archive.indexing import progress  # noqa: PLC0415 - --help starts light

        show = progress("exporting")
        for each in coming:
            if each.error:
                self.fail(each.error, each.id.hex())
            if each.row is None:
                continue
            self.counts["records"] += 1
            self.counts["folders"] += each.folders
            self.counts["newer"] += each.newer
            self.counts[each.recipe] += 1
            self.needed |= each.dictionaries
            show(self.counts["records"])
            yield each.row

    def fail(self, error: PromptcodecError, what: str = "") -> None:
        """Report something that is damaged."""
        self.counts["damaged"] += 1
        where = ": ".join(filter(None, (self.path, what)))
        if self.as_json:
            report.emit(report.error_object(where, error))
        report.warn(f"{where}: {report.message(error)}")

    def warn(self) -> None:
        """Say what was left out, and what could not be read."""
        counts = self.counts
        out = [f"the folders of {counts['folders']:,}"] if counts["folders"] else []
        out += [f"what is private in the words of {counts['redacted']:,}"] if counts["redacted"] else []
        out += [f"{counts['left out']:,} recipes that cannot be read"] if counts["left out"] else []
        if out:
            report.warn(f"left out: {', '.join(out)}; --with-private exports them as they are")
        if counts["newer"]:
            report.warn(f"{counts['newer']:,} pictures have parts that only a newer version reads")
        if counts["damaged"]:
            report.warn(f"{self.path} is damaged; promptcodec archive verify names all that is lost")


def export_batch(task: BatchTask) -> dict[str, Any]:
    """Make rows of records."""
    from promptcodec.archive.transfer.exporting import exported  # noqa: PLC0415 - heavy

    dictionaries, with_private = task.beside
    return {RESULTS: [exported(each, dictionaries, with_private=with_private) for each in task.items]}


def export(
    archive: Archive,
    records: Iterable[Record | tuple[bytes, BitstreamError]],
    output: str,
    form: str | None,
    *,
    with_private: bool,
    overwrite: bool,
    as_json: bool,
    every: bool,
) -> int:
    """Write the table; give the exit code.

    Args:
        archive: open.
        records: to be written; of one that cannot be read, its id and why.
        output: a file, or ``-``.
        form: of what goes to standard output.
        with_private: leave nothing out.
        overwrite: replace what is there.
        as_json: print JSON.
        every: these are all records: damage that hides some is looked for first.
    """
    from promptcodec.archive.indexing.index import dictionaries_of, known_signatures  # noqa: PLC0415 - numpy
    from promptcodec.archive.texts.table import slot_of  # noqa: PLC0415 - --help starts light

    total = _Total(str(archive.path), as_json)
    if every:
        _check(archive, total)
    own = [each for each in dictionaries_of(archive) if slot_of(each) is None]
    rows = total.rows(_rows_of(records, known_signatures(archive), own, output, with_private=with_private))
    beside: list[str] = []
    if form:
        _print(rows, form)
    else:
        chosen, compressed = formats.format_of(output)
        with whole(output, overwrite=overwrite) as file:
            formats.write(rows, file, chosen, compressed=compressed)
            beside = _write_beside(output, own, total.needed, overwrite=overwrite)
    total.warn()
    _sum_up(output, total, beside, own)
    return 1 if total.counts["damaged"] else 0


def _rows_of(
    records: Iterable[Record | tuple[bytes, BitstreamError]],
    signature: Callable[[bytes], bytes | None],
    dictionaries: Sequence[Dictionary],
    output: str,
    *,
    with_private: bool,
) -> Generator[Exported, None, None]:
    """Make rows of records, a few at a time."""
    listed = ((each, signature(each.id) if isinstance(each, Record) else None) for each in records)
    batches = iter(lambda: list(islice(listed, _BATCH)), [])
    with closing(spread(batches, export_batch, (dictionaries, with_private), output)) as results:
        for each in results:
            yield from each


def _check(archive: Archive, total: _Total) -> None:
    """Look for damage that hides records."""
    from promptcodec.archive.care.verify import faults_of  # noqa: PLC0415 - --help starts light

    for fault in faults_of(archive):
        total.fail(fault)


class _Stdout(io.RawIOBase):
    """Standard output, whose errors are those of the whole run."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        report.write(bytes(data))
        return len(data)


def _print(rows: Iterator[Row], form: str) -> None:
    file = io.BufferedWriter(_Stdout(), 1 << 16)
    formats.write(rows, cast("BinaryIO", file), form)
    file.flush()


def _write_beside(
    output: str, dictionaries: Sequence[Dictionary], needed: set[bytes], *, overwrite: bool
) -> list[str]:
    """Write the dictionaries that streams need beside the table; give their files."""
    files = []
    for each in dictionaries:
        if each.id in needed:
            file = f"{output}.{each.id.hex()}"
            if not (exists(file) and Path(file).is_file() and read_file(file) == each.data):
                write_whole(file, each.data, overwrite=overwrite)
            files.append(file)
    return files


def _sum_up(output: str, total: _Total, beside: Sequence[str], own: Sequence[Dictionary]) -> None:
    missing = total.needed - {each.id for each in own}
    if output == STDIO:
        missing = total.needed
    elif total.as_json:
        names = {"redacted": "redacted", "left out": "left_out", "newer": "newer", "damaged": "damaged"}
        counts = {name: total.counts[count] for count, name in names.items()}
        result = {"file": total.path, "out": output, "ok": True, "records": total.counts["records"]}
        report.emit(result | counts | {"dictionaries": list(beside)})
    else:
        report.say(f"{output}  {total.counts['records']:,} pictures")
    for id_ in sorted(missing):
        report.warn(f"streams need dictionary {id_.hex()}, which is not written beside")
