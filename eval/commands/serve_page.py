"""``python -m eval serve-page``: when the page of a server is painted, and how smoothly it scrolls."""

from __future__ import annotations

import json
from pathlib import Path

import click

from eval.measure.serving_page import pages
from eval.options import FILE, example


@click.command(epilog=example("python -m eval serve-page pictures.pxa"))
@click.argument("archive", type=FILE)
def command(archive: Path) -> None:
    """Open the page of a server over ARCHIVE in a headless Chromium.

    One JSON object for each screen: milliseconds from the address to the painted gallery, of a server that
    has just started and whose files the system has forgotten; then frames while it scrolls, and what it asks
    for.
    """
    for row in pages(archive):
        click.echo(json.dumps(row))
