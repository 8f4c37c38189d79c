"""Which files a command reads and where each result goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from promptcodec.cli import batch
from promptcodec.files import STDIO, Source, destinations, exists, expand

STREAMS = (".pxt",)


def plan(
    inputs: tuple[str, ...],
    output: str | None,
    suffixes: Sequence[str],
    result_name: Callable[[str], str],
    *,
    as_json: bool,
    skip_existing: bool = False,
) -> list[tuple[Source, str]]:
    """Pair the inputs of a command with its outputs.

    Args:
        inputs: files, folders, patterns or ``-``.
        output: a file, a folder or ``-``; None where the command line names none.
        suffixes: of the files that are taken from folders.
        result_name: gives the name of a result from that of its input.
        as_json: standard output is taken by JSON lines.
        skip_existing: leave out inputs whose output exists.

    Raises:
        UsageError: there is nothing to work on, or two results would go to one place.
    """
    out = resolve_output(output, inputs)
    batch.check_stdout(out, as_json=as_json)
    sources, in_folder = expand(inputs, suffixes)
    names = [result_name(source.name) for source in sources]
    targets = destinations(sources, names, out, in_folder=in_folder)
    pairs = zip(sources, targets, strict=True)
    return [(source, target) for source, target in pairs if not (skip_existing and exists(target))]


def plan_one(source: str, output: str | None, *, as_json: bool) -> str:
    """Give the output of a command that changes one stream."""
    out = resolve_output(output, (source,))
    batch.check_stdout(out, as_json=as_json)
    with batch.naming(source):
        (target,) = destinations([Source(source, source)], [f"{source}.pxt"], out, in_folder=False)
    return target


def resolve_output(output: str | None, inputs: tuple[str, ...]) -> str:
    """Give the output: what was asked for, or standard output for standard input."""
    if output is not None:
        return output
    if inputs == (STDIO,):
        return STDIO
    raise click.UsageError("say where the result goes: -o FILE, -o FOLDER or -o -")
