"""The files that ``archive add`` is given: named, in folders, by patterns, in a list on standard input."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from glob import has_magic
from io import BufferedReader
from pathlib import Path
from typing import cast

from promptcodec.archive.sources.addresses import is_address
from promptcodec.archive.sources.braces import expanded
from promptcodec.archive.sources.container import Choice, is_container, split_column
from promptcodec.archive.sources.open import from_address, from_file, not_in_place
from promptcodec.archive.sources.source import Source
from promptcodec.cli.find import Selection, count, search, stream, why_not
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, exists, is_dir
from promptcodec.vision.formats import SUFFIXES

TAKEN = (*SUFFIXES, ".pxt")
"""How files end that are taken from folders."""

_NOUN = "images or streams"
_LONGEST_NAME = 1 << 16
_MOST_NAMES = 1 << 20
"""That the braces of one argument stand for."""


def choice_of(selection: Selection) -> Choice:
    """Give what is taken of files that hold others, and of folders at addresses: as of folders here."""
    return Choice(_why_not, selection.left_out, selection.failed)


def sources(inputs: tuple[str, ...], selection: Selection, *, in_place: bool, null: bool) -> Iterator[Source]:
    """Give what arguments stand for as it is come upon; nothing of it is remembered.

    Args:
        inputs: files, folders, patterns, files that hold pictures, addresses, and ``-`` for a list of these
            on standard input.
        selection: what is left out is counted there, and what cannot be looked into.
        in_place: as of a Source.
        null: paths of the list end with a null character, not with a line.

    Raises:
        UsageError: an argument cannot be used.
        MissingError: what reads one is not installed.
    """
    choice = choice_of(selection)
    named = [each for item in inputs if item != STDIO for each in _names(item)]
    if in_place and any(_is_elsewhere(item) for item in named):
        raise not_in_place()
    here = tuple(item for item in named if not is_address(item))
    files = stream(here, TAKEN, _NOUN, selection.left_out, selection.failed, together=not in_place)
    for path, base in files:
        yield from from_file(path, base, choice, in_place=in_place)
    for address in filter(is_address, named):
        yield from from_address(address, choice, in_place=in_place)
    if STDIO in inputs:
        for name in _listed(null=null):
            for each in _names(name):
                yield from _of_list(each, choice, in_place=in_place)


def about(inputs: tuple[str, ...]) -> int | None:
    """Count the files that arguments stand for, about; None where only reading them would tell."""
    if STDIO in inputs or any(_is_elsewhere(name) for item in inputs for name in _names(item)):
        return None
    return count([name for item in inputs for name in _names(item)], TAKEN)


def _names(item: str) -> Iterator[str]:
    """Give the names that an argument stands for: braces and patterns with a column are expanded."""
    for number, name in enumerate([item] if exists(item) else expanded(item)):
        if number == _MOST_NAMES:
            raise UsageError(f"{item[:80]} stands for more than {_MOST_NAMES:,} names; name fewer at a time")
        file, column = split_column(name)
        if column and not is_address(file) and not exists(name) and has_magic(file):
            yield from (f"{path}#{column}" for path, _ in search(file, (), "", Counter(), []))
        else:
            yield name


def _is_elsewhere(item: str) -> bool:
    """Say whether what an argument stands for is at an address, or in a file that holds it."""
    return is_address(item) or (is_container(split_column(item)[0]) and not is_dir(item))


def _of_list(name: str, choice: Choice, *, in_place: bool) -> Iterator[Source]:
    """Give what a line of a list stands for, named below the working folder, or by the whole path."""
    if is_address(name):
        yield from from_address(name, choice, in_place=in_place)
        return
    here = Path.cwd()
    below = search(name, TAKEN, _NOUN, choice.left_out, choice.failed)
    for path, _ in below if is_dir(name) else [(Path(name), here)]:
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links must stay
        base = here if absolute.is_relative_to(here) else Path(absolute.anchor)
        yield from from_file(path, base, choice, in_place=in_place)


def _why_not(name: str) -> str | None:
    return why_not(name, TAKEN, _NOUN)


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
