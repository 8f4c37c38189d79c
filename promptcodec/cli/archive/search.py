"""``promptcodec archive search``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptcodec.cli import batch, options, report

if TYPE_CHECKING:
    from promptcodec.archive.searching.search import Result

_UNIT = re.compile(r"(-?(?:[^\W\d_]+:)?)(\S.*\s.*)", re.DOTALL)
_MINUS = "\N{MINUS SIGN}"
_EXCLUDED = re.compile(r"\A-(?!-|h$)(?=.)", re.DOTALL)
SHOWN = 6
"""Reasons that people are shown of a picture."""

CELLS = 6
"""Cells that they are shown of a reason; of more, only how many."""


class _QueryCommand(click.Command):
    """A command among whose arguments ``-boat`` is no option: those of one letter are ``-h`` alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments."""
        return super().parse_args(ctx, [_EXCLUDED.sub(_MINUS, text) for text in args])


def joined(arguments: tuple[str, ...]) -> str:
    """Make one query of several arguments.

    The shell takes the quotation marks away: of several arguments, one with spaces is a phrase or the value
    of a field. A single one is the whole query, unless it is all one colour.
    """
    typed = [f"-{text.removeprefix(_MINUS)}" if text.startswith(_MINUS) else text for text in arguments]
    if len(typed) > 1:
        return " ".join(map(_unit, typed))
    return "".join(_unit(text) if _is_colour(text) else text for text in typed)


def _unit(text: str) -> str:
    match = None if '"' in text else _UNIT.fullmatch(text.strip())
    return f'{match[1]}"{match[2]}"' if match else text


def _is_colour(text: str) -> bool:
    from promptcodec.archive.searching.colours import is_colour  # noqa: PLC0415 - --help starts light

    field, _, value = text.strip().partition(":")
    return field in ("color", "colour") and is_colour(value)


@click.command(
    "search",
    cls=_QueryCommand,
    epilog="\b\nExamples:\n"
    "  promptcodec archive search pictures.pxa red kite beach\n"
    "  promptcodec archive search pictures.pxa kite -boat 'people:2..' medium:photo\n"
    "  promptcodec archive search pictures.pxa 'model:sdxl seed:7 time:2024'\n"
    "  promptcodec archive search pictures.pxa 'color:\"mostly navy, orange in the middle\"'\n"
    "  promptcodec archive search pictures.pxa --like photo.jpg --limit 5 --paths",
)
@click.argument("path", metavar="A")
@click.argument("words", nargs=-1, metavar="QUERY...")
@click.option(
    "--like", metavar="IMG", help="Rank by how like this picture or stream they are; - is standard input."
)
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Most pictures to list.")
@click.option("--all", "everything", is_flag=True, help="List also what matches little of the query.")
@click.option("--paths", is_flag=True, help="Say where the originals are.")
@options.json_option
def command(
    path: str,
    words: tuple[str, ...],
    like: str | None,
    limit: int,
    everything: bool,  # noqa: FBT001 - click calls by keyword
    paths: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Find pictures of the archive A by what is in them.

    QUERY is words, of which more are better; "phrases in quotation marks"; -words that must not be; and
    fields: medium, summary, light, mood, object, lettering, cell, tag, prompt, model, lora, tool, sampler,
    scheduler and name, as in model:sdxl; people, width, height, steps, cfg and seed, as in people:2,
    width:>=1000 or steps:20..30; time, before and after, as in time:2024-05; and color. A minus goes before
    fields too.
    """
    from promptcodec.archive import store  # noqa: PLC0415 - --help starts light
    from promptcodec.archive.indexing.looks import look_of  # noqa: PLC0415
    from promptcodec.archive.searching.advice import advice  # noqa: PLC0415
    from promptcodec.archive.searching.search import search  # noqa: PLC0415
    from promptcodec.cli.archive.indexing import opened  # noqa: PLC0415

    look = None
    if like is not None:
        with batch.naming(like):
            look = look_of(batch.read_input(like))
    with batch.naming(path), store.open(path) as archive, opened(archive) as index:
        results = search(archive, index, joined(words), like=look, limit=limit, everything=everything)
    for result in results.results:
        if as_json:
            report.emit(as_object(result, paths=paths))
        else:
            report.say(show(result, paths=paths), lines=True)
    for line in advice(results, len(results.results)):
        report.warn(line)


def as_object(result: Result, *, paths: bool) -> dict[str, Any]:
    """Make the JSON object of a result; where the original is stands in it only where that is asked for."""
    value: dict[str, Any] = {
        "id": result.record.id.hex(),
        "name": result.record.name,
        "score": round(result.score, 6),
        "why": [{"field": reason.field, "text": reason.text} for reason in result.why],
    }
    if paths:
        value["paths"] = [str(Path(place.root) / place.path) for place in result.record.places]
    return value


def show(result: Result, *, paths: bool) -> str:
    """Make the lines a person reads."""
    lines = [f"{report.printable(result.record.name)}  {result.record.id.hex()[:12]}"]
    if paths:
        places = (str(Path(place.root) / place.path) for place in result.record.places)
        lines += [f"    at {report.printable(place)}" for place in places]
    # A text that several fields have is shown once, with the cells that have it.
    fields: dict[str, dict[str, list[str]]] = {}
    for reason in result.why:
        field, _, cell = reason.field.partition(" ")
        fields.setdefault(reason.text, {}).setdefault(field, []).extend([cell] if cell else [])
    for text, own in list(fields.items())[:SHOWN]:
        names = ", ".join(" ".join((field, *_few(cells))) for field, cells in own.items())
        lines.append(f"    {names}: {report.printable(text)}")
    return "\n".join(lines)


def _few(cells: list[str]) -> list[str]:
    return cells if len(cells) <= CELLS else [f"({len(cells)} cells)"]
