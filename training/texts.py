"""The training texts: lines with their sources, the allow-list, a fixed development split."""

from __future__ import annotations

import hashlib
import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard

HERE = Path(__file__).parent
DATA = "../shared/data"  # relative to the checkout
GROUPS = ("prompts", "short_captions", "captions")

_ESCAPE = re.compile(r"\\(.)")


def allowlist() -> dict[str, Any]:
    """Read ``allowlist.toml``."""
    return tomllib.loads((HERE / "allowlist.toml").read_text("utf-8"))


def unescape(line: str) -> str:
    r"""Undo the escapes of a line: ``\n`` is a newline, ``\\`` a backslash.

    Raises:
        ValueError: any other escape.
    """

    def char(match: re.Match[str]) -> str:
        if match[1] not in "n\\":
            raise ValueError(f"unknown escape {match[0]!r}")
        return "\n" if match[1] == "n" else "\\"

    return _ESCAPE.sub(char, line)


def lines(file: Path) -> Iterator[str]:
    r"""Give the lines of a zstd file, without their newlines; only ``\n`` ends a line."""
    with file.open("rb") as source, zstandard.ZstdDecompressor().stream_reader(source) as reader:
        for line in io.TextIOWrapper(reader, "utf-8", newline="\n"):
            yield line.removesuffix("\n")


def load(data: Path, group: str) -> list[str]:
    """Give the allow-listed texts of a group, in the order of the file.

    Args:
        data: the folder that holds ``text/``.
        group: one of GROUPS.

    Raises:
        ValueError: a source that is neither allowed nor excluded, or files that do not match.
    """
    allow = allowlist()
    allowed = {tag for source in allow["text"] for tag in source["tags"]}
    texts = []
    stem = data / "text" / f"{group}_train"
    sources = lines(stem.with_suffix(".src.zst"))
    for tag, line in zip(sources, lines(stem.with_suffix(".txt.zst")), strict=True):
        if tag in allowed:
            texts.append(unescape(line))
        elif tag not in allow["excluded"]:
            raise ValueError(f"the source {tag!r} is not in allowlist.toml")
    return texts


def held_out(key: str) -> bool:
    """Tell whether a text (or a picture, by its name) is in the development sixteenth."""
    return hashlib.sha256(key.encode()).digest()[0] < 16


def split(texts: list[str]) -> tuple[list[str], list[str]]:
    """Give the texts to train on and those held out."""
    return [text for text in texts if not held_out(text)], [text for text in texts if held_out(text)]
