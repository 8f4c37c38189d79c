"""The command line: one file per command, each imported only when it is asked for.

Nothing heavy is imported here, so that an interrupt finds ``main`` at work as early as can be.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from promptcodec.cli.root import group

__all__ = ["COMMANDS", "group", "main"]

# What a shell reports for a program that a signal ended, less the signal's number; and for Ctrl-C.
SIGNALS, INTERRUPTED = 128, 130
# By name: the module, and what the help of all says.
COMMANDS = {
    "encode": ("encode", "Encode pictures to streams."),
    "decode": ("decode", "Decode streams to pictures."),
    "inspect": ("inspect", "Show what streams hold."),
    "describe": ("describe", "Describe a picture in words."),
    "check": ("check", "Check a picture against a stream."),
    "edit": ("edit", "Change a stream in its layers."),
    "truncate": ("truncate", "Make a stream shorter."),
    "verify": ("verify", "Read every part of streams."),
    "migrate": ("migrate", "Make drafts of the format version 1."),
    "recipe": ("recipe", "Show or export how a picture was generated."),
    "train-dictionary": ("train_dictionary", "Train a dictionary on your own texts."),
    "archive": ("archive", "Keep pictures as streams in one file, and find them."),
    "serve": ("serve", "Serve an archive: a page, and pictures drawn when somebody asks."),
    "prompts": ("prompts", "Show the prompts that models are given."),
    "doctor": ("doctor", "Say what would work here now, and why not."),
    "demo": ("demo", "See it work on a sample picture."),
}


def __getattr__(name: str) -> Any:
    if name != "group":
        raise AttributeError(name)
    from promptcodec.cli.root import group  # noqa: PLC0415

    return group


def main() -> None:
    """Run the command line."""
    if "OMP_NUM_THREADS" not in os.environ:
        # Matrices are small here: more threads wait for each other. To be set before numpy is imported.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from promptcodec.cli.root import run  # noqa: PLC0415

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while even that was imported
        sys.stderr.write("promptcodec: interrupted\n")
        code = INTERRUPTED
    if code > SIGNALS:
        _end_at_once(code)
    sys.exit(code)


def _end_at_once(code: int) -> None:
    """End where nobody waits: threads that talk to processes that were ended would wait for ever."""
    from promptcodec.cli import signals  # noqa: PLC0415

    if signals.is_hurried():
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):  # closed, or nobody reads it
                continue
        os._exit(code)
