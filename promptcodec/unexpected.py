"""Errors that nobody expected, in words that hold nothing secret."""

from __future__ import annotations

import os
import re
from pathlib import Path

from promptcodec.errors import PromptcodecError, UnexpectedError

_KEPT_BACK = "(?i)key|token|secret|passw|credential|auth"
# What may stand in an address and is nobody's business: a password, and what follows the path.
_ADDRESS = r"(\w+://)(?:[^\s/@'\"]*@)?([^\s?#'\"]*)(?:[?#][^\s'\"]*)?"


def as_error(error: BaseException) -> PromptcodecError:
    """Give an exception as an error of this package."""
    if isinstance(error, PromptcodecError):
        return error
    if isinstance(error, MemoryError):
        return PromptcodecError(
            "there is not enough memory for it", hint="scale it down or use a lower --jobs"
        )
    text = " ".join(cleaned(str(error)).split())
    return UnexpectedError(f"unexpected {type(error).__name__}" + (f": {text}" if text else ""))


def cleaned(text: str) -> str:
    """Take out of a text what is secret in the environment or in addresses, and the user's name in paths."""
    secrets = [value for name, value in os.environ.items() if re.search(_KEPT_BACK, name) and len(value) >= 6]
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, "***")
    home = str(Path("~").expanduser())
    text = text.replace(home, "~") if len(home) > 1 else text
    return re.sub(_ADDRESS, r"\1\2", text)
