"""``promptcodec check``."""

from __future__ import annotations

import sys
from typing import Any

import click

from promptcodec.cli import batch, options, report
from promptcodec.cli.agreement import CHECK_FAILED, agreement
from promptcodec.errors import UsageError
from promptcodec.files import STDIO


def show(result: dict[str, Any]) -> str:
    """Make the lines a person reads."""
    lines = [agreement(result)]
    lines += [
        f"  {aim:<12}{'not run' if closeness is None else f'{closeness:.2f}'}"
        for aim, closeness in result["aims"].items()
    ]
    lines += [
        f"  differs: {field['name']}: said {field['expected']!r}, shows {field['got']!r}"
        for field in result["fields"]
        if field["agree"] is False
    ]
    return "\n".join(lines)


@click.command(
    "check",
    epilog="\b\nExamples:\n  promptcodec check photo.pxt photo-again.png --json",
)
@click.argument("stream", metavar="X.pxt")
@click.argument("image", metavar="IMG")
@options.dictionary_option
@options.json_option
def command(stream: str, image: str, dictionary: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Check that a picture means what a stream says; exit 3 where it does not.

    The picture is compared with the stream alone: a picture that agrees with few words may look little
    like the original.
    """
    if stream == image == STDIO:
        raise click.UsageError("only one of the two can be standard input")
    from promptcodec import decoding, recipe  # noqa: PLC0415 - heavy
    from promptcodec.bitstream.container import MAGIC  # noqa: PLC0415
    from promptcodec.vision.load import load_image  # noqa: PLC0415

    with batch.naming(image):
        pixels = batch.read_input(image)
    with batch.naming(stream):
        data = batch.read_input(stream)
        if pixels.startswith(MAGIC) and not data.startswith(MAGIC):
            raise UsageError(f"{image} is the stream: it comes first, then the picture")
    with batch.naming(image):
        picture = load_image(pixels)
    with batch.naming(stream):
        checked = decoding.check(
            data, picture, recipe=recipe.read(pixels), dictionaries=batch.read_dictionaries(dictionary)
        )
    report.warn_of(stream, checked.warnings)
    batch.warn_of_unused(dictionary, [data])
    result = {"file": stream, "image": image, "ok": True, **checked.to_json()}
    if as_json:
        report.emit(result)
    else:
        report.say(show(result), lines=True)
    sys.exit(0 if result["verdict"] == "pass" else CHECK_FAILED)
