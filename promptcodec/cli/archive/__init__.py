"""``promptcodec archive``: its commands, each imported when it is asked for."""

from __future__ import annotations

import click

from promptcodec.cli.lazy import LazyGroup

# By name, which is that of its module too, but for a word of Python: what the help of all says.
COMMANDS = {
    "create": "Make an empty archive.",
    "add": "Add pictures and streams.",
    "ls": "List the pictures of an archive.",
    "get": "Take streams out of an archive.",
    "search": "Find pictures by what is in them.",
    "export": "Write tables, sidecars or streams of the pictures.",
    "import": "Add the pictures of such tables.",
    "remove": "Remove pictures from an archive.",
    "stats": "Count the bytes of an archive.",
    "verify": "Check an archive for damage.",
    "repair": "Save what can be read of a damaged archive.",
    "compact": "Make the file of an archive smaller.",
    "reindex": "Make the index of an archive anew.",
}


@click.group(
    "archive",
    cls=LazyGroup,
    package="promptcodec.cli.archive",
    modules={name: "import_" if name == "import" else name for name in COMMANDS},
    about=COMMANDS,
    no_args_is_help=False,
    epilog="\b\nExamples:\n"
    "  promptcodec archive create pictures.pxa\n"
    "  promptcodec archive ls pictures.pxa\n"
    "  promptcodec archive search pictures.pxa red kite beach\n"
    "  promptcodec archive get pictures.pxa kite.jpg -o kite.pxt\n"
    "  promptcodec archive verify pictures.pxa",
)
def command() -> None:
    """Keep very many pictures as streams in one file, and find them by what is in them."""
