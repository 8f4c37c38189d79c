"""``promptcodec archive ls``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from promptcodec import bitstream
from promptcodec.archive import store
from promptcodec.archive.record import Place, Record
from promptcodec.archive.store import Archive
from promptcodec.cli import batch, options, report
from promptcodec.errors import BitstreamError


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be listed of each picture, beside what always is.

    Attributes:
        paths: where it was, when it was changed, its tags.
        originals: what became of its original.
    """

    paths: bool
    originals: bool


def shown(record: Record, asked: Asked) -> dict[str, Any]:
    """Make the JSON object of a record.

    Raises:
        BitstreamError: its stream cannot be parsed.
    """
    stream = bitstream.read(record.stream, bare=True)
    size = {"bytes": len(record.stream), "width": stream.width, "height": stream.height}
    result = {"id": record.id.hex(), "name": record.name, **size}
    if asked.paths:
        first, *others = record.places
        result |= _place(first) | {"tags": record.tags, "others": [_place(place) for place in others]}
    if asked.originals:
        from promptcodec.archive.adding import originals  # noqa: PLC0415 - only who asks needs it

        result["original"] = originals.state(record) or None
    return result


def _place(place: Place) -> dict[str, Any]:
    return {"root": place.root, "path": place.path, "time": place.time}


def line(result: dict[str, Any]) -> str:
    """Make the line a person reads."""
    name = result["name"]
    if "path" in result:
        name = "/".join(filter(None, (result["root"], result["path"])))
    tags = f"  [{', '.join(result['tags'])}]" if result.get("tags") else ""
    original = f"  {result['original'] or 'not kept in place'}" if "original" in result else ""
    size = f"{result['bytes']:>6} B  {result['width']}x{result['height']}"
    return f"{result['id']}  {size}  {name}{tags}{original}"


def duplicates(archive: Archive) -> Iterator[tuple[int, Record]]:
    """Give the pictures that are nearly the same as others, with the number of their group, from 1."""
    from promptcodec.archive.indexing import looks  # noqa: PLC0415 - numpy
    from promptcodec.archive.searching.duplicates import near  # noqa: PLC0415
    from promptcodec.cli.archive.indexing import opened  # noqa: PLC0415

    with opened(archive) as own:
        for number, group in enumerate(near(looks.load(own.base)), 1):
            for doc in group:
                for (id_,) in own.base.execute("SELECT id FROM doc WHERE doc = ?", (doc,)):
                    if record := archive.get(id_):
                        yield number, record


@click.command(
    "ls",
    epilog="\b\nExamples:\n"
    "  promptcodec archive ls pictures.pxa\n"
    "  promptcodec archive ls pictures.pxa --json | jq -r 'select(.width > 4000).name'\n"
    "  promptcodec archive ls pictures.pxa --originals --paths | grep -v there\n"
    "  promptcodec archive ls pictures.pxa --duplicates --paths",
)
@click.argument("path", metavar="A")
@click.option("--paths", is_flag=True, help="Also say where each picture was, when it was changed, its tags.")
@click.option(
    "--originals", is_flag=True, help="Say whether originals that were added in place are there as they were."
)
@click.option("--duplicates", "only_near", is_flag=True, help="List only near-duplicates, group by group.")
@options.json_option
def command(
    path: str,
    paths: bool,  # noqa: FBT001 - click calls by keyword
    originals: bool,  # noqa: FBT001
    only_near: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """List the pictures of the archive A, sorted by id. A size is what the archive keeps of the stream.

    An original is there, changed, moved? (gone from a folder that is there), or missing with its folder.
    """
    code, asked, last = 0, Asked(paths, originals), 1
    with batch.naming(path), store.open(path) as archive:
        listed = duplicates(archive) if only_near else ((0, record) for record in archive.stored())
        for group, record in listed:
            try:
                result = shown(record, asked)
            except BitstreamError as error:
                code = report.fail(error, f"{path}: {record.id.hex()}") and 1
                continue
            if as_json:
                report.emit(result | ({"group": group} if group else {}))
            else:
                if group > last:
                    report.say("")
                report.say(line(result))
            last = max(group, 1)
    sys.exit(code)
