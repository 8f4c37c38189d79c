"""``promptcodec encode``."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from promptcodec.api.spending import Limits, begin, metered
from promptcodec.cli import batch, options, report, spending
from promptcodec.errors import UsageError
from promptcodec.files import IMAGE_SUFFIXES, STDIO, check_free, destinations, exists, expand


@dataclass(frozen=True, slots=True)
class EncodeTask:
    """One picture to encode."""

    source: str
    out: str
    overwrite: bool
    description: str | None
    pose: str | None
    dictionary: str | None
    limits: Limits
    settings: dict[str, Any]


def encode_one(task: EncodeTask) -> dict[str, Any]:
    """Encode one picture; give the JSON object of the result."""
    from promptcodec import codec, reading  # noqa: PLC0415 - workers and --help start light
    from promptcodec.cli.describe import read_description  # noqa: PLC0415

    check_free(task.out, overwrite=task.overwrite)
    begin(task.limits)
    start = time.perf_counter()
    dictionaries = batch.read_dictionaries(task.dictionary)
    with report.recipe_warnings(task.source), metered() as spent:
        data = codec.encode(
            batch.read_input(task.source),
            description=read_description(task.description) if task.description else None,
            pose=_read_json(task.pose) if task.pose else None,
            dictionary=dictionaries[0] if dictionaries else None,
            **task.settings,
        )
    seconds = time.perf_counter() - start
    batch.write_output(task.out, data, overwrite=task.overwrite)
    outline = reading.outline(data)
    return {
        "file": task.source,
        "out": task.out,
        "ok": True,
        "bytes": len(data),
        "width": outline["width"],
        "height": outline["height"],
        "bpp": outline["bpp"],
        "parts": [{key: part[key] for key in ("type", "coder", "bytes")} for part in outline["parts"]],
        "seconds": round(seconds, 4),
    } | spending.spent_object(spent)


def _read_json(path: str) -> Any:
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} holds no key points as JSON: {error}") from None


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
    "  promptcodec encode pictures/ -o streams/ --bpp 0.003 --jobs 4\n"
    "  cat photo.jpg | promptcodec encode - > photo.pxt",
)
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@options.output_option
@click.option("--budget", type=options.Bytes(), help="Most bytes of a stream, everything included (200B).")
@click.option("--bpp", type=float, help="The same as bits per pixel; the smallest limit holds.")
@click.option(
    "--quality",
    type=click.IntRange(1, 5),
    help="A preset for the same: 64, 128, 256, 512 or 1024 bytes.",
)
@click.option(
    "--tune",
    type=click.Choice(["measured", "generative"]),
    default="measured",
    show_default=True,
    help="Share the bytes by what they are worth under builtin, or as published generative coders do.",
)
@click.option(
    "--layers",
    type=options.Names(),
    default="semantic,texture",
    show_default=True,
    help="Of semantic, texture, structure, recipe, signature, pixels.",
)
@click.option(
    "--edges",
    type=click.Choice(["canny", "soft"]),
    default="canny",
    show_default=True,
    help="What finds the contours of the structure layer; soft prefers outlines to texture.",
)
@click.option(
    "--pose",
    type=click.Path(exists=True, dir_okay=False),
    help="Store these key points (COCO-17, JSON) as the structure layer.",
)
@click.option("--captioner", default="local", show_default=True, metavar="NAME[:URL]", help="Who looks.")
@click.option(
    "--description",
    type=click.Path(exists=True, dir_okay=False),
    help="Store this description (text or JSON) instead of asking a captioner.",
)
@click.option(
    "--text-coder",
    type=click.Choice(["auto", "ppm", "zstd", "brotli", "raw"]),
    default="auto",
    show_default=True,
)
@options.dictionary_option
@click.option(
    "--recipe",
    type=click.Choice(["auto", "only", "off"]),
    default="auto",
    show_default=True,
    help="The generation recipe a file carries: store it where there is room, only it, or not.",
)
@click.option(
    "--recipe-redact", "redact", is_flag=True, help="Take paths, names, keys and addresses out of the recipe."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Store this seed for the generator.")
@spending.cap_options
@spending.dry_run_option
@options.overwrite_option
@options.skip_option
@options.jobs_option
@options.json_option
def command(
    inputs: tuple[str, ...],
    output: str | None,
    description: str | None,
    pose: str | None,
    dictionary: str | None,
    max_cost: float | None,
    max_requests: int,
    dry_run: bool,  # noqa: FBT001 - click calls by keyword
    overwrite: bool,  # noqa: FBT001
    skip_existing: bool,  # noqa: FBT001
    jobs: int | None,
    as_json: bool,  # noqa: FBT001
    **settings: Any,
) -> None:
    """Encode pictures to streams.

    IN is a file, a folder, a pattern or - for standard input. A folder gives
    OUT/<relative name>.pxt for each picture in it.
    """
    if dry_run:
        found, _ = expand(inputs, IMAGE_SUFFIXES)
        estimates = [spending.EstimateTask(s.path, settings["captioner"], settings) for s in found]
        sys.exit(
            batch.run(estimates, spending.estimate_encode, spending.show_estimate, jobs=1, as_json=as_json)
        )
    out = options.resolve_output(output, inputs)
    batch.check_stdout(out, as_json=as_json)
    sources, in_folder = expand(inputs, IMAGE_SUFFIXES)
    targets = destinations(sources, [f"{source.name}.pxt" for source in sources], out, in_folder=in_folder)
    limits = spending.limits(max_cost, max_requests)
    tasks = [
        EncodeTask(source.path, target, overwrite, description, pose, dictionary, limits, settings)
        for source, target in zip(sources, targets, strict=True)
        if not (skip_existing and exists(target))
    ]
    sys.exit(batch.run(tasks, encode_one, show, jobs=options.resolve_jobs(jobs, len(tasks)), as_json=as_json))
