"""Answers of hosted models on disk, found by what was asked: nothing is paid for twice.

A key is the hash of address, endpoint and request (and, for pictures, the seed, which image
servers do not take). Only answers that could be used are stored.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from promptcodec.files import write_whole


def folder() -> Path:
    """Give the folder of everything kept between runs."""
    path = os.environ.get("PROMPTCODEC_CACHE")
    if path is None:
        from platformdirs import user_cache_dir  # noqa: PLC0415 - only when a model is asked

        path = user_cache_dir("promptcodec")
    return Path(path)


def key(*asked: Any) -> str:
    """Hash what was asked; bytes inside count by their content."""
    text = json.dumps(asked, sort_keys=True, ensure_ascii=True, default=lambda data: _digest(bytes(data)))
    return _digest(text.encode())


def get(name: str) -> Any:
    """Give a stored answer, None where there is none, or where a crash of the machine cut it."""
    try:
        return json.loads(_path(name).read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def put(name: str, answer: str) -> None:
    """Store an answer, JSON text, whole or not at all."""
    write_whole(str(_path(name)), answer.encode(), overwrite=True)


def _path(name: str) -> Path:
    return folder() / "answers" / name[:2] / f"{name}.json"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
