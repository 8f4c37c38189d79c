"""What commands print: lines and errors for people, one JSON object per line for programs."""

from __future__ import annotations

import json
import logging
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from promptcodec.errors import Notice, PromptcodecError, UsageError

# Controls, format characters such as direction marks, halves of surrogate pairs, private use,
# and the two separators that some programs take for the end of a line.
_STEERING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
# Joiners: without them emoji and Persian words fall apart, and they steer nothing.
_JOINERS = "\u200c\u200d"
_LONGEST_MESSAGE = 600
above: list[Callable[[str], None]] = []
"""Where lines for a terminal go while a bar is shown there: above it."""


def printable(text: str, *, lines: bool = False) -> str:
    """Show characters that would steer a terminal as escapes; line feeds too, unless ``lines``."""
    kept = _JOINERS + "\n" if lines else _JOINERS
    return "".join(
        char if char in kept or unicodedata.category(char) not in _STEERING else repr(char)[1:-1]
        for char in text
    )


class StandardStreamError(Exception):
    """Standard output or standard error is full or has no reader: this ends a run, whatever the item.

    It is no ``OSError``: click would take a closed pipe for an error of a command.

    Attributes:
        number: of ``errno``.
    """

    def __init__(self, number: int | None) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def _standard_stream() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StandardStreamError(error.errno) from None


def say(text: str, *, lines: bool = False) -> None:
    """Print a line (or ``lines``) for people on standard output."""
    _echo(printable(text, lines=lines))


def _echo(line: str, *, err: bool = False) -> None:
    stream = sys.stderr if err else sys.stdout
    with _standard_stream():
        if above and stream is not None and stream.isatty():
            above[-1](line)
        else:
            click.echo(line, err=err)


def write(data: bytes) -> None:
    """Write a result to standard output.

    Raises:
        UsageError: it is closed.
    """
    if sys.stdout is None:
        raise UsageError("standard output is closed")
    with _standard_stream():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def warn(text: str) -> None:
    """Print a line for people on standard error."""
    _echo(f"promptcodec: {printable(text)}", err=True)


class _Log(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        warn(record.getMessage())


_log = _Log(logging.WARNING)


def show_log() -> None:
    """Print what the package logs as any other line for people."""
    logging.getLogger("promptcodec").addHandler(_log)  # a handler that is there is not added again


def warn_of(file: str, notices: Iterable[Notice]) -> None:
    """Print what is to be known about ``file`` on standard error."""
    for notice in notices:
        warn(f"{file}: {message(notice)}")


def warn_of_unread(pictures: int) -> None:
    """Print, once a run, that pictures hold lettering that nothing could read."""
    if pictures:
        hold = "1 picture holds" if pictures == 1 else f"{pictures} pictures hold"
        warn(f"{hold} text that was not read; pip install 'promptcodec[ocr]' reads it")


def emit(value: dict[str, Any]) -> None:
    """Print one JSON object on a line of its own; ASCII only, so any terminal can show it."""
    _echo(json.dumps(value, ensure_ascii=True))


def error_object(file: str | None, error: PromptcodecError) -> dict[str, Any]:
    """Make the JSON object of an error."""
    return {
        "file": file,
        "ok": False,
        "error": {"kind": error.kind, "message": message(error), "offset": error.offset},
    }


def message(report: PromptcodecError | Notice) -> str:
    """Give what an error or a warning says, and its hint.

    A stream may make it quote a megabyte, of which the start is enough.
    """
    text = f"{report}; {report.hint}" if report.hint else str(report)
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "..."


def fail(error: PromptcodecError, file: str | None = None) -> int:
    """Report an error in the form the command line asks for; give its exit code."""
    if "--json" in sys.argv[1:]:
        emit(error_object(file, error))
    warn(f"{file}: {message(error)}" if file else message(error))
    return error.exit_code
