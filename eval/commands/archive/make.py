"""``python -m eval archive make``: real streams for archives that are measured."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from eval.images import listed
from eval.measure.archive_pack import Pack
from eval.measure.archive_pictures import BUDGET, encoded
from eval.options import COUNT, example, folder_argument, output_option
from promptcodec.errors import UsageError

EVERY = 100


@click.command(
    epilog=example("python -m eval archive make ../shared/data/train -o out/archive/real.db --count 20000")
)
@folder_argument
@output_option(text="File of the streams; the same command goes on from there.")
@click.option("--count", type=COUNT, default=20_000, show_default=True, help="Streams in all.")
def command(folder: Path, out: Path, count: int) -> None:
    """Encode the pictures of FOLDER, and crops of them, until there are enough streams.

    First every picture as it is, then one variation of each after the other: a crop of 50 to 90 % of its
    sides, every other one mirrored and scaled too.
    """
    paths = listed(folder)
    if not paths:
        raise UsageError(f"{folder} holds no picture")
    with Pack(out) as pack:
        for number in range(len(pack), count):
            pack.add(number, encoded(paths[number % len(paths)], number // len(paths)))
            if number % EVERY == EVERY - 1:
                pack.keep()
                click.echo(f"\r{number + 1} of {count} streams of {BUDGET} bytes", err=True, nl=False)
        pack.keep()
    print(file=sys.stderr)
