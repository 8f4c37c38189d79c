"""``promptcodec train-dictionary``."""

from __future__ import annotations

import click

from promptcodec.cli import batch, options, report
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, check_free


@click.command(
    "train-dictionary",
    short_help="Train a dictionary on your own texts.",
    epilog="\b\nExamples:\n"
    "  promptcodec train-dictionary captions.txt -o my.dict\n"
    "  promptcodec encode photo.jpg -o photo.pxt --dictionary my.dict\n"
    "  promptcodec decode photo.pxt -o photo.png --dictionary my.dict",
)
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option("-o", "--output", required=True, help="The dictionary to write.")
@click.option(
    "--size", type=options.Bytes(), default="114688B", show_default=True, help="Most bytes of the dictionary."
)
@options.overwrite_option
@options.json_option
def command(files: tuple[str, ...], output: str, size: int, overwrite: bool, as_json: bool) -> None:  # noqa: FBT001
    """Train a dictionary on your own texts, one per line.

    A stream made with it names it by its hash; decoding needs the same file.
    """
    from promptcodec.entropy import dictionary  # noqa: PLC0415 - heavy

    batch.check_stdout(output, as_json=as_json)
    check_free(output, overwrite=overwrite)
    texts: list[str] = []
    for file in files:
        with batch.naming(file):
            try:
                texts += filter(None, batch.read_input(file).decode("utf-8").splitlines())
            except UnicodeDecodeError as error:
                raise UsageError(f"is not UTF-8 text: byte {error.start}") from None
    trained = dictionary.train(texts, size)
    batch.write_output(output, trained, overwrite=overwrite)
    made = {
        "out": output,
        "ok": True,
        "bytes": len(trained),
        "hash": dictionary.name(trained).hex(),
        "texts": len(texts),
    }
    if as_json:
        report.emit(made)
    elif output != STDIO:
        report.say(f"{output}  {made['bytes']} B  from {made['texts']} texts  hash {made['hash']}")
