"""``python -m eval plumbing``: the kit of ``paper`` through the loopback server."""

from __future__ import annotations

import os
from pathlib import Path

import click

from eval.images import listed
from eval.measure.paper import study, write
from eval.options import COUNT, example, folders_argument, output_option
from promptcodec.testing.loopback import serve

PRICES = "input_price=1&output_price=4&image_price=0.01"
NOTE = "**Plumbing, not quality**: captions by `local`, pictures by `builtin`, over HTTP; prices made up."


@click.command(epilog=example("python -m eval plumbing ../shared/data/eval/kodak -o RESULTS --limit 2"))
@folders_argument
@output_option()
@click.option("--limit", type=COUNT, default=10, show_default=True, help="Pictures of each folder.")
def command(folders: tuple[Path, ...], out: Path, limit: int) -> None:
    """Run "paper" with the loopback server.

    This is proof of plumbing, not of quality. The server describes with "local" and draws with "builtin";
    prices are made up ($1 and $4 per million tokens). What is proved is that words, pictures, checks, bytes
    and costs go all the way by HTTP.
    """
    out.mkdir(parents=True, exist_ok=True)
    os.environ["PROMPTCODEC_CACHE"] = str(out / "cache")
    images = [str(path) for folder in folders for path in listed(folder, limit)]
    with serve() as url:
        captioner = f"responses:{url}?model=loopback-vision&{PRICES}"
        generator = f"images:{url}?model=loopback-image&{PRICES}"
        rows = study(images, out, captioner, generator, ("--max-cost", "5"))
    click.echo(write(rows, out, NOTE))
