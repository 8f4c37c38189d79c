"""The group of all commands, and how a run of one ends: as a number, never with a traceback."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from promptcodec.cli import COMMANDS, INTERRUPTED, faults, report, signals
from promptcodec.cli.lazy import LazyGroup
from promptcodec.errors import UsageError

# What a shell reports for a program whose reader has gone, as for any other tool in a pipe.
READER_GONE = 128 + getattr(signal, "SIGPIPE", 13)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's form
    if value and not ctx.resilient_parsing:
        from promptcodec.doctor import facts  # noqa: PLC0415

        click.echo(facts.named())
        ctx.exit()


@click.group(
    cls=LazyGroup,
    package="promptcodec.cli",
    modules={name: module for name, (module, _) in COMMANDS.items()},
    about={name: about for name, (_, about) in COMMANDS.items()},
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


def run(args: Sequence[str]) -> int:
    """Run a command; give the exit code."""
    report.show_log()
    with signals.handled():
        try:
            return _invoke(list(args) or ["--help"])
        except (KeyboardInterrupt, click.Abort):
            report.warn("interrupted")
            return INTERRUPTED
        except signals.Ended as ended:
            return 128 + ended.number
        except report.StandardStreamError as error:
            return _lost(error.number)


def _lost(number: int | None) -> int:
    """End where a standard stream is full or gone: what is still buffered for it must not be tried again."""
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if number == errno.EPIPE:
        sys.stderr = sys.stdout
        return READER_GONE
    try:
        report.warn(f"standard output: {os.strerror(number or errno.EIO)}")
    except report.StandardStreamError:  # it is standard error
        sys.stderr = sys.stdout
    return UsageError.exit_code


def _invoke(args: list[str]) -> int:
    try:
        return int(group(args, prog_name="promptcodec", standalone_mode=False) or 0)
    except (KeyboardInterrupt, click.Abort, signals.Ended, report.StandardStreamError):
        raise
    except OSError as error:
        if error.filename is None:  # of what click prints itself
            raise report.StandardStreamError(error.errno) from None
        return report.fail(UsageError(f"{error.filename}: {error.strerror}"))
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
        # A list of choices is lines of click's.
        return report.fail(UsageError(" ".join(error.format_message().split())))
    except BaseException as error:  # noqa: BLE001 - libraries in Rust raise their own where they panic
        signals.check()
        return report.fail(faults.as_error(error))
