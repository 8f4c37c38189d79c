"""``python -m eval archive fill``: more streams than there are pictures."""

from __future__ import annotations

import sys
from itertools import chain, islice
from pathlib import Path

import click

from eval.datasets import data_folder
from eval.measure.archive_mix import mixed
from eval.measure.archive_pack import Pack
from eval.options import COUNT, FILE, PATH, example, output_option
from training.texts import load

EVERY = 1000


@click.command(
    epilog=example("python -m eval archive fill out/archive/real.db -o out/archive/full.db --count 100000")
)
@click.argument("real", type=FILE)
@output_option(text="File of the streams; the same command goes on from there.")
@click.option("--count", type=COUNT, default=100_000, show_default=True, help="Streams in all.")
@click.option(
    "--data", type=PATH, default=data_folder, help="Holds text/ with captions; ../shared/data by default."
)
def command(real: Path, out: Path, count: int, data: Path) -> None:
    """Copy the streams of REAL, and put together others from their parts until there are enough.

    A synthetic stream has the grid and the objects of one real stream, the colour map of another, and the
    summary of a third or, every other one, a caption that people wrote of a photograph.
    """
    with Pack(real) as source, Pack(out) as target:
        items = list(source.items(count))
        captions = [" ".join(caption.split()) for caption in load(data, "short_captions")]
        more = mixed(items, captions, count - len(items))
        first = len(target)
        for number, item in enumerate(islice(chain(items, more), first, None), first):
            target.add(number, item)
            if number % EVERY == EVERY - 1:
                target.keep()
                click.echo(f"\r{number + 1} of {count} streams", err=True, nl=False)
        target.keep()
    print(file=sys.stderr)
