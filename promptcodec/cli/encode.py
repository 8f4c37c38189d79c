"""``promptcodec encode``."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import click

from promptcodec.api.spending import Limits, limited
from promptcodec.cli import batch, options, ready, report, spending
from promptcodec.cli.resume import may_replace
from promptcodec.cli.run import Run, estimate, inputs_of, run_options
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, check_free, read_file
from promptcodec.layers.registry import NAMES
from promptcodec.settings import (
    CAPTIONER,
    DEFAULT_LAYERS,
    EDGES,
    EFFORT,
    MAX_EFFORT,
    MIN_EFFORT,
    QUALITY_BYTES,
    RECIPE_MODES,
    STRUCTURES,
    TEXT_CODERS,
    TUNES,
    EncodeSettings,
)
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


def settings_of(given: dict[str, Any]) -> EncodeSettings:
    """Make the settings of the options: the files they name are read."""
    from promptcodec.cli.describe import read_description  # noqa: PLC0415 - heavy

    files: dict[str, Any] = {
        "description": read_description(given["description"]) if given["description"] else None,
        "pose": _read_json(given["pose"]) if given["pose"] else None,
        "dictionary": next(iter(batch.read_dictionaries(given["dictionary"])), None),
    }
    return EncodeSettings(**{**given, **files})


def check_files(given: dict[str, Any]) -> None:
    """Refuse files that options name and that cannot be used: the error is theirs, not a picture's."""
    from promptcodec.cli.describe import read_description  # noqa: PLC0415 - heavy

    readers = {"description": read_description, "pose": _read_json, "dictionary": batch.read_dictionaries}
    for name, read in readers.items():
        if given[name]:
            with batch.naming(given[name]):
                read(given[name])


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


def _read_json(path: str) -> Any:
    try:
        return json.loads(read_file(path))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"it holds no key points as JSON: {error}") from None


def _ready(given: dict[str, Any]) -> tuple[str, ...]:
    """Give what workers share: eyes where the captioner is the one that looks here."""
    layers = given["layers"]
    looks = given["captioner"] == CAPTIONER and not given["description"] and "semantic" in layers
    more = ([ready.EYES] if looks else []) + ([ready.TEXTURE] if "texture" in layers else [])
    return (__name__, "promptcodec.encoding", *ready.READING, *more)


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
@click.option("--budget", type=options.Bytes(), help="Most bytes of a stream, everything included (200B).")
@click.option("--bpp", type=float, help="The same as bits per pixel; the smallest limit holds.")
@click.option(
    "--quality",
    type=click.IntRange(1, len(QUALITY_BYTES)),
    help=f"A preset for the same: {', '.join(map(str, QUALITY_BYTES[:-1]))} or {QUALITY_BYTES[-1]} bytes.",
)
@options.choice(
    "--tune",
    TUNES,
    "Share a budget by meaning, words first; by what shows under builtin in pixels; or as published "
    "generative coders do.",
)
@click.option(
    "--words",
    type=options.Share(),
    help="What the words may take of a budget, whatever the tune: bytes (60B) or a share (0.4).",
)
@click.option(
    "--layers",
    type=options.Names(),
    default=",".join(DEFAULT_LAYERS),
    show_default=True,
    help=f"Of {', '.join(NAMES)}.",
)
@options.choice(
    "--structure",
    STRUCTURES,
    "What the structure layer shows: edges for contours; pose for skeletons of the people, or contours "
    "with a warning where there are none; auto for skeletons where somebody is large, else contours.",
)
@options.choice(
    "--edges", EDGES, "What finds the contours of the structure layer; soft prefers outlines to texture."
)
@click.option(
    "--pose",
    type=click.Path(exists=True, dir_okay=False),
    help="Store these key points (COCO-17, JSON) as the structure layer, whatever --structure says.",
)
@options.captioner_option
@click.option(
    "--description",
    type=click.Path(exists=True, dir_okay=False),
    help="Store this description (text or JSON) instead of asking a captioner.",
)
@options.choice("--text-coder", TEXT_CODERS)
@options.dictionary_option
@options.choice(
    "--recipe",
    RECIPE_MODES,
    "The generation recipe a file carries: store it where there is room, only it, or not.",
)
@click.option(
    "--recipe-redact", "redact", is_flag=True, help="Take paths, names, keys and addresses out of the recipe."
)
@click.option(
    "--effort",
    type=click.IntRange(MIN_EFFORT, MAX_EFFORT),
    default=EFFORT,
    show_default=True,
    help="How long to search for the texture layer that fits best: 1 is fast, 9 is slow.",
)
@options.seed_option("Store this seed for the generator.")
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
        ready=_ready(given),
        selection=selection,
        note=note,
    )
    report.warn_of_unread(sum(unread))
    sys.exit(code)
