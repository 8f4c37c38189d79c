"""What commands print: lines and errors for people, one JSON object per line for programs."""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import Any

import click

from promptcodec.errors import PromptcodecError


def printable(text: str) -> str:
    """Show characters that would steer a terminal (controls, direction marks) as escapes."""
    return "".join(
        char
        if char == "\n" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"}
        else repr(char)[1:-1]
        for char in text
    )


def say(text: str) -> None:
    """Print a line for people on standard output."""
    click.echo(printable(text))


def warn(text: str) -> None:
    """Print a line for people on standard error."""
    click.echo(f"promptcodec: {printable(text)}", err=True)


def emit(value: dict[str, Any]) -> None:
    """Print one JSON object on a line of its own; ASCII only, so any terminal can show it."""
    click.echo(json.dumps(value, ensure_ascii=True))


def error_object(file: str | None, error: PromptcodecError) -> dict[str, Any]:
    """Make the JSON object of an error."""
    return {
        "file": file,
        "ok": False,
        "error": {"kind": error.kind, "message": str(error), "offset": error.offset},
    }


def fail(error: PromptcodecError, file: str | None = None) -> int:
    """Report an error in the form the command line asks for; give its exit code."""
    if "--json" in sys.argv[1:]:
        emit(error_object(file, error))
    warn(f"{file}: {error}" if file else str(error))
    return error.exit_code
