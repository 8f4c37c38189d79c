"""The files that ``archive add`` is given: named, in folders, by patterns, in a list on standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import cast

from promptcodec.archive.adding.sources import Source, source_of
from promptcodec.cli.find import Selection, count, search, stream
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, is_dir
from promptcodec.vision.formats import SUFFIXES

TAKEN = (*SUFFIXES, ".pxt")
"""How files end that are taken from folders."""

_NOUN = "images or streams"
_LONGEST_NAME = 1 << 16


def sources(inputs: tuple[str, ...], selection: Selection, *, in_place: bool, null: bool) -> Iterator[Source]:
    """Give the files that arguments stand for as they are come upon; none of them is remembered.

    Args:
        inputs: files, folders, patterns, and ``-`` for a list of files and folders on standard input.
        selection: what is left out is counted there, and what cannot be looked into.
        in_place: as of a Source.
        null: paths of the list end with a null character, not with a line.

    Raises:
        UsageError: an argument cannot be used.
    """
    named = tuple(item for item in inputs if item != STDIO)
    files = stream(named, TAKEN, _NOUN, selection.left_out, selection.failed, together=not in_place)
    for path, base in files:
        yield source_of(path, base, in_place=in_place)
    if STDIO in inputs:
        for path, base in _in_list(_listed(null=null), selection):
            yield source_of(path, base, in_place=in_place)


def about(inputs: tuple[str, ...]) -> int | None:
    """Count the files that arguments stand for, about; None where a list on standard input is among them."""
    return None if STDIO in inputs else count(inputs, TAKEN)


def _in_list(names: Iterable[str], selection: Selection) -> Iterator[tuple[Path, Path]]:
    """Give the files of a list and of its folders, named below the working folder, or by the whole path."""
    here = Path.cwd()
    for name in names:
        below = search(name, TAKEN, _NOUN, selection.left_out, selection.failed)
        for path, _ in below if is_dir(name) else [(Path(name), here)]:
            absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links must stay
            yield path, here if absolute.is_relative_to(here) else Path(absolute.anchor)


def _listed(*, null: bool) -> Iterator[str]:
    """Give the paths of a list on standard input, as they come.

    Args:
        null: each ends with a null character, else with a line.

    Raises:
        UsageError: there is no list.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    stdin = cast("BufferedReader", sys.stdin.buffer)
    separator, rest = b"\0" if null else b"\n", b""
    while block := stdin.read1(_LONGEST_NAME):
        if not null and b"\0" in block:
            raise UsageError(
                "standard input is no list of paths, one a line: it has a null character",
                hint="--null reads lists of such; a picture needs a file",
            )
        *names, rest = (rest + block).split(separator)
        if len(rest) > _LONGEST_NAME:
            raise UsageError("standard input is no list of paths: one of them has no end")
        yield from (os.fsdecode(name) for name in names if name)
    if rest:
        yield os.fsdecode(rest)
