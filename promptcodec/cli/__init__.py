"""The command line: one file per command, each imported only when it is asked for.

Nothing heavy is imported here, so that an interrupt finds ``main`` at work as early as can be.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from promptcodec.cli.root import group

__all__ = ["COMMANDS", "group", "main"]

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


def __getattr__(name: str) -> Any:
    if name != "group":
        raise AttributeError(name)
    from promptcodec.cli.root import group  # noqa: PLC0415

    return group


def main() -> None:
    """Run the command line."""
    try:
        from promptcodec.cli.root import run  # noqa: PLC0415

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while even that was imported
        sys.stderr.write("promptcodec: interrupted\n")
        code = INTERRUPTED
    sys.exit(code)
