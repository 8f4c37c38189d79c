"""``python -m eval archive scale``: from what one picture costs to what very many would."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click

from eval.images import listed
from eval.measure import archive_scale
from eval.measure.archive_scale import Assumed
from eval.options import COUNT, example, folder_argument, json_option
from promptcodec.errors import UsageError

_LEAST = 2


def assumptions(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each assumption."""
    for each in reversed(fields(Assumed)):
        command = click.option(
            f"--{each.name.replace('_', '-')}",
            type=click.FloatRange(0, min_open=True),
            default=each.default,
            show_default=f"{each.default:g}",
            help=f"Assume so many {each.metadata['unit']}: {each.metadata['what']}.",
        )(command)
    return command


@click.command(
    epilog=example(
        "python -m eval archive scale ../shared/data/train --limit 200 --records 100000",
        "python -m eval archive scale ../shared/data/train --limit 20 --records 2000 --count 1e6 --cores 2",
    )
)
@folder_argument
@click.option(
    "--limit", type=COUNT, default=200, show_default=True, help="Pictures, spread over their names."
)
@click.option("--records", type=COUNT, default=100_000, show_default=True, help="Of the larger archive.")
@assumptions
@json_option
def command(folder: Path, limit: int, records: int, *, as_json: bool, **given: float) -> None:
    """Measure what pictures of FOLDER cost each, and multiply that to very many.

    Measured are processor's time, bytes and tokens; nobody is asked or paid, as the hosted captioner is the
    loopback server. All else is assumed, and printed as that. See docs/scale.md.
    """
    from eval.measure import archive_units  # noqa: PLC0415 - heavy

    every = listed(folder)
    if len(every) < _LEAST or limit < _LEAST:
        raise UsageError(f"{folder} holds too few pictures, or --limit is below {_LEAST}")
    step = max(1, len(every) // limit)
    with tempfile.TemporaryDirectory() as work:
        measured = archive_units.measure(every[::step][:limit], records, Path(work))
    units, assumed = archive_scale.rounded(measured), Assumed(**given)
    if as_json:
        projected = list(archive_scale.projection(units, assumed))
        click.echo(
            json.dumps({"measured": asdict(units), "assumed": asdict(assumed), "projected": projected})
        )
    else:
        click.echo(archive_scale.tables(units, assumed))
