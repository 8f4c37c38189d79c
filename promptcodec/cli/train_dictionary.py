"""``promptcodec train-dictionary``."""

from __future__ import annotations

import click

from promptcodec.cli import batch, options, report
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, check_apart, check_free, identity


def check_once(files: tuple[str, ...]) -> None:
    """Raise UsageError where a file stands there twice: its texts would count twice."""
    seen: dict[object, str] = {}
    for file in files:
        key = identity(file) or file
        if key in seen:
            called = "named twice" if seen[key] == file else f"the same file as {seen[key]}"
            raise UsageError(f"{file} is {called}: its texts would count twice")
        seen[key] = file


@click.command(
    "train-dictionary",
    epilog="\b\nExamples:\n"
    "  promptcodec train-dictionary captions.txt -o my.dict\n"
    "  promptcodec train-dictionary captions.txt -o my.dict --ppm\n"
    "  promptcodec encode photo.jpg -o photo.pxt --dictionary my.dict\n"
    "  promptcodec decode photo.pxt -o photo.png --dictionary my.dict",
)
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option("-o", "--output", required=True, help="The dictionary to write.")
@click.option(
    "--size", type=options.Bytes(), default="114688B", show_default=True, help="Most bytes of the dictionary."
)
@click.option(
    "--ppm",
    is_flag=True,
    help="Make a table for the text coder ppm instead: all the texts, whatever --size says.",
)
@options.overwrite_option
@options.json_option
def command(
    files: tuple[str, ...],
    output: str,
    size: int,
    ppm: bool,  # noqa: FBT001
    overwrite: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Train a dictionary on your own texts, one per line.

    A stream made with it names it by its hash; decoding needs the same file. It holds your
    texts, or pieces of them, as they are: do not give it to who must not read them.
    """
    from promptcodec.entropy import dictionary  # noqa: PLC0415 - heavy
    from promptcodec.entropy.ppm import user as ppm_user  # noqa: PLC0415 - heavy

    batch.check_stdout(output, as_json=as_json)
    check_once(files)
    check_apart((output,), files)
    texts: list[str] = []
    for file in files:
        with batch.naming(file):
            try:
                texts += filter(None, batch.read_input(file).decode("utf-8").splitlines())
            except UnicodeDecodeError as error:
                raise UsageError(f"is not UTF-8 text: byte {error.start}") from None
    check_free(output, overwrite=overwrite)
    if ppm:
        trained, used = ppm_user.make(texts)
    else:
        trained, used = dictionary.train(texts, size), len(texts)
    batch.write_output(output, trained.data, overwrite=overwrite)
    result = {
        "out": output,
        "ok": True,
        "bytes": len(trained.data),
        "hash": trained.id.hex(),
        "texts": used,
    }
    if as_json:
        report.emit(result)
    elif output != STDIO:
        report.say(f"{output}  {result['bytes']} B  from {result['texts']} texts  hash {result['hash']}")
