"""``promptcodec archive add``."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from promptcodec import bitstream
from promptcodec.api.spending import Limits, limited
from promptcodec.archive.adding.states import FAILED, FAILED_BEFORE, KNOWN
from promptcodec.cli import batch, options, report, signals, spending
from promptcodec.cli.encode_options import check_files, encode_options, ready_for, settings_of
from promptcodec.cli.find import Selection
from promptcodec.cli.run import estimate
from promptcodec.cli.tasks import Result, Task, as_done
from promptcodec.errors import PromptcodecError
from promptcodec.files import STDIO, read_file

if TYPE_CHECKING:
    from promptcodec.archive.adding.add import Adding, Kept, Outcome
    from promptcodec.archive.adding.sources import Source
    from promptcodec.archive.store import Archive
    from promptcodec.cli.archive.live import Total

CONTENT = "content"
"""What a result holds: it is printed once it is kept."""

PATIENCE = 0.5
"""Seconds after which files that are done are kept where no other comes."""

_FEW = 8
"""Files from which on several processes are worth their start, see ``options.resolve_jobs``."""


@dataclass(frozen=True, slots=True)
class AddTask:
    """One file to add.

    Attributes:
        origin: the file.
        archive: where its content is looked up.
        limits: what hosted models may cost.
        given: the options of encoding, files as paths.
    """

    origin: Source
    archive: str
    limits: Limits
    given: dict[str, Any]

    @property
    def source(self) -> str:
        """Give the file as errors name it."""
        return self.origin.source


@functools.lru_cache(maxsize=1)
def _archive(path: str) -> Archive:
    """Open an archive once for all tasks of a worker."""
    from promptcodec.archive import store  # noqa: PLC0415 - heavy

    return store.open(path)


def add_one(task: AddTask) -> dict[str, Any]:
    """Make of a file what an archive keeps."""
    from promptcodec.archive.adding.content import content_of  # noqa: PLC0415 - workers and --help start light

    data, settings = read_file(task.source), settings_of(task.given, bare=True)
    with limited(task.limits):
        return {CONTENT: content_of(data, task.source, _archive(task.archive), settings)}


def estimate_one(task: AddTask) -> dict[str, Any] | None:
    """Say what hosted captioners would cost; None where the archive has the content."""
    from promptcodec import encoding  # noqa: PLC0415 - heavy
    from promptcodec.archive.adding.content import is_stream  # noqa: PLC0415
    from promptcodec.archive.record import id_of  # noqa: PLC0415

    data = read_file(task.source)
    if is_stream(data, task.source) or _archive(task.archive).has([id_of(data)]):
        return None
    estimate = encoding.estimate(data, settings_of(task.given, bare=True))
    return spending.estimate_object(task.source, estimate.requests, estimate.cost, exact=estimate.exact)


@click.command(
    "add",
    epilog="\b\nExamples:\n"
    "  promptcodec archive add pictures.pxa photos/ --budget 200B\n"
    "  promptcodec archive add pictures.pxa photos/ --in-place --tag holiday\n"
    "  promptcodec archive add pictures.pxa 'scans/**/*.tif' streams/\n"
    "  find . -name '*.jpg' -print0 | promptcodec archive add pictures.pxa - --null\n"
    "  promptcodec archive add pictures.pxa --retry-failed",
)
@click.argument("path", metavar="A")
@click.argument("inputs", nargs=-1, metavar="IN...")
@click.option("-0", "--null", is_flag=True, help="Paths on standard input end with a null character.")
@click.option("--in-place", is_flag=True, help="Keep the folder too: originals stay there and can be opened.")
@click.option("--tag", "tags", multiple=True, help="Give every picture this tag; may be repeated.")
@click.option("--retry-failed", is_flag=True, help="Try again what failed before; without IN, all of that.")
@encode_options
@spending.cap_options
@spending.dry_run_option
@options.jobs_option
@options.json_option
def command(
    path: str,
    inputs: tuple[str, ...],
    null: bool,  # noqa: FBT001 - click calls by keyword
    in_place: bool,  # noqa: FBT001
    tags: tuple[str, ...],
    retry_failed: bool,  # noqa: FBT001
    max_cost: float | None,
    max_requests: int,
    dry_run: bool,  # noqa: FBT001
    jobs: int | None,
    as_json: bool,  # noqa: FBT001
    **given: Any,
) -> None:
    """Add pictures and streams to the archive A.

    IN is a file, a folder, a pattern, or - for a list of files and folders on
    standard input, one a line.

    What is printed is durable. Stopped at any moment, the same command goes on
    where it was: what A has, by name and time or by content, is not made again.
    The same content under another name is a duplicate: a further place of one
    picture. With --in-place a picture that was moved gets its new place, and one
    that was changed is new; what was there before stays.
    """
    if not (inputs or retry_failed):
        raise click.UsageError("say what to add: IN, or --retry-failed")
    if null and STDIO not in inputs:
        raise click.UsageError("--null is about a list on standard input: -")
    check_files(given)
    from promptcodec.archive import store  # noqa: PLC0415 - --help starts light
    from promptcodec.archive.adding import failures  # noqa: PLC0415 - --help starts light
    from promptcodec.archive.adding.add import Adding  # noqa: PLC0415
    from promptcodec.cli.archive import inputs as files  # noqa: PLC0415
    from promptcodec.cli.archive import live  # noqa: PLC0415

    limits, selection = spending.limits(max_cost, max_requests), Selection()
    with batch.naming(path):
        archive = store.open(path, write=not dry_run)
    with archive:
        adding = Adding(archive, tags, _update_index, signals.held)
        if inputs:
            sources = files.sources(inputs, selection, in_place=in_place, null=null)
        else:
            sources = iter(failures.sources(archive, in_place=in_place))
        total = live.Total(selection.left_out)
        with live.bar(total, lambda: files.about(inputs) if inputs else len(adding.failures)) as draw:
            show = functools.partial(_show, total, draw, as_json=as_json)
            fresh = _fresh(sources, adding, total, (lambda _: None) if dry_run else show, retry=retry_failed)
            tasks = (AddTask(source, path, limits, given) for source in fresh)
            if dry_run:
                sys.exit(estimate(list(tasks), estimate_one, selection, as_json=as_json))
            try:
                _run(adding, tasks, jobs, given, show)
                for name, error in selection.failed:
                    _show_error(name, error, total, as_json=as_json)
            except (KeyboardInterrupt, signals.Ended, PromptcodecError):
                report.warn(total.line())
                report.warn("what was added is kept; the same command goes on from there")
                raise
            finally:
                _archive.cache_clear()
                draw()
        sys.exit(_sum_up(total, adding, given))


def _fresh(
    sources: Iterable[Source], adding: Adding, total: Total, show: Callable[[Kept], None], *, retry: bool
) -> Iterator[Source]:
    """Give the files that must be read: those that are known, and those that failed before, are counted."""
    from promptcodec.archive.adding import failures  # noqa: PLC0415 - heavy
    from promptcodec.archive.adding.add import Kept  # noqa: PLC0415

    for source in sources:
        if not retry and failures.is_known(source, adding.failures):
            total.left_out[FAILED_BEFORE] += 1
        elif record := adding.known(source):
            show(Kept(source, KNOWN, record))
        else:
            yield source


def _run(
    adding: Adding,
    tasks: Iterator[AddTask],
    jobs: int | None,
    given: dict[str, Any],
    show: Callable[[Kept], None],
) -> None:
    """Add files in worker processes, where there are enough of them."""
    first = list(islice(tasks, _FEW))
    workers = options.resolve_jobs(jobs, len(first))
    if len(first) < _FEW:
        workers = min(workers, len(first))
    ready = (
        __name__,
        "promptcodec.archive.adding.content",
        "promptcodec.layers.signature",
        *ready_for(given),
    )
    done = as_done(chain(first, tasks), add_one, workers, ready, patience=PATIENCE)
    with closing(done), closing(adding.keep(_outcomes(done))) as kept:
        for each in kept:
            show(each)


def _outcomes(done: Iterable[tuple[Task, Result] | None]) -> Iterator[Outcome | None]:
    """Say of each file what was made of it."""
    for each in done:
        if each is None:
            yield None
            continue
        task, (result, error) = each
        assert isinstance(task, AddTask)
        assert result is not None
        yield task.origin, error or result[CONTENT]


def _show(total: Total, draw: Callable[[], None], kept: Kept, *, as_json: bool) -> None:
    """Print what came of a file, and count it."""
    if kept.error:
        _show_error(kept.source.source, kept.error, total, as_json=as_json)
    else:
        total.add(kept)
        report.warn_of(kept.source.source, kept.content.warnings if kept.content else ())
        if as_json:
            report.emit(as_object(kept))
        elif kept.state != KNOWN and not _is_watched():
            report.say(as_line(as_object(kept)))
    draw()


def _show_error(file: str, error: PromptcodecError, total: Total, *, as_json: bool) -> None:
    if total.fail(error):
        report.warn(f"{file}: {report.message(error)}")
    if as_json:
        report.emit(report.error_object(file, error) | {"state": FAILED})


def _is_watched() -> bool:
    """Say whether somebody sees both streams: the bar is enough for them."""
    return sys.stdout is not None and sys.stdout.isatty() and sys.stderr is not None and sys.stderr.isatty()


def as_object(kept: Kept) -> dict[str, Any]:
    """Make the JSON object of a file that is in the archive."""
    record, content = kept.record, kept.content
    assert record is not None
    stream = bitstream.read(record.stream, bare=True)
    value: dict[str, Any] = {
        "file": kept.source.source,
        "ok": True,
        "state": kept.state,
        "id": record.id.hex(),
        "bytes": len(record.stream),
        "width": stream.width,
        "height": stream.height,
        "seconds": round(content.seconds, 4) if content else 0.0,
    }
    if kept.duplicate_of is not None:
        value["duplicate_of"] = kept.duplicate_of
    return value | (spending.spent_object(content.spent) if content else {})


def as_line(value: dict[str, Any]) -> str:
    """Make the line a person reads of it."""
    of = f" of {value['duplicate_of']}" if "duplicate_of" in value else ""
    head = f"{value['file']}  {value['state']}{of}  {value['id'][:12]}  {value['bytes']} B"
    return head + spending.spent_words(value)


def _sum_up(total: Total, adding: Adding, given: Mapping[str, Any]) -> int:
    """Print the line at the end; give the exit code."""
    report.warn_of_unread(total.unread)
    if given["dictionary"] and total.bytes_in and not adding.used_dictionary:
        report.warn(batch.UNUSED)
    report.warn(total.line())
    if total.left_out[FAILED_BEFORE]:
        report.warn("--retry-failed tries again what failed before")
    if not total.errors:
        return 0
    return 1 if total.count > 1 else next(iter(total.errors.values())).exit_code


def _update_index(archive: Archive, signatures: Mapping[bytes, bytes]) -> None:
    """Bring the index up to date. Whatever is wrong with it, the archive is whole."""
    from promptcodec.archive.indexing import index  # noqa: PLC0415 - heavy

    try:
        index.update(archive, signatures)
    except Exception as error:  # noqa: BLE001
        signals.check()
        report.warn(f"the index is not up to date: {error}; `promptcodec archive reindex` makes it anew")
