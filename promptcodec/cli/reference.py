"""The page of all commands, made from the commands themselves.

python -m promptcodec.cli.reference > docs/reference/cli.md
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from promptcodec.cli import group

_WIDTH = 100
_HEAD = """\
# The command line

<!-- Made by `python -m promptcodec.cli.reference`; a test compares the two. -->

`-` is standard input or output, `--json` prints one object per line, and exit codes are 0 ok,
1 some files failed, 2 bad usage or input, 3 a check failed, 4 something is missing.
"""


def page() -> str:
    """Give the page: the help of every command, in the order in which a user meets them."""
    sections = [f"## {name}\n\n```\n{text.rstrip()}\n```\n" for name, text in _helps(group, "promptcodec")]
    return "\n".join([_HEAD, *sections])


def _helps(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    last = name.rpartition(" ")[2]
    with command.make_context(
        last, [], parent, resilient_parsing=True, terminal_width=_WIDTH, max_content_width=_WIDTH
    ) as context:
        yield name, command.get_help(context)
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                subcommand = command.get_command(context, child)
                assert subcommand is not None
                yield from _helps(subcommand, f"{name} {child}", context)


if __name__ == "__main__":
    click.echo(page(), nl=False)
