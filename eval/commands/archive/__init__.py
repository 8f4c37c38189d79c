"""``python -m eval archive NAME ...``: how small, how fast and how findable is an archive?"""

from __future__ import annotations

import click

from eval.options import example
from promptcodec.cli.lazy import LazyGroup

COMMANDS = {
    "make": "make",
    "fill": "fill",
    "build": "build",
    "size": "size",
    "search": "search",
    "findability": "findability",
    "sheets": "sheets",
    "compact": "compact",
    "scale": "scale",
}


@click.group(
    "archive",
    cls=LazyGroup,
    package="eval.commands.archive",
    modules=COMMANDS,
    epilog=example(
        "python -m eval archive make ../shared/data/train -o out/archive/real.db --count 200",
    ),
)
def command() -> None:
    """Measure archives: their size, their speed, and whether pictures are found in them.

    ``make`` encodes pictures once; the others measure archives of what it made. See
    docs/measurements/archive.md.
    """
