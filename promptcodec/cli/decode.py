"""``promptcodec decode``."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import click

from promptcodec.api.spending import Limits, limited
from promptcodec.cli import batch, options, ready, report, spending
from promptcodec.cli.agreement import CHECK_FAILED, agreement
from promptcodec.cli.find import STREAMS
from promptcodec.cli.resume import may_replace, open_picture
from promptcodec.cli.run import Run, estimate, inputs_of, run_options
from promptcodec.errors import Notice, PromptcodecError, UsageError
from promptcodec.files import STDIO, check_apart, check_free, same_place
from promptcodec.layers.registry import BY_NAME, LAYERS
from promptcodec.settings import GENERATOR, STRENGTH


@dataclass(frozen=True, slots=True)
class DecodeTask:
    """One stream to decode.

    Attributes:
        source, out: files, or ``-``.
        overwrite: replace outputs that exist.
        skip_existing: do nothing where the output exists and opens.
        limits: what hosted models may cost.
        dictionary: a path, as on the command line.
        steps: folder and name of the pictures after each layer, None for none.
        settings: arguments of ``decoding.decode``.
    """

    source: str
    out: str
    overwrite: bool
    skip_existing: bool
    limits: Limits
    dictionary: str | None
    steps: tuple[str, str] | None
    settings: dict[str, Any]


def decode_one(task: DecodeTask) -> dict[str, Any] | None:
    """Decode one stream; give the JSON object of the result, None where it was done before."""
    overwrite = _may_replace(task)
    if overwrite is None:
        return None
    from promptcodec import decoding, provenance  # noqa: PLC0415 - workers and --help start light

    data = batch.read_input(task.source)
    check_free(task.out, overwrite=overwrite)
    _check_steps(task, overwrite=overwrite)
    name = "" if task.out == STDIO else task.out
    provenance.picture_format(name)  # refused before anything is drawn
    start = time.perf_counter()
    settings = {**task.settings, "dictionaries": batch.read_dictionaries(task.dictionary)}
    with limited(task.limits):
        decoded = decoding.decode(data, **settings)
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
            "seconds": round(time.perf_counter() - start, 4),
            "check": about.check.to_json() if about.check else None,
        }
        result |= spending.spent_object(about.spent) | batch.dictionary_used(task.dictionary, [data])
        if task.steps is not None:
            settings |= {"seed": about.seed, "check": False, "best_of": 1, "retries": 0}
            result["progressive"] = draw_steps(task, data, about.layers, settings, overwrite)
    if task.settings["best_of"] > 1 or task.settings["retries"]:
        result["candidates"] = [asdict(candidate) for candidate in about.candidates]
    picture = provenance.save(decoded.image, name, provenance.record(about))
    batch.write_output(task.out, picture, overwrite=overwrite)
    return result


def _may_replace(task: DecodeTask) -> bool | None:
    return may_replace(task.out, open_picture, overwrite=task.overwrite, skip_existing=task.skip_existing)


def draw_steps(
    task: DecodeTask,
    data: bytes,
    layers: tuple[str, ...],
    settings: dict[str, Any],
    overwrite: bool,  # noqa: FBT001 - passed on
) -> list[str]:
    """Write a picture after each layer that is drawn, coarse to fine; give the files.

    Where one cannot be had, it is the last: the picture of all layers is there already.
    """
    from promptcodec import decoding, provenance  # noqa: PLC0415

    assert task.steps is not None
    paths: list[str] = []
    for index, layer in enumerate(layers):
        if not BY_NAME[layer].drawn:
            continue
        try:
            drawn = decoding.decode(data, **{**settings, "layers": layers[: index + 1]})
        except PromptcodecError as error:
            why = f"no picture of {', '.join(layers[: index + 1])} alone could be drawn: {error}"
            report.warn_of(task.source, [Notice(why, error.hint)])
            break
        path = step_path(task.steps, len(paths) + 1, layer)
        picture = provenance.save(drawn.image, path, provenance.record(drawn.report))
        batch.write_output(path, picture, overwrite=overwrite)
        paths.append(path)
    return paths


def step_path(place: tuple[str, str], number: int, layer: str) -> str:
    """Name the picture after the layer that is drawn as this one, from 1."""
    return f"{place[0]}/{place[1]}.{number}-{layer}.png"


def _check_steps(task: DecodeTask, *, overwrite: bool) -> None:
    """Raise where the picture of any step is there already, could be the result, or is read."""
    if task.steps is None:
        return
    names = [layer.name for layer in LAYERS if layer.drawn]
    paths = [step_path(task.steps, number, name) for number in range(1, len(names) + 1) for name in names]
    check_apart(paths, (task.source, task.dictionary))
    if any(same_place(task.out, path) for path in paths):
        raise UsageError(f"--progressive would write {task.out} too; choose another output")
    for path in paths:
        check_free(path, overwrite=overwrite)


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
    "--progressive",
    type=options.Folder(),
    help="Also write a picture after each layer: DIR/NAME.1-semantic.png, ...",
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
    tasks = [
        DecodeTask(
            source.path,
            target,
            run.overwrite,
            run.skip_existing,
            run.limits,
            dictionary,
            (progressive, source.name.removesuffix(".pxt")) if progressive else None,
            settings,
        )
        for source, target in pairs
    ]
    if run.dry_run:
        sys.exit(estimate(tasks, estimate_one, selection, as_json=run.as_json))
    workers = options.resolve_jobs(run.jobs, len(tasks))
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
        )
    )
