"""The command line: one file per command, each imported only when it is asked for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from promptcodec.cli.lazy import LazyGroup

# What a shell reports for a program that Ctrl-C ended.
INTERRUPTED = 130
COMMANDS = {
    "encode": "encode",
    "decode": "decode",
    "inspect": "inspect",
    "describe": "describe",
    "check": "check",
    "edit": "edit",
    "truncate": "truncate",
    "verify": "verify",
    "migrate": "migrate",
    "recipe": "recipe",
    "train-dictionary": "train_dictionary",
    "prompts": "prompts",
    "demo": "demo",
}


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's form
    if value and not ctx.resilient_parsing:
        from promptcodec import __version__  # noqa: PLC0415

        click.echo(f"promptcodec {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    package="promptcodec.cli",
    modules=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExamples:\n"
    "  promptcodec demo                                  see it work on a sample picture\n"
    "  promptcodec encode photo.jpg -o photo.pxt --budget 200B\n"
    "  promptcodec inspect photo.pxt                     read what was kept\n"
    "  promptcodec decode photo.pxt -o again.png         draw it again\n"
    "\n"
    "Exit codes: 0 ok, 1 some items failed, 2 bad usage or input, 3 a check failed, 4 missing.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show it."
)
def group() -> None:
    """Compress images to words: a few hundred bytes that read as text and decode to a picture."""


def main() -> None:
    """Run the command line."""
    from promptcodec.cli import report  # noqa: PLC0415
    from promptcodec.errors import PromptcodecError, UsageError  # noqa: PLC0415

    try:
        sys.exit(group(sys.argv[1:] or ["--help"], prog_name="promptcodec", standalone_mode=False))
    except PromptcodecError as error:
        code = report.fail(error)
    except click.Abort:
        report.warn("interrupted")
        code = INTERRUPTED
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
        code = report.fail(UsageError(error.format_message()))
    except OSError as error:
        # Standard output is full or gone: what is still buffered for it must not be tried again.
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
        report.warn(f"{error.filename or 'standard output'}: {error.strerror}")
        code = UsageError.exit_code
    sys.exit(code)
