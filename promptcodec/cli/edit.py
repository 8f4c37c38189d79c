"""``promptcodec edit``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

import click

from promptcodec.cli import batch, options, report
from promptcodec.cli.plan import plan_one
from promptcodec.edit.spec import FILES, OPERATIONS, SPELLINGS, Edit
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, check_apart, check_free, read_file, same_place
from promptcodec.layers.registry import LAYERS

DRAWN = {layer.name for layer in LAYERS if layer.drawn}


class Ordered(click.Command):
    """A command that remembers in which order its options stood, and that counts their arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and keep the options' names in order, each as often as it stood there."""
        self._check_arguments(ctx, args)
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta["order"] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)

    def _check_arguments(self, ctx: click.Context, args: list[str]) -> None:
        """Refuse an operation that has fewer arguments than it takes: click would take the next option."""
        options = {name for parameter in self.params for name in (*parameter.opts, *parameter.secondary_opts)}
        for index, arg in enumerate(args):
            operation = SPELLINGS.get(arg.removeprefix("--")) if arg.startswith("--") else None
            if operation is None or len(operation.metavars) < 2:
                continue
            values = args[index + 1 : index + 1 + len(operation.metavars)]
            if len(values) < len(operation.metavars) or not options.isdisjoint(values):
                form = " ".join((arg, *operation.metavars))
                raise click.UsageError(
                    f"{arg} takes {len(operation.metavars)} arguments, each for itself: {form}", ctx
                )


def operations(function: Any) -> Any:
    """Add an option for every operation."""
    for name, operation in reversed(SPELLINGS.items()):
        option = click.option(
            f"--{name}",
            nargs=len(operation.metavars),
            type=str,
            multiple=True,
            metavar=" ".join(operation.metavars),
            help=operation.help,
            hidden=name not in OPERATIONS,
        )
        function = option(function)
    return function


def collect(order: list[str], given: dict[str, Any]) -> list[Edit]:
    """Give the edits in the order of the command line, with the files they name read."""
    values = {name: iter(given[name.replace("-", "_")]) for name in SPELLINGS}
    edits = []
    for parameter in order:
        name = parameter.replace("_", "-")
        if name not in SPELLINGS:
            continue
        value = next(values[name])
        arguments = (value,) if isinstance(value, str) else value
        edits.append(Edit(name, tuple(map(_read, arguments, SPELLINGS[name].metavars))))
    return edits


def files_of(given: dict[str, Any]) -> Iterator[str]:
    """Give the files that operations name."""
    for name, operation in SPELLINGS.items():
        for value in given[name.replace("-", "_")]:
            arguments = (value,) if isinstance(value, str) else value
            for argument, metavar in zip(arguments, operation.metavars, strict=True):
                if metavar in FILES:
                    yield argument


def _read(argument: str, metavar: str) -> str | bytes:
    """Give an argument, of one that names a file the bytes: what is wrong with these is the file's error."""
    if metavar not in FILES:
        return argument
    from promptcodec.edit.region import parse_mask  # noqa: PLC0415 - heavy
    from promptcodec.reading import open_stream  # noqa: PLC0415

    with batch.naming(argument):
        data = read_file(argument)
        (parse_mask if metavar == "PNG" else open_stream)(data)
        return data


def _check_apart(preview: str, out: str, read: Iterable[str | None]) -> None:
    """Raise UsageError where the preview would be written over the result, or over what is read."""
    check_apart((preview,), read)
    if same_place(preview, out):
        raise UsageError(f"the preview needs a file of its own, not {preview}")


def _check_preview(data: bytes) -> None:
    """Raise UsageError where builtin has nothing to draw from, before anything is written."""
    from promptcodec import reading  # noqa: PLC0415 - heavy

    if not {part["type"] for part in reading.outline(data)["parts"]} & DRAWN:
        raise UsageError(
            "builtin has nothing to draw a preview from: the stream holds neither words nor picture",
            hint="leave out --preview; decode --generator images draws the result",
        )


def show(result: dict[str, Any]) -> str:
    """Make the line a person reads."""
    changed = ", ".join(result["changed"]) or "nothing"
    return f"{result['out']}  {result['bytes_before']} -> {result['bytes']} B  changed: {changed}"


@click.command(
    "edit",
    cls=Ordered,
    epilog="\b\nBOX is r2c2:r3c4 (cells, as inspect shows them) or x0,y0,x1,y1 (pixels of the original).\n\n"
    "\b\nExamples:\n"
    "  promptcodec edit photo.pxt -o kite.pxt --cell r2c3 'red kite' --preview kite.png\n"
    "  promptcodec edit photo.pxt -o autumn.pxt --replace green 'autumn orange'\n"
    "  promptcodec edit photo.pxt -o empty.pxt --erase r2c2:r3c4 --style 'mood: lonely'\n"
    "  promptcodec edit photo.pxt -o other.pxt --transplant texture other-photo.pxt\n"
    "  promptcodec edit recipe.pxt -o owl.pxt --prompt 'an owl at dusk' --negative '' --set seed=7",
)
@click.argument("source", metavar="IN")
@options.output_option
@operations
@click.option("--preview", metavar="PNG", help="Draw the result with builtin.")
@options.dictionary_option
@options.overwrite_option
@options.json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    source: str,
    output: str | None,
    preview: str | None,
    dictionary: str | None,
    overwrite: bool,  # noqa: FBT001 - click calls by keyword
    as_json: bool,  # noqa: FBT001
    **given: Any,
) -> None:
    """Edit a stream without decoding it to pixels; the operations run in the order given.

    What an operation does not name stays as it is, to the byte. IN can be - for standard input.
    """
    read = [*files_of(given), dictionary]
    out = plan_one(source, output, as_json=as_json, read=read)
    from promptcodec import decoding, edit, provenance  # noqa: PLC0415 - heavy

    with batch.naming(source):
        if preview is not None:
            batch.check_stdout(preview, as_json=as_json)
            _check_apart(preview, out, (source, *read))
        edits = collect(context.meta["order"], given)
        if not edits:
            raise UsageError("say what to edit, as in --erase r2c2:r3c4; see promptcodec edit --help")
        data = batch.read_input(source)
        check_free(out, overwrite=overwrite)
        if preview is not None:
            provenance.picture_format(preview)
            check_free(preview, overwrite=overwrite)
        dictionaries = batch.read_dictionaries(dictionary)
        start = time.perf_counter()
        edited = edit.apply(data, edits, dictionaries=dictionaries)
        seconds = time.perf_counter() - start
        if preview is not None:
            _check_preview(edited.data)
            drawn = decoding.decode(edited.data, dictionaries=dictionaries)
            report.warn_of(source, drawn.report.warnings)
            picture = provenance.save(drawn.image, preview, provenance.record(drawn.report))
            batch.write_output(preview, picture, overwrite=overwrite)
        batch.write_output(out, edited.data, overwrite=overwrite)
    batch.warn_of_unused(dictionary, (data, edited.data))
    warnings = [report.message(warning) for warning in edited.warnings]
    for warning in warnings:
        report.warn(f"{source}: {warning}")
    result = {
        "file": source,
        "out": out,
        "ok": True,
        "bytes_before": len(data),
        "bytes": len(edited.data),
        "changed": list(edited.changed),
        "builtin_shows": edited.builtin_shows,
        "warnings": warnings,
        "seconds": round(seconds, 4),
    }
    if as_json:
        report.emit(result)
    elif out != STDIO:
        report.say(show(result))
