"""Options that several commands share, and what click lacks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
PATH = click.Path(path_type=Path)
COUNT = click.IntRange(min=1)

json_option = click.option("--json", "as_json", is_flag=True, help="JSON on standard output, not a table.")
limit_option = click.option("--limit", type=COUNT, help="Use so many pictures of each folder.")
jobs_option = click.option(
    "--jobs", type=COUNT, default=2, show_default=True, help="Processes, a picture each."
)
folder_argument = click.argument("folder", type=FOLDER)
folders_argument = click.argument("folders", nargs=-1, required=True, type=FOLDER)


def images_option(*, several: bool = False, required: bool = False) -> Decorator:
    """Make ``--images``: a folder of pictures, or several in a row (of a ``SeveralCommand``)."""
    text = "Folders of pictures." if several else "A folder of pictures."
    return click.option("--images", type=FOLDER, multiple=several, required=required, help=text)


def output_option(default: str | None = None, text: str = "Folder of the results.") -> Decorator:
    """Make ``-o``; it has to be given where there is no default."""
    return click.option(
        "-o", "--out", type=PATH, default=default, required=default is None, show_default=True, help=text
    )


def example(*lines: str) -> str:
    """Make the end of a help text: an example, or several."""
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)])


class SeveralCommand(click.Command):
    """A command whose options may take several values in a row: ``--budgets 32 100``.

    Click knows repeated options only: ``--budgets 32 --budgets 100``, which is taken as well. Such a command
    has no arguments beside its options.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each of its values, then parse."""
        several = {
            name
            for option in self.params
            if isinstance(option, click.Option) and option.multiple
            for name in option.opts
        }
        spelled: list[str] = []
        current = ""  # the option whose further values may follow
        for word in args:
            if word.startswith("-"):
                current = ""
                spelled.append(word)
                if word in several:
                    current = word
            else:
                if current and spelled[-1] != current:
                    spelled.append(current)
                spelled.append(word)
        return super().parse_args(ctx, spelled)
