"""``promptcodec decode``."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from promptcodec.api.spending import Limits, limited
from promptcodec.cli import batch, options, ready, report, spending, steps, together
from promptcodec.cli.agreement import CHECK_FAILED, agreement
from promptcodec.cli.find import STREAMS
from promptcodec.cli.resume import may_replace, open_picture
from promptcodec.cli.run import Run, estimate, inputs_of, run_options
from promptcodec.cli.tasks import Result
from promptcodec.files import STDIO, check_free
from promptcodec.settings import GENERATOR, STRENGTH

if TYPE_CHECKING:
    from promptcodec.decoding import Decoded


@dataclass(frozen=True, slots=True)
class DecodeTask:
    """One stream to decode.

    Attributes:
        source, out: files, or ``-``.
        overwrite: replace outputs that exist.
        skip_existing: do nothing where the output exists and opens.
        limits: what hosted models may cost.
        dictionary: a path, as on the command line.
        steps: folder and name of the pictures after each layer and on the way, None for none.
        shown: how far the picture is is shown.
        settings: arguments of ``decoding.decode``.
    """

    source: str
    out: str
    overwrite: bool
    skip_existing: bool
    limits: Limits
    dictionary: str | None
    steps: steps.Place | None
    shown: bool
    settings: dict[str, Any]


def decode_one(task: DecodeTask) -> dict[str, Any] | None:
    """Decode one stream; give the JSON object of the result, None where it was done before."""
    opened = read(task)
    if opened is None:
        return None
    from promptcodec import decoding  # noqa: PLC0415 - workers and --help start light

    previews = steps.Previews() if task.steps else None
    settings = settings_of(task)
    with limited(task.limits):
        with steps.watched(task.source, previews, shown=task.shown) as watch:
            decoded = decoding.decode(opened.data, **settings, watch=watch)
        return finish(task, opened, decoded, previews)


def settings_of(task: DecodeTask) -> dict[str, Any]:
    """Give the arguments of ``decoding.decode``, the dictionary read."""
    return {**task.settings, "dictionaries": batch.read_dictionaries(task.dictionary)}


def read(task: DecodeTask) -> together.Opened | None:
    """Read a stream whose picture can be written; None where it was done before."""
    overwrite = _may_replace(task)
    if overwrite is None:
        return None
    from promptcodec import provenance  # noqa: PLC0415 - heavy

    data = batch.read_input(task.source)
    check_free(task.out, overwrite=overwrite)
    if task.steps is not None:
        steps.check(task.steps, task.out, (task.source, task.dictionary), overwrite=overwrite)
    provenance.picture_format(_name(task))  # refused before anything is drawn
    return together.Opened(data, overwrite)


def finish(
    task: DecodeTask, opened: together.Opened, decoded: Decoded, previews: steps.Previews | None = None
) -> dict[str, Any]:
    """Write a picture, and those beside it; give the JSON object of the result."""
    from promptcodec import provenance  # noqa: PLC0415

    data, overwrite = opened
    about = decoded.report
    report.warn_of(task.source, about.warnings)
    result = {
        "file": task.source,
        "out": task.out,
        "ok": True,
        "width": decoded.image.width,
        "height": decoded.image.height,
        "generator": about.generator,
        "layers": list(about.layers),
        "seed": about.seed,
        "seconds": round(about.seconds, 4),
        "check": about.check.to_json() if about.check else None,
    }
    if task.steps is not None and previews is not None:
        single = settings_of(task) | {"seed": about.seed, "check": False, "best_of": 1, "retries": 0}
        result["progressive"] = steps.write_layers(
            task.source, task.steps, data, decoded, single, overwrite=overwrite, shown=task.shown
        )
        result["previews"] = steps.write_previews(task.steps, previews, about, overwrite=overwrite)
    if task.settings["best_of"] > 1 or task.settings["retries"]:
        result["candidates"] = [asdict(candidate) for candidate in about.candidates]
    result |= spending.spent_object(about.spent) | batch.dictionary_used(task.dictionary, [data])
    picture = provenance.save(decoded.image, _name(task), provenance.record(about))
    batch.write_output(task.out, picture, overwrite=overwrite)
    return result


def _name(task: DecodeTask) -> str:
    return "" if task.out == STDIO else task.out


def _may_replace(task: DecodeTask) -> bool | None:
    return may_replace(task.out, open_picture, overwrite=task.overwrite, skip_existing=task.skip_existing)


def estimate_one(task: DecodeTask) -> dict[str, Any] | None:
    """Say what hosted models would cost; give the JSON object of it, None where nothing is to do."""
    if _may_replace(task) is None:
        return None
    from promptcodec import decoding  # noqa: PLC0415 - heavy

    names = ("generator", "layers", "size", "partial", "check", "best_of", "retries")
    estimated = decoding.estimate(
        batch.read_input(task.source),
        **{name: task.settings[name] for name in names},
        progressive=task.steps is not None,
        dictionaries=batch.read_dictionaries(task.dictionary),
    )
    return spending.estimate_object(task.source, estimated.requests, estimated.cost, exact=estimated.exact)


def show(result: dict[str, Any]) -> str:
    """Make the line a person reads."""
    if result["out"] == STDIO:
        return ""
    checked = result["check"]
    verdict = f"  {agreement(checked)}" if checked else ""
    return (
        f"{result['out']}  {result['width']}x{result['height']}  {result['generator']} "
        f"from {', '.join(result['layers'])}{verdict}{_drawn(result)}{spending.spent_words(result)}"
    )


def _drawn(result: dict[str, Any]) -> str:
    """Say what came of each candidate, where there were several."""
    several = result.get("candidates", [])
    each = (f"{one['score']:.2f}" + (f" ${one['cost']:.4f}" if one["cost"] else "") for one in several)
    return f"  of {', '.join(each)}" if len(several) > 1 else ""


def _ready(settings: dict[str, Any]) -> tuple[str, ...]:
    """Give what workers share: the networks of the generator and of the checks that are asked for."""
    checked = settings["check"] or settings["best_of"] > 1 or settings["retries"]
    drawing = [ready.DRAWING] if settings["generator"] == GENERATOR else []
    names = ("promptcodec.decoding", *ready.READING, *drawing, *([ready.EYES] if checked else []))
    return (__name__, *names)


def judge(result: dict[str, Any]) -> int:
    """Give the exit code of a decoded picture: its check may have failed, or could not be run."""
    return CHECK_FAILED if result["check"] and result["check"]["verdict"] != "pass" else 0


@click.command(
    "decode",
    epilog="\b\nExamples:\n"
    "  promptcodec decode photo.pxt -o photo.png\n"
    "  promptcodec decode photo.pxt -o small.png --size 320x240 --layers semantic\n"
    "  promptcodec decode photo.pxt -o photo.png --progressive steps/\n"
    "  promptcodec decode streams/ -o pictures/ --check\n"
    "  promptcodec decode photo.pxt -o best.png --best-of 4 --json",
)
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@options.output_option
@click.option(
    "--generator", default=GENERATOR, show_default=True, metavar="NAME[:URL]", help="The generator to use."
)
@click.option("--layers", type=options.Names(), help="Draw from these layers only.")
@options.seed_option("Instead of the stream's own.")
@click.option("--size", type=options.Pair(), metavar="WxH", help="Instead of the original's.")
@click.option("--partial", is_flag=True, help="Decode what is whole of a stream that was cut.")
@click.option("--check", is_flag=True, help="Check that the picture means what the stream says; else exit 3.")
@click.option("--best-of", type=click.IntRange(1, 64), default=1, help="Draw several, keep the best.")
@click.option("--retries", type=click.IntRange(0, 64), default=0, help="Draw again while the check fails.")
@click.option(
    "--strength",
    type=click.FloatRange(0, 1),
    default=STRENGTH,
    show_default=True,
    help="From 0, true to the stream, to 1, vivid.",
)
@click.option(
    "--trust-recipe",
    is_flag=True,
    help="Run the stream's own recipe: for generators that make the picture again from it.",
)
@click.option(
    "--progressive",
    type=options.Folder(),
    help="Also write a picture after each layer, DIR/NAME.1-semantic.png, ..., and previews of the "
    "generator, DIR/NAME.preview-1.png, ...",
)
@options.dictionary_option
@run_options
def command(
    inputs: tuple[str, ...],
    output: str | None,
    progressive: str | None,
    dictionary: str | None,
    run: Run,
    **settings: Any,
) -> None:
    """Decode streams to pictures.

    IN is a .pxt file, a folder of them, a pattern or - for standard input. The
    ending of OUT chooses the format; in a folder a.png.pxt becomes a.png.png.
    """
    selection, pairs = inputs_of(
        run, inputs, output, STREAMS, lambda name: f"{name.removesuffix('.pxt')}.png", [dictionary]
    )
    several = run.jobs in {None, 1} and len(pairs) > 1 and _draws_several(settings["generator"])
    workers = run.jobs or (1 if several else options.resolve_jobs(None, len(pairs)))
    shown = workers == 1 and not run.as_json
    tasks = [
        DecodeTask(
            source.path,
            target,
            run.overwrite,
            run.skip_existing,
            run.limits,
            dictionary,
            (progressive, source.name.removesuffix(".pxt")) if progressive else None,
            shown,
            settings,
        )
        for source, target in pairs
    ]
    if run.dry_run:
        sys.exit(estimate(tasks, estimate_one, selection, as_json=run.as_json))
    with limited(run.limits):
        sys.exit(
            batch.run(
                tasks,
                decode_one,
                show,
                jobs=workers,
                as_json=run.as_json,
                ready=_ready(settings),
                selection=selection,
                judge=judge,
                outcomes=_together(tasks, shown=shown) if several and not progressive else None,
            )
        )


def _draws_several(generator: str) -> bool:
    """Say whether a generator draws several pictures at once: one process does more for it than many."""
    if generator.partition(":")[0] == GENERATOR:
        return False  # known without loading it
    from promptcodec import plugins  # noqa: PLC0415
    from promptcodec.generators import BatchGenerator  # noqa: PLC0415

    try:
        return isinstance(plugins.create("generators", generator), BatchGenerator)
    except Exception:  # noqa: BLE001 - whatever it is, each item will say it
        return False


def _together(tasks: Sequence[DecodeTask], *, shown: bool) -> Generator[Result, None, None]:
    """Decode streams in one process, several at once."""
    from promptcodec.settings import DecodeSettings  # noqa: PLC0415

    return together.results(tasks, read, finish, DecodeSettings(**settings_of(tasks[0])), shown=shown)
