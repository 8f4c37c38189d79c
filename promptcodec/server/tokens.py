"""Secrets of those who may write and spend: from a file or the environment, kept as hashes."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptcodec.errors import UsageError
from promptcodec.files import read_file

VARIABLE = "PROMPTCODEC_SERVE_TOKEN"
_SHORTEST, _LONGEST = 16, 512
_FIELDS = {"secret", "max_cost"}
_WAY_OUT = "make one with: openssl rand -hex 24"


@dataclass(frozen=True, slots=True)
class Token:
    """Who may write and spend.

    Attributes:
        name: stands in logs, and what is spent is counted by it.
        digest: SHA-256 of what is sent as ``Authorization: Bearer``.
        max_cost: dollars a day; None for no cap but the server's.
    """

    name: str
    digest: bytes
    max_cost: float | None = None


def of(name: str, secret: str, max_cost: float | None = None) -> Token:
    """Make a token.

    Raises:
        UsageError: the secret is one that can be guessed, or cannot be sent; the cap is no sum.
    """
    if not name or not name.isprintable():
        raise UsageError("a token needs a name that can be printed")
    if not _SHORTEST <= len(secret) <= _LONGEST or not secret.isascii() or not secret.isprintable():
        raise UsageError(
            f"the token {name!r} is no secret: that takes {_SHORTEST} to {_LONGEST} printable ASCII "
            f"characters; {_WAY_OUT}"
        )
    if " " in secret:
        raise UsageError(f"the token {name!r} has a space in it, which cannot be sent; {_WAY_OUT}")
    if max_cost is not None and not 0 <= max_cost < float("inf"):
        raise UsageError(f"the cap of the token {name!r} is a number of dollars from 0")
    return Token(name, _digest(secret), max_cost)


def match(tokens: Sequence[Token], secret: str) -> Token | None:
    """Give the token of a secret; every one is compared, in constant time."""
    digest = _digest(secret)
    matching = [token for token in tokens if hmac.compare_digest(token.digest, digest)]
    return matching[0] if matching else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def read(path: str | None) -> tuple[Token, ...]:
    """Read the tokens of a file, and the one of the environment, which is called ``environment``.

    A file is TOML: a table for each name, with ``secret`` and perhaps ``max_cost``.

    Raises:
        UsageError: the file cannot be read, or does not say what it should.
    """
    tokens = [] if path is None else _of_file(path)
    if secret := os.environ.get(VARIABLE, "").strip():
        tokens.append(of("environment", secret))
    for field in ("name", "digest"):
        if len({getattr(token, field) for token in tokens}) < len(tokens):
            raise UsageError(f"two tokens have one {'secret' if field == 'digest' else 'name'}")
    return tuple(tokens)


def _of_file(path: str) -> list[Token]:
    try:
        tables = tomllib.loads(read_file(path).decode("utf-8-sig"))
    except UsageError as error:
        raise UsageError(f"the tokens {path} {error}") from None
    except ValueError as error:
        # The error names a place, never what stands there.
        raise UsageError(f"the tokens {path} cannot be read as TOML: {error}") from None
    if not tables:
        raise UsageError(f'the tokens {path} are none; write [NAME] and below it secret = "..."; {_WAY_OUT}')
    return [_of_table(path, name, table) for name, table in tables.items()]


def _of_table(path: str, name: str, table: Any) -> Token:
    if not isinstance(table, dict) or not isinstance(table.get("secret"), str):
        raise UsageError(
            f'the tokens {path}: {name!r} has no secret; write [NAME] and below it secret = "..."'
        )
    if unknown := sorted(table.keys() - _FIELDS):
        raise UsageError(
            f"the tokens {path}: {name!r} has {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}"
        )
    cap = table.get("max_cost")
    if cap is not None and (isinstance(cap, bool) or not isinstance(cap, int | float)):
        raise UsageError(f"the tokens {path}: max_cost of {name!r} is a number of dollars")
    try:
        return of(name, table["secret"], cap)
    except UsageError as error:
        raise UsageError(f"the tokens {path}: {error}") from None


def is_open_to_others(path: str) -> bool:
    """Say whether other users of this machine may read a file; False where the system does not tell."""
    return os.name == "posix" and bool(Path(path).stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
