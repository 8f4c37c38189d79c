"""``promptcodec archive import``."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from promptcodec import bitstream
from promptcodec.archive.adding.states import ADDED, DUPLICATE, FAILED, KNOWN
from promptcodec.archive.transfer import formats
from promptcodec.cli import batch, options, report, signals
from promptcodec.cli.find import Source, find
from promptcodec.errors import BitstreamError, PromptcodecError, UsageError
from promptcodec.files import STDIO, read_file

if TYPE_CHECKING:
    from promptcodec.archive.transfer.importing import Item, Kept
    from promptcodec.entropy.dictionary import Dictionary

_NOUN = "tables"
_DIGITS = re.compile(r"\.([0-9a-f]{8})", re.ASCII)


@dataclass(slots=True)
class _Total:
    """What came of rows so far.

    Attributes:
        as_json: print JSON lines.
        states: how many rows came to what.
        differs: pictures of which the archive has another stream.
        first: of the errors.
    """

    as_json: bool
    states: Counter[str] = field(default_factory=Counter)
    differs: int = 0
    first: PromptcodecError | None = None

    def add(self, kept: Kept) -> None:
        """Count a row, and print what came of it."""
        self.states[kept.state] += 1
        self.differs += kept.differs
        if kept.error:
            self.fail(kept.file, kept.row, kept.error)
        elif self.as_json:
            report.emit(_as_object(kept))
        elif kept.state != KNOWN and not sys.stdout.isatty():
            assert kept.record
            size = f"{kept.record.id.hex()[:12]}  {len(kept.record.stream)} B"
            report.say(f"{kept.file}, row {kept.row}  {kept.state}  {size}")

    def fail(self, file: str, row: int, error: PromptcodecError) -> None:
        """Print an error."""
        self.first = self.first or error
        report.warn(f"{file}{f', row {row}' if row else ''}: {report.message(error)}")
        if self.as_json:
            where = {"row": row} if row else {}
            report.emit(report.error_object(file, error) | where | {"state": FAILED})

    def line(self) -> str:
        """Give the line at the end."""
        names = {ADDED: "added", DUPLICATE: "with new places or tags", KNOWN: "known", FAILED: "failed"}
        counts = [f"{self.states[state]:,} {name}" for state, name in names.items() if self.states[state]]
        total = self.states.total()
        line = f"{total:,} row{'' if total == 1 else 's'}: {', '.join(counts) or 'nothing to import'}"
        if self.differs:
            line += f"; the archive has another stream of {self.differs:,} of them, which stays"
        return line

    def code(self) -> int:
        """Give the exit code."""
        if self.first is None:
            return 0
        return self.first.exit_code if self.states.total() == 1 else 1


@click.command(
    "import",
    epilog="\b\nExamples:\n"
    "  promptcodec archive import pictures.pxa pictures.parquet\n"
    "  promptcodec archive import pictures.pxa 'shards/*.parquet'\n"
    "  zcat rows.jsonl.gz | promptcodec archive import pictures.pxa - --format jsonl",
)
@click.argument("path", metavar="A")
@click.argument("inputs", nargs=-1, required=True, metavar="F...")
@click.option("--format", "form", type=click.Choice(formats.STREAMED), help="What comes from standard input.")
@options.dictionary_option
@options.json_option
def command(
    path: str,
    inputs: tuple[str, ...],
    form: str | None,
    dictionary: str | None,
    as_json: bool,  # noqa: FBT001 - click calls by keyword
) -> None:
    """Add the pictures of tables to the archive A: tables that export wrote, or others with id and stream.

    F is a file, a folder, a pattern, or - for standard input. Every row is
    checked, with all parts of its stream; one that is bad fails alone. A picture
    that is there gets the places and tags of its row, and keeps its stream.

    What is printed is durable. Stopped at any moment, the same command goes on:
    rows that are there are known. Dictionaries are looked for beside F, as
    export writes them.
    """
    if (STDIO in inputs) != (form is not None):
        raise click.UsageError("--format says what comes from standard input, -; a file says it by its name")
    from promptcodec.archive import store  # noqa: PLC0415 - --help starts light
    from promptcodec.archive.transfer.importing import Importing  # noqa: PLC0415
    from promptcodec.cli.archive.add import update_index  # noqa: PLC0415
    from promptcodec.cli.archive.indexing import progress, reader  # noqa: PLC0415

    with batch.naming(dictionary or ""):
        given = batch.read_dictionaries(dictionary)
    with batch.naming(path):
        selection = find(inputs, formats.SUFFIXES, _NOUN)
        archive = store.open(path, write=True)
    total, show = _Total(as_json), progress("importing")
    with archive:
        beside = functools.cache(lambda file: (*given, *_beside(file)))
        importing = Importing(
            archive, beside, functools.partial(update_index, read=reader(None)), signals.held
        )
        try:
            with closing(importing.keep(_items(selection.sources, form))) as kept:
                for each in kept:
                    total.add(each)
                    show(total.states.total())
        except (KeyboardInterrupt, signals.Ended, PromptcodecError):
            report.warn(total.line())
            report.warn("what was imported is kept; the same command goes on from there")
            raise
    for name, error in selection.failed:
        total.states[FAILED] += 1
        total.fail(name, 0, error)
    report.warn(total.line())
    sys.exit(total.code())


def _items(sources: Sequence[Source], form: str | None) -> Iterator[Item]:
    """Give the rows of all files; of a file that cannot be read on, why."""
    for source in sources:
        try:
            with _opened(source.path) as file:
                is_form, compressed = (
                    (form, False) if source.path == STDIO else formats.format_of(source.path)
                )
                assert is_form
                for number, row in formats.read(file, is_form, compressed=compressed):
                    yield source.path, number, row
        except PromptcodecError as error:
            yield source.path, 0, error
        except OSError as error:
            yield source.path, 0, UsageError(f"cannot be read: {error.strerror or error}")


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path != STDIO:
        with Path(path).open("rb") as file:
            yield file
    elif sys.stdin is None:
        raise UsageError("standard input is closed")
    else:
        yield cast("BinaryIO", sys.stdin.buffer)


def _beside(file: str) -> list[Dictionary]:
    """Read the dictionaries that export wrote beside a table; what is none is passed over."""
    from promptcodec.archive.texts.table import slot_of  # noqa: PLC0415 - --help starts light
    from promptcodec.entropy.dictionary import SIZE_RANGE, Dictionary  # noqa: PLC0415

    folder, name = os.path.split(file)
    kept = []
    with suppress(OSError):
        for each in os.scandir(folder or "."):
            digits = _DIGITS.fullmatch(each.name[len(name) :]) if each.name.startswith(name) else None
            if digits and each.is_file() and each.stat().st_size <= SIZE_RANGE[1]:
                own = Dictionary.from_bytes(read_file(each.path))
                kept += [own] if own.id.hex() == digits[1] and slot_of(own) is None else []
    return kept


def _as_object(kept: Kept) -> dict[str, Any]:
    """Make the JSON object of a row whose picture is in the archive."""
    assert kept.record
    value: dict[str, Any] = {
        "file": kept.file,
        "row": kept.row,
        "ok": True,
        "state": kept.state,
        "id": kept.record.id.hex(),
        "bytes": len(kept.record.stream),
    }
    with suppress(BitstreamError):
        stream = bitstream.read(kept.record.stream, bare=True)
        value |= {"width": stream.width, "height": stream.height}
    return value | ({"stream": "another"} if kept.differs else {})
