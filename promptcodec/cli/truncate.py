"""``promptcodec truncate``."""

from __future__ import annotations

import click

from promptcodec.cli import batch, options, report
from promptcodec.cli.plan import plan_one
from promptcodec.files import STDIO, check_free


@click.command(
    "truncate",
    epilog="\b\nExamples:\n"
    "  promptcodec truncate photo.pxt -o small.pxt --bytes 120\n"
    "  promptcodec truncate photo.pxt -o words.pxt --layers semantic",
)
@click.argument("source", metavar="IN")
@options.output_option
@click.option(
    "--bytes", "most", type=options.Bytes(), help="Leave out the finest parts until it fits (120B)."
)
@click.option("--layers", type=options.Names(), help="Keep only these.")
@options.dictionary_option
@options.overwrite_option
@options.json_option
def command(
    source: str,
    output: str | None,
    most: int | None,
    layers: tuple[str, ...] | None,
    dictionary: str | None,
    overwrite: bool,  # noqa: FBT001 - click calls by keyword
    as_json: bool,  # noqa: FBT001
) -> None:
    """Leave out parts of a stream: a valid, shorter file whose parts are the same bytes.

    Words that lose their colour map get its colours. IN can be - for standard input.
    """
    if most is None and layers is None:
        raise click.UsageError("say how short: --bytes N, or --layers NAMES, or both")
    out = plan_one(source, output, as_json=as_json, read=[dictionary])
    from promptcodec import edit, reading  # noqa: PLC0415 - heavy

    with batch.naming(source):
        data = batch.read_input(source)
        check_free(out, overwrite=overwrite)
        shorter = edit.truncate(
            data, most=most, layers=layers, dictionaries=batch.read_dictionaries(dictionary)
        )
        batch.write_output(out, shorter, overwrite=overwrite)
    batch.warn_of_unused(dictionary, [data])
    kept = [part["type"] for part in reading.outline(shorter)["parts"]]
    if as_json:
        result = {"file": source, "out": out, "ok": True, "bytes_before": len(data), "bytes": len(shorter)}
        report.emit(result | {"layers": kept})
    elif out != STDIO:
        report.say(f"{out}  {len(data)} -> {len(shorter)} B  {', '.join(kept)}")
