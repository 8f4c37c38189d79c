"""webdataset tars: members of one stem are one sample, a picture and its text."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from eval.datasets import Item
from promptcodec.vision.formats import SUFFIXES

_KEYS = ("caption", "prompt", "text")
_LONGEST = 1 << 20  # of a text


def tars(root: Path, _entry: Mapping[str, Any]) -> list[Item]:
    """List the pictures of every tar; nothing is unpacked to disk."""
    paths = [root] if root.is_file() else sorted(root.rglob("*.tar"))
    base = root.parent if root.is_file() else root
    return [item for path in paths for item in _tar(path, path.relative_to(base).as_posix())]


def _tar(path: Path, tar_name: str) -> list[Item]:
    pictures: dict[str, str] = {}
    texts: dict[str, str] = {}
    with tarfile.open(path) as tar:
        for member in tar:
            # By webdataset's rule a key ends at the first dot of the last part of the name.
            folder, base = PurePosixPath(member.name).parent, PurePosixPath(member.name).name
            key, _, extension = base.partition(".")
            key = str(folder / key)
            suffix = "." + extension.lower()
            if not member.isfile():
                continue
            if suffix in SUFFIXES:
                pictures[key] = member.name
            elif suffix in {".txt", ".json"} and member.size <= _LONGEST:
                file = tar.extractfile(member)
                assert file is not None, "only files are members"
                text = file.read().decode("utf-8", "replace")
                texts[key] = text.strip() if suffix == ".txt" else texts.get(key) or _caption(text)
    return [
        Item("", f"{tar_name}:{name}", path, name, texts.get(key, ""))
        for key, name in sorted(pictures.items())
    ]


def _caption(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return ""
    return next((str(value[key]) for key in _KEYS if isinstance(value, dict) and value.get(key)), "")
