"""The laboratory's command line: one file per command, each imported only when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from eval.missing import Unavailable
from eval.options import example
from promptcodec.cli.lazy import LazyGroup
from promptcodec.cli.report import printable
from promptcodec.errors import PromptcodecError, UsageError

PROGRAM = "python -m eval"
# What a shell reports for a program that Ctrl-C ended, and what stands for something that is not installed.
INTERRUPTED, MISSING = 130, 4
COMMANDS = {
    "list": "list_all",
    "run": "run",
    "report": "report",
    "bits": "bits",
    "recipes": "recipes",
    "builtin": "builtin",
    "chain": "chain",
    "rate-control": "rate_control",
    "guidance": "guidance",
    "findability": "findability",
    "eyes": "eyes",
    "text-tables": "text_tables",
    "edits": "edits",
    "pick-own": "pick_own",
    "describe-match": "describe_match",
    "shorten-order": "shorten_order",
    "captioner-speed": "captioner_speed",
    "speed": "speed",
    "effort": "effort",
    "lettering": "lettering",
    "api-load": "api_load",
    "serve": "serve",
    "serve-page": "serve_page",
    "calibrate-checks": "calibrate_checks",
    "kit": "kit",
    "strip": "strip",
    "texture-sheet": "texture_sheet",
    "skeletons": "skeletons",
    "walkthrough": "walkthrough",
    "archive": "archive",
}


@click.group(
    cls=LazyGroup,
    package="eval.commands",
    modules=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=example(
        "python -m eval list",
        "python -m eval run eval/studies/equal-bytes.toml -o out/equal-bytes --limit 4",
        "python -m eval bits --images ../shared/data/eval/kodak --limit 2",
    )
    + "\n\nExit codes: 0 ok, 1 some rows failed, 2 bad usage or input, 4 missing.",
)
def group() -> None:
    """Measure codecs: run a study, or take one measurement. See docs/measurements/laboratory.md."""


def main(words: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        words: of the command line; those of this process where not given.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if words is None else words)
    try:
        code = group.main(given or ["--help"], prog_name=PROGRAM, standalone_mode=False, obj=given)
    except click.Abort:
        code, text = INTERRUPTED, "stopped; the same command goes on from here"
    except click.ClickException as error:
        code, text = error.exit_code, error.format_message()
        if isinstance(error, click.UsageError) and error.ctx:
            text = f"{error.ctx.command_path}: {text}"
    except PromptcodecError as error:
        code, text = error.exit_code, str(error)
    except Unavailable as error:
        code, text = MISSING, str(error)
    except ModuleNotFoundError as error:
        code, text = MISSING, f"{error}; pip install 'promptcodec[eval]' has what it needs"
    except OSError as error:
        code, text = UsageError.exit_code, str(error)
    else:
        return code or 0
    say(text if text.startswith(PROGRAM) else f"{PROGRAM}: {text}")
    return code


def say(text: str) -> None:
    """Print a line for people on standard error."""
    click.echo(printable(text), err=True)
