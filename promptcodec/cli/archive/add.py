"""``promptcodec archive add``."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from promptcodec import bitstream
from promptcodec.archive.adding.states import FAILED, FAILED_BEFORE, KNOWN
from promptcodec.cli import batch, options, report, signals, spending
from promptcodec.cli.archive import engines, estimates
from promptcodec.cli.encode_options import check_files, encode_options
from promptcodec.cli.find import Selection
from promptcodec.cli.run import estimate
from promptcodec.errors import PromptcodecError
from promptcodec.files import STDIO

if TYPE_CHECKING:
    from promptcodec.archive.adding.add import Adding, Kept
    from promptcodec.archive.indexing.index import Read
    from promptcodec.archive.sources.source import Source
    from promptcodec.archive.store import Archive
    from promptcodec.cli.archive.live import Total


@click.command(
    "add",
    epilog="\b\nExamples:\n"
    "  promptcodec archive add pictures.pxa photos/ --budget 200B\n"
    "  promptcodec archive add pictures.pxa photos/ --in-place --tag holiday\n"
    "  promptcodec archive add pictures.pxa 'scans/**/*.tif' streams/\n"
    "  promptcodec archive add pictures.pxa 'shards/train-{0000..0099}.tar' data.parquet\n"
    "  promptcodec archive add pictures.pxa s3://bucket/photos/ https://example.org/a.jpg\n"
    "  promptcodec archive add pictures.pxa photos/ --captioner responses --engine batch --dry-run\n"
    "  promptcodec archive add pictures.pxa photos/ --engine ray --staging /mnt/shared/work\n"
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
@options.choice(
    "--engine",
    tuple(engines.ENGINES),
    "What works through the files: processes of this machine; the Batch API of a hosted captioner, for half "
    "the price; or Ray.",
)
@click.option(
    "--staging",
    metavar="DIR",
    help="For ray: a folder or URL that all machines reach.  [default: A.ray]",
)
@options.jobs_option
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1024),
    default=16,
    show_default=True,
    help="Questions that a hosted captioner is asked at a time.",
)
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
    engine: str,
    staging: str | None,
    jobs: int | None,
    concurrency: int,
    as_json: bool,  # noqa: FBT001
    **given: Any,
) -> None:
    """Add pictures and streams to the archive A.

    IN is a file, a folder, a pattern, or - for a list of such on standard input,
    one a line. Of a tar shard or a Parquet file the pictures in it are added; where
    it is not clear which column holds them, data.parquet#COLUMN says it. An address
    such as s3://bucket/photos/ is opened by fsspec. Braces are expanded:
    train-{0000..0099}.tar.

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

    work = engines.engine(engine)
    with batch.naming(path):
        work.check(given)
    limits, selection = spending.limits(max_cost, max_requests), Selection()
    with batch.naming(path):
        archive = store.open(path, write=not dry_run)
    with archive:
        adding = Adding(archive, tags, update_index, signals.held)
        if inputs:
            sources = files.sources(inputs, selection, in_place=in_place, null=null)
        else:
            sources = failures.sources(archive, files.choice_of(selection), in_place=in_place)
        total = live.Total(selection.left_out)
        with live.bar(total, lambda: files.about(inputs) if inputs else len(adding.failures)) as draw:
            show = functools.partial(_show, total, draw, as_json=as_json)
            fresh = _fresh(sources, adding, total, (lambda _: None) if dry_run else show, retry=retry_failed)
            job = engines.Job(path, given, limits, jobs, concurrency, staging)
            if dry_run:
                tasks, estimate_one = estimates.of(fresh, work, job)
                sys.exit(estimate(tasks, estimate_one, selection, as_json=as_json))
            try:
                with closing(work.outcomes(fresh, job)) as done, closing(adding.keep(done)) as kept:
                    for each in kept:
                        show(each)
                for name, error in selection.failed:
                    _show_error(name, error, total, as_json=as_json)
            except (KeyboardInterrupt, signals.Ended, PromptcodecError) as error:
                if total.count:
                    report.warn(total.line())
                if total.count or not isinstance(error, PromptcodecError):
                    report.warn("what was added is kept; the same command goes on from there")
                raise
            finally:
                draw()
        sys.exit(_sum_up(total, adding, given))


def _fresh(
    sources: Iterable[Source], adding: Adding, total: Total, show: Callable[[Kept], None], *, retry: bool
) -> Iterator[Source]:
    """Give the files that must be read: those that are known, and those that failed before, are counted."""
    from promptcodec.archive.adding import failures  # noqa: PLC0415 - heavy
    from promptcodec.archive.adding.add import Kept  # noqa: PLC0415
    from promptcodec.archive.sources.source import Finished  # noqa: PLC0415

    for source in sources:
        if isinstance(source.origin, Finished):
            adding.finish(source)
        elif not retry and failures.is_known(source, adding.failures):
            total.left_out[FAILED_BEFORE] += 1
        elif record := adding.known(source):
            show(Kept(source, KNOWN, record))
        elif loaded := source.loaded():
            yield loaded


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


def update_index(archive: Archive, signatures: Mapping[bytes, bytes], read: Read | None = None) -> None:
    """Bring the index up to date. Whatever is wrong with it, the archive is whole."""
    from promptcodec.archive.indexing import index  # noqa: PLC0415 - heavy

    try:
        index.update(archive, signatures, read=read or index.read)
    except Exception as error:  # noqa: BLE001
        signals.check()
        report.warn(f"the index is not up to date: {error}; `promptcodec archive reindex` makes it anew")
