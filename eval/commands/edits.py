"""``python -m eval edits``: does an edit change the picture where it should, and nowhere else?"""

from __future__ import annotations

import json
from pathlib import Path

import click

from eval.measure.edit_cases import GENERATOR
from eval.measure.edits import BUDGET, LAYERS, run
from eval.options import COUNT, FOLDER, example, json_option, limit_option, output_option
from promptcodec.cli.options import Names


@click.command(
    epilog=example(
        "python -m eval edits ../shared/data/eval/kodak --limit 2",
        "python -m eval edits --sheet ../shared/data",
    )
)
@click.argument("folders", nargs=-1, type=FOLDER)
@limit_option
@click.option("--budget", type=COUNT, default=BUDGET, show_default=True, help="Bytes of a stream.")
@click.option("--generator", default=GENERATOR, show_default=True, metavar="NAME", help="What draws.")
@click.option("--layers", type=Names(), default=",".join(LAYERS), show_default=True, help="Of the streams.")
@json_option
@click.option(
    "--sheet", type=FOLDER, metavar="DATA", help="Make the sheet of docs/guide/editing.md; has train/."
)
@output_option("docs/img", "Folder of the sheet.")
def command(
    folders: tuple[Path, ...],
    limit: int | None,
    budget: int,
    generator: str,
    layers: tuple[str, ...],
    sheet: Path | None,
    out: Path,
    *,
    as_json: bool,
) -> None:
    """Measure whether edits stay in their place.

    Pictures are edited with every operation; each has a line. "inside" is the mean CIEDE2000 between the
    pictures before and after within the region that the operation names, "outside" the same beyond one more
    cell around it. See docs/guide/editing.md.
    """
    if sheet:
        from eval.measure import edit_sheet  # noqa: PLC0415 - only here

        edit_sheet.write(sheet, out)
        return
    if not folders:
        raise click.UsageError("give folders of pictures, or --sheet DATA")
    for row in run(folders, limit, budget, layers, generator):
        click.echo(json.dumps(row) if as_json else "  ".join(f"{key} {value}" for key, value in row.items()))
