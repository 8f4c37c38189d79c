"""A group of commands that are imported when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from promptcodec.cli.report import StandardStreamError


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own, each as ``command``."""

    def __init__(
        self,
        *args: Any,
        package: str,
        modules: Mapping[str, str],
        about: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        """Make the group.

        Args:
            args: as for ``click.Group``.
            package: where the modules are.
            modules: the module of each command by the command's name, in the order of the help.
            about: what the help says of each command; without it, all are imported to say so themselves.
            options: as for ``click.Group``.
        """
        super().__init__(*args, **options)
        self._package = package
        self._modules = modules
        self._about = about

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of the help."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in self._modules:
            return None
        command: click.Command = import_module(f"{self._package}.{self._modules[cmd_name]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands into the help."""
        if self._about is None:
            super().format_commands(ctx, formatter)
            return
        with formatter.section("Commands"):
            formatter.write_dl(list(self._about.items()))

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parse the arguments; ``--help`` prints here."""
        with _closed_pipes():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        with _closed_pipes():
            return super().invoke(ctx)


@contextmanager
def _closed_pipes() -> Iterator[None]:
    """Take a closed pipe from click, which would end with 1: some items failed."""
    try:
        yield
    except BrokenPipeError as error:
        raise StandardStreamError(error.errno) from None
