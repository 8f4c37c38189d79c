"""Which files a command reads and where each result goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from promptcodec.cli import batch
from promptcodec.cli.find import STREAMS, Selection, Source, find
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, check_apart, exists, is_dir

Pairs = list[tuple[Source, str]]
"""Inputs and their outputs."""


def plan(
    inputs: tuple[str, ...],
    output: str | None,
    suffixes: Sequence[str],
    result_name: Callable[[str], str],
    *,
    as_json: bool,
    read: Sequence[str | None] = (),
) -> tuple[Selection, Pairs]:
    """Pair the inputs of a command with its outputs.

    Args:
        inputs: files, folders, patterns or ``-``.
        output: a file, a folder or ``-``; None where the command line names none.
        suffixes: of the files that are taken from folders.
        result_name: gives the name of a result from that of its input.
        as_json: standard output is taken by JSON lines.
        read: what else is read, such as a dictionary.

    Returns:
        What the inputs stand for, and the pairs.

    Raises:
        UsageError: two results would go to one place, or one where something is read.
    """
    out = resolve_output(output, inputs)
    batch.check_stdout(out, as_json=as_json)
    selection = find(inputs, suffixes, "streams" if suffixes == STREAMS else "images")
    names = [result_name(source.name) for source in selection.sources]
    targets = destinations(selection.sources, names, out, in_folder=selection.in_folder)
    check_apart(targets, (*(source.path for source in selection.sources), *read))
    return selection, _apart(list(zip(selection.sources, targets, strict=True)), out, selection)


def plan_one(source: str, output: str | None, *, as_json: bool, read: Sequence[str | None] = ()) -> str:
    """Give the output of a command that changes one stream; ``read`` is as for ``plan``."""
    out = resolve_output(output, (source,))
    batch.check_stdout(out, as_json=as_json)
    with batch.naming(source):
        (target,) = destinations([Source(source, source)], [f"{source}.pxt"], out, in_folder=False)
        check_apart((target,), (source, *read))
    return target


def resolve_output(output: str | None, inputs: tuple[str, ...]) -> str:
    """Give the output: what was asked for, or standard output for standard input."""
    if output == "":
        raise UsageError("the output has no name", hint="a shell makes that of a variable that is not set")
    if output is not None:
        return output
    if inputs == (STDIO,):
        return STDIO
    raise click.UsageError("say where the result goes: -o FILE, -o FOLDER or -o -")


def destinations(sources: Sequence[Source], names: Sequence[str], out: str, *, in_folder: bool) -> list[str]:
    """Choose the output of each source.

    Args:
        sources: the inputs.
        names: the result's name for each, below a folder.
        out: a file, a folder (it exists, ends in a separator, or there are several inputs), or ``-``.
        in_folder: the results need a folder.

    Raises:
        UsageError: two inputs would give one output, or several standard output.
    """
    if out == STDIO:
        if in_folder:
            raise UsageError("several results cannot go to standard output", hint="name a folder with -o")
        return [STDIO]
    if not in_folder and not is_dir(out) and not out.endswith(("/", os.sep)):
        return [out]
    if in_folder and Path(out).is_file():
        raise UsageError(f"several results need a folder, but {out} is a file")
    targets = [str(Path(out) / name) for name in names]
    owner: dict[str, str] = {}
    for source, target in zip(sources, targets, strict=True):
        if target in owner:
            raise UsageError(f"{owner[target]} and {source.path} would both become {target}")
        owner[target] = source.path
    return targets


def _apart(pairs: Pairs, out: str, selection: Selection) -> Pairs:
    """Give the pairs but those that would be one file where names differ by case alone: these have failed."""
    owner: dict[str, str] = {}
    kept: Pairs = []
    for source, target in pairs:
        first = owner.setdefault(target.casefold(), target)
        if first != target and _ignores_case(Path(out)):
            error = UsageError(f"{target} and {first} are one file there; give the picture another name")
            selection.failed.append((source.path, error))
        else:
            kept.append((source, target))
    return kept


def _ignores_case(folder: Path) -> bool:
    """Say whether names that differ by case are one name where a folder is, or will be."""
    for place in (folder.absolute(), *folder.absolute().parents):
        other = place.with_name(place.name.swapcase()) if place.name else place
        if exists(place) and other != place:
            return exists(other) and place.samefile(other)
    return False
