"""``promptcodec archive export``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

import click

from promptcodec.archive.transfer import formats
from promptcodec.cli import batch, options, report
from promptcodec.errors import BitstreamError, PromptcodecError
from promptcodec.files import STDIO, check_apart, check_free, exists, is_dir

if TYPE_CHECKING:
    from promptcodec.archive.record import Record
    from promptcodec.archive.store import Archive

_FILES = ("pxt", "xmp")
"""Forms of which there is a file for each picture."""


@click.command(
    "export",
    epilog="\b\nExamples:\n"
    "  promptcodec archive export pictures.pxa -o pictures.parquet\n"
    "  promptcodec archive export pictures.pxa --query 'red kite' -o kites.csv\n"
    "  promptcodec archive export pictures.pxa kite.jpg beach.jpg -o two.jsonl\n"
    "  promptcodec archive export pictures.pxa -o - --format jsonl | jq -r .summary\n"
    "  promptcodec archive export pictures.pxa -o sidecars/ --format xmp\n"
    "  promptcodec archive export pictures.pxa --beside --format xmp\n"
    "  promptcodec archive export pictures.pxa --with-private -o backup.parquet",
)
@click.argument("path", metavar="A")
@click.argument("names", nargs=-1, metavar="ID...")
@click.option(
    "-o",
    "--output",
    help=f"A file that ends in {', '.join(formats.SUFFIXES)}, - for stdout, or a folder.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice((*formats.STREAMED, *_FILES)),
    help="What goes to standard output; pxt and xmp go into a folder, a file for each picture.",
)
@click.option("--beside", is_flag=True, help="Write sidecars beside the originals of pictures in place.")
@click.option("--stem", is_flag=True, help="Call the sidecar of kite.jpg kite.xmp, not kite.jpg.xmp.")
@click.option(
    "--query", metavar="TEXT", help="Export all pictures that match, best first; TEXT is as for search."
)
@click.option("--limit", type=click.IntRange(1), help="Of --query, only so many, the best.")
@click.option("--with-private", is_flag=True, help="Export folders too, and recipes as they are.")
@options.overwrite_option
@options.json_option
def command(
    path: str,
    names: tuple[str, ...],
    output: str | None,
    form: str | None,
    beside: bool,  # noqa: FBT001 - click calls by keyword
    stem: bool,  # noqa: FBT001
    query: str | None,
    limit: int | None,
    with_private: bool,  # noqa: FBT001
    overwrite: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Write a table of the pictures of the archive A, a row for each: all, or those of ID as for get.

    --format pxt and xmp write a file for each picture instead: its stream, or an
    XMP sidecar with description and keywords for programs that sort pictures.
    A row has the stream, where the picture was, its tags, and for readers the
    description, keywords and prompt. `archive import` makes an archive of it
    again. Dictionaries that streams need are written beside.

    What is private is left out: absolute folders, and of recipes and summaries
    what encode --recipe-redact takes out, in streams too. Names, paths below
    the folders, tags and all other words of descriptions stay. With --with-private nothing
    is left out, and what is imported again is the same, byte for byte.
    """
    if names and query is not None:
        raise click.UsageError("ID and --query both say what to export")
    if limit and query is None:
        raise click.UsageError("--limit is about the pictures of --query")
    if form != "xmp" and (beside or stem):
        raise click.UsageError("--beside and --stem are about sidecars: --format xmp")
    if (output is None) != beside:
        raise click.UsageError("say where to: -o, or --beside for sidecars")
    if form not in _FILES and (output == STDIO) != (form is not None):
        raise click.UsageError("--format says what goes to standard output, -o -; a file says it by its name")
    if form in _FILES and output == STDIO:
        raise click.UsageError(f"{form} is a file for each picture: -o names a folder")
    if form in _FILES and output is not None and exists(output) and not is_dir(output):
        raise click.UsageError(f"{form} is a file for each picture: -o names a folder, and {output} is none")
    if output is not None and form not in _FILES:
        batch.check_stdout(output, as_json=as_json)
        with batch.naming(output):
            _ = form or formats.format_of(output)
            check_free(output, overwrite=overwrite)
            check_apart((output,), (path,))
    from promptcodec.archive import store  # noqa: PLC0415 - --help starts light
    from promptcodec.cli.archive import export_files, export_table  # noqa: PLC0415

    with batch.naming(path), store.open(path) as archive:
        ids = _chosen(archive, names, query, limit)
        records = _records(archive, ids)
        if form in _FILES:
            code = export_files.export(
                archive, records, output, form or "", stem=stem, with_private=with_private,
                overwrite=overwrite, as_json=as_json,
            )  # fmt: skip
        else:
            code = export_table.export(
                archive, records, output or "", form, with_private=with_private,
                overwrite=overwrite, as_json=as_json, every=ids is None,
            )  # fmt: skip
    sys.exit(code)


def _chosen(
    archive: Archive, names: Sequence[str], query: str | None, limit: int | None
) -> Sequence[bytes] | None:
    """Give the ids of what is to be exported, None for all."""
    if query is not None:
        from promptcodec.archive.searching.search import matching_ids  # noqa: PLC0415 - numpy
        from promptcodec.cli.archive.indexing import opened  # noqa: PLC0415

        with opened(archive) as index:
            ids, answer = matching_ids(archive, index, query, limit)
        if answer.closest or answer.nearest or not ids:
            report.warn("no picture matches enough of the query" + ("; these come nearest" if ids else ""))
        return ids
    if not names:
        return None
    from promptcodec.archive.lookup import look_up  # noqa: PLC0415

    for id_ in (ids_by_name := look_up(archive, names)).values():
        if isinstance(id_, PromptcodecError):
            raise id_
    return list(dict.fromkeys(cast("dict[str, bytes]", ids_by_name).values()))


def _records(
    archive: Archive, ids: Sequence[bytes] | None
) -> Iterator[Record | tuple[bytes, BitstreamError]]:
    """Give records; of one that cannot be read, its id and why. One that is gone by now is left out."""
    from promptcodec.archive.file.walk import walk  # noqa: PLC0415 - --help starts light

    if ids is None:
        for located in walk(archive.database):
            try:
                yield archive.read(located)
            except BitstreamError as error:
                yield located.id, error
        return
    for id_ in ids:
        try:
            if record := archive.get(id_):
                yield record
        except BitstreamError as error:
            yield id_, error
