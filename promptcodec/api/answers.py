"""Answers of hosted models on disk, found by what was asked: nothing is paid for twice.

A key is the hash of address, endpoint and request (and, for pictures, the seed, which image
servers do not take). Only answers that could be used are stored; one that no longer can be is dropped.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from promptcodec.errors import MissingError, UsageError
from promptcodec.files import write_whole

_MOST = 1 << 28
"""Bytes of a stored answer; none has as many."""
_HINT = "mend that, or name another folder for what is kept: PROMPTCODEC_CACHE"


def folder() -> Path:
    """Give the folder of everything kept between runs."""
    path = os.environ.get("PROMPTCODEC_CACHE")
    if not path:
        from platformdirs import user_cache_dir  # noqa: PLC0415 - only when a model is asked

        path = user_cache_dir("promptcodec")
    return Path(path)


def key(*asked: Any) -> str:
    """Hash what was asked; bytes inside count by their content."""
    text = json.dumps(asked, sort_keys=True, ensure_ascii=True, default=lambda data: _digest(bytes(data)))
    return _digest(text.encode())


def get(name: str) -> dict[str, Any] | None:
    """Give a stored answer, None where there is none, or where it was cut or damaged.

    Raises:
        MissingError: there is something that cannot be read.
    """
    path = _path(name)
    try:
        if path.exists() and not path.is_file():
            raise MissingError(f"the stored answer {path} is no file; {_HINT}")
        with path.open("rb") as file:
            answer = json.loads(file.read(_MOST))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MissingError(f"the stored answer {path} cannot be read: {error.strerror}; {_HINT}") from None
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def check_writable() -> None:
    """Find out, before anything is paid for, whether answers can be stored.

    Raises:
        MissingError: they cannot.
    """
    home = folder() / "answers"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise MissingError(f"answers cannot be stored in {home}: {error.strerror}; {_HINT}") from None


def put(name: str, answer: dict[str, Any]) -> None:
    """Store an answer, whole or not at all; one that is nested too deep to be written is not.

    Raises:
        MissingError: it cannot be stored.
    """
    try:
        write_whole(str(_path(name)), json.dumps(answer).encode(), overwrite=True)
    except RecursionError:
        return
    except UsageError as error:
        raise MissingError(f"a stored answer {error}; {_HINT}") from None


def drop(name: str) -> None:
    """Forget an answer that cannot be used.

    Raises:
        MissingError: it cannot be removed.
    """
    try:
        _path(name).unlink(missing_ok=True)
    except OSError as error:
        raise MissingError(
            f"the stored answer {_path(name)} cannot be removed: {error.strerror}; {_HINT}"
        ) from None


def _path(name: str) -> Path:
    return folder() / "answers" / name[:2] / f"{name}.json"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
