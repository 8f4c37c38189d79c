"""``promptcodec encode``."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

import click

from promptcodec.api.spending import Limits, limited
from promptcodec.cli import batch, options, report, spending
from promptcodec.cli.encode_options import check_files, encode_options, ready_for, settings_of
from promptcodec.cli.resume import may_replace
from promptcodec.cli.run import Run, estimate, inputs_of, run_options
from promptcodec.files import STDIO, check_free
from promptcodec.vision.formats import SUFFIXES

UNREAD = "unread"
"""What a result holds for the end of the run: lettering that was not read. It is not printed for each."""


@dataclass(frozen=True, slots=True)
class EncodeTask:
    """One picture to encode.

    Attributes:
        source, out: files, or ``-``.
        overwrite: replace the output if it exists.
        skip_existing: do nothing where it exists and can be read.
        limits: what hosted models may cost.
        given: the options of the command line, files as paths.
    """

    source: str
    out: str
    overwrite: bool
    skip_existing: bool
    limits: Limits
    given: dict[str, Any]


def encode_one(task: EncodeTask) -> dict[str, Any] | None:
    """Encode one picture; give the JSON object of the result, and UNREAD; None where it was done before."""
    overwrite = _may_replace(task)
    if overwrite is None:
        return None
    from promptcodec import encoding  # noqa: PLC0415 - workers and --help start light

    picture = batch.read_input(task.source)
    check_free(task.out, overwrite=overwrite)
    start = time.perf_counter()
    with limited(task.limits):
        encoded = encoding.encode_full(picture, settings_of(task.given))
    seconds = time.perf_counter() - start
    report.warn_of(task.source, encoded.warnings)
    batch.write_output(task.out, encoded.data, overwrite=overwrite)
    outline = encoded.outline
    return (
        {
            "file": task.source,
            "out": task.out,
            "ok": True,
            "bytes": outline["bytes"],
            "width": outline["width"],
            "height": outline["height"],
            "original_width": encoded.original[0],
            "original_height": encoded.original[1],
            "bpp": outline["bpp"],
            "parts": [{key: part[key] for key in ("type", "coder", "bytes")} for part in outline["parts"]],
            "seconds": round(seconds, 4),
            UNREAD: encoded.unread,
        }
        | spending.spent_object(encoded.spent)
        | batch.dictionary_used(task.given["dictionary"], [encoded.data])
    )


def _may_replace(task: EncodeTask) -> bool | None:
    from promptcodec import reading  # noqa: PLC0415 - heavy

    def read(data: bytes) -> object:
        return reading.verify(data, dictionaries=batch.read_dictionaries(task.given["dictionary"]))

    return may_replace(task.out, read, overwrite=task.overwrite, skip_existing=task.skip_existing)


def estimate_one(task: EncodeTask) -> dict[str, Any] | None:
    """Say what hosted captioners would cost; give the JSON object of it, None where nothing is to do."""
    if _may_replace(task) is None:
        return None
    from promptcodec import encoding  # noqa: PLC0415 - heavy

    estimate = encoding.estimate(batch.read_input(task.source), settings_of(task.given))
    result = spending.estimate_object(task.source, estimate.requests, estimate.cost, exact=estimate.exact)
    if estimate.requests[1]:
        result |= {"input_tokens": estimate.input_tokens, "output_tokens": estimate.output_tokens}
    return result


def show(result: dict[str, Any]) -> str:
    """Make the line a person reads."""
    if result["out"] == STDIO:
        return ""
    parts = ", ".join(f"{part['type']} {part['bytes']}" for part in result["parts"])
    spent = spending.spent_words(result)
    return f"{result['out']}  {result['bytes']} B  {result['bpp']:.5f} bpp  ({parts}){spent}"


@click.command(
    "encode",
    epilog="\b\nExamples:\n"
    "  promptcodec encode photo.jpg -o photo.pxt\n"
    "  promptcodec encode photo.jpg -o photo.pxt --budget 100B --layers semantic\n"
    "  promptcodec encode photo.jpg -o photo.pxt --budget 200B --words 60B\n"
    "  promptcodec encode pictures/ -o streams/ --bpp 0.003 --jobs 4\n"
    "  cat photo.jpg | promptcodec encode - > photo.pxt",
)
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@options.output_option
@encode_options
@run_options
def command(
    inputs: tuple[str, ...],
    output: str | None,
    run: Run,
    **given: Any,
) -> None:
    """Encode pictures to streams.

    IN is a file, a folder, a pattern or - for standard input. A folder gives
    OUT/<relative name>.pxt for each picture in it.
    """
    check_files(given)
    read = [given[name] for name in ("description", "pose", "dictionary")]
    selection, pairs = inputs_of(run, inputs, output, SUFFIXES, "{}.pxt".format, read)
    tasks = [
        EncodeTask(source.path, target, run.overwrite, run.skip_existing, run.limits, given)
        for source, target in pairs
    ]
    if run.dry_run:
        sys.exit(estimate(tasks, estimate_one, selection, as_json=run.as_json))
    workers = options.resolve_jobs(run.jobs, len(tasks))
    unread: list[bool] = []

    def note(result: dict[str, Any]) -> None:
        unread.append(result.pop(UNREAD))

    code = batch.run(
        tasks,
        encode_one,
        show,
        jobs=workers,
        as_json=run.as_json,
        ready=(__name__, *ready_for(given)),
        selection=selection,
        note=note,
    )
    report.warn_of_unread(sum(unread))
    sys.exit(code)
