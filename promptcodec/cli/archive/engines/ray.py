"""Files made what an archive keeps by Ray Data, on this machine or on a cluster."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Container, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, cast

from promptcodec import __version__
from promptcodec.cli import report, workers
from promptcodec.cli.archive.engines import PATIENCE, Job, local
from promptcodec.cli.encode_options import settings_of
from promptcodec.errors import MissingDictionary, PromptcodecError, SpendingError
from promptcodec.files import read_file
from promptcodec.settings import CAPTIONER, EncodeSettings

if TYPE_CHECKING:
    from promptcodec.archive.adding.add import Outcome
    from promptcodec.archive.cluster.purse import Left
    from promptcodec.archive.cluster.staging import Staging
    from promptcodec.archive.record import Failure
    from promptcodec.archive.sources.source import Source
    from promptcodec.archive.store import Archive

    Outcomes = Generator[Outcome | None, None, None]

tasks, estimate_one = local.tasks, local.estimate_one

_FILES = ("description", "pose", "dictionary")
"""Options that name files."""
_SECONDS = 20.0
"""Ray's, to end by itself."""


def check(_given: Mapping[str, Any]) -> None:
    """Make sure that Ray is there.

    Raises:
        MissingError: it is not.
    """
    from promptcodec.archive.cluster import on_ray  # noqa: PLC0415 - heavy

    on_ray.check()


def outcomes(sources: Iterator[Source], job: Job) -> Outcomes:
    """Make of files what an archive keeps: all are listed, and each is given when its shard is there.

    What an earlier run has made is given too, whether its files are among these or not.
    """
    from promptcodec.archive import store  # noqa: PLC0415 - heavy
    from promptcodec.archive.adding import failures  # noqa: PLC0415
    from promptcodec.archive.cluster import staging  # noqa: PLC0415

    where = job.staging or f"{job.archive}.ray"
    with store.open(job.archive) as archive, staging.opened(where, archive.uid, _work(job.given)) as place:
        failed = failures.by_location(archive)
        yield from _Run(archive, settings_of(job.given, bare=True), place, failed).through(sources, job)
        time.sleep(PATIENCE)
        yield None  # when this comes back, what was given last is durable
        place.remove()


def _work(given: Mapping[str, Any]) -> str:
    """Give a name for a way of encoding: other options, or other files that they name, have another."""
    files = [hashlib.sha256(read_file(given[name])).hexdigest() for name in _FILES if given[name]]
    text = json.dumps([__version__, files, given], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@dataclass(slots=True)
class _Run:
    """A run on its way.

    Attributes:
        archive: to be read.
        settings: how pictures are encoded.
        staging: where others work.
        waiting: keys of sources without an outcome.
        given: shards whose rows were given.
        failures: what failed before, by location.
        unread: sources that could not be read where they were listed, and why.
        is_capped: the caps left nothing for some of them.
    """

    archive: Archive
    settings: EncodeSettings
    staging: Staging
    failures: Mapping[str, Failure]
    waiting: set[int] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    unread: list[Outcome] = field(default_factory=list)
    is_capped: bool = False

    def through(self, sources: Iterator[Source], job: Job) -> Outcomes:
        """Give the outcome of each source, and first of what an earlier run has made."""
        before, otherwise = self.staging.written(), self.staging.written_otherwise()
        if otherwise:
            where = self.staging.where
            report.warn(f"{where} holds files that were encoded with other options: they are kept so")
        encoded = self.staging.keys(
            otherwise, lambda row: row["error_kind"] is None and not self._is_void(row)
        )
        void = self.staging.keys(before, self._is_void)
        count = self.staging.write_sources(self._listed(sources, encoded, void))
        yield from self.unread
        for shard in otherwise:
            yield from self._earlier(shard, with_errors=False)
        for shard in before:
            yield from self._earlier(shard, with_errors=True)
        if self.waiting:
            are = "file is" if count == 1 else "files are"
            report.warn(f"{count:,} {are} listed in {self.staging.where}; Ray starts")
            yield from self._encoded(job)
        if self.waiting:
            for key, source in self.staging.listed():
                if key in self.waiting:
                    yield source, self._nothing()

    def _is_void(self, row: Mapping[str, Any]) -> bool:
        """Say whether what an earlier run made is of no use: its file is asked for to be tried again."""
        from promptcodec.archive.adding import failures  # noqa: PLC0415 - heavy
        from promptcodec.archive.cluster import listing  # noqa: PLC0415

        if row["error_kind"] is not None:
            return failures.is_known(listing.read(row["source"]), self.failures)
        return row["bytes"] is None and not self.archive.has([bytes.fromhex(row["id"])])

    def _listed(
        self, sources: Iterator[Source], encoded: Container[int], void: Container[int]
    ) -> Iterator[tuple[int, Source]]:
        """Give the sources that are to be encoded, by key, and wait for all.

        Args:
            sources: all of them.
            encoded: keys of those that are encoded.
            void: keys that nothing can be encoded under any more, as Ray takes them to be done.
        """
        from promptcodec.archive.cluster import listing  # noqa: PLC0415 - heavy
        from promptcodec.archive.sources.source import Failed  # noqa: PLC0415

        for source in sources:
            if isinstance(source.origin, Failed):
                self.unread.append((source, source.origin.error))
                continue
            key = listing.key_of(source, self.waiting, void)
            self.waiting.add(key)
            if key not in encoded:
                yield key, source

    def _encoded(self, job: Job) -> Outcomes:
        """Let Ray work; what a process died of is tried once more, every file for itself."""
        from promptcodec.archive.cluster import on_ray  # noqa: PLC0415 - heavy

        is_hosted = job.given["captioner"] != CAPTIONER and not job.given["description"]
        limits = job.limits if is_hosted else None
        known = b"".join(sorted(self.archive.ids()))
        for most in (on_ray.TOGETHER, 1):
            before = len(self.waiting)
            left = yield from self._driven(self.staging, self.settings, known, limits, job.jobs, most)
            if left is not None:
                limits, self.is_capped = left.limits, left.refused > 0
            if len(self.waiting) <= (left.refused if left else 0):
                return
        if 1 < before == len(self.waiting) and not self.is_capped:
            raise PromptcodecError(
                f"Ray encoded none of {before} files; {self.staging.log} says more",
                hint="the same command tries them again",
            )

    def _driven(self, *arguments: Any) -> Generator[Outcome | None, None, Left | None]:
        """Give what comes while Ray works, driven by a process of its own; at last what is left of the caps.

        Ray prints on standard output, takes signals for itself, and leaves threads.
        """
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        child = context.Process(target=_drive, args=(there, self.staging.log), daemon=True)
        with workers.starting():
            child.start()
        there.close()
        try:
            here.send(
                arguments
            )  # not with its start: they are large, and an interrupt is not heard meanwhile
            while not here.poll(PATIENCE):
                yield from self._finished()
                yield None
            answer = here.recv()
        except (EOFError, ConnectionError):
            answer = PromptcodecError(f"the process that drives Ray died; {self.staging.log} says more")
        except KeyboardInterrupt:
            child.terminate()
            yield from self._finished()
            raise
        except BaseException:
            child.terminate()
            raise
        finally:
            child.join(_SECONDS)
            child.kill()
            child.join()
            _end_group(child.pid, signal.SIGKILL)
        yield from self._finished()
        if isinstance(answer, PromptcodecError):
            raise answer
        return cast("Left | None", answer)

    def _finished(self) -> Iterator[Outcome]:
        """Give the rows of shards that are whole by now."""
        for shard in self.staging.written():
            rows = None if shard in self.given else self.staging.rows(shard)
            if rows is not None:
                self.given.add(shard)
                yield from (self._outcome(row) for row in rows if row["key"] in self.waiting)

    def _earlier(self, shard: str, *, with_errors: bool) -> Iterator[Outcome]:
        """Give the rows of a shard of an earlier run, but for those that were kept then."""
        self.given.add(shard)
        for row in self.staging.rows(shard) or ():
            if self._is_void(row):
                continue
            failed = row["error_kind"] is not None
            if (row["key"] in self.waiting and (with_errors or not failed)) or not (failed or self._has(row)):
                yield self._outcome(row)

    def _has(self, row: Mapping[str, Any]) -> bool:
        """Say whether the archive has a row's content in its place."""
        from promptcodec.archive.cluster import listing  # noqa: PLC0415 - heavy

        record = self.archive.get(bytes.fromhex(row["id"]))
        return record is not None and listing.read(row["source"]).place in record.places

    def _outcome(self, row: Mapping[str, Any]) -> Outcome:
        """Give what came of a row; what only the archive can settle is done here."""
        from promptcodec.archive.cluster import listing, outcome  # noqa: PLC0415 - heavy

        self.waiting.discard(row["key"])
        source = listing.read(row["source"])
        if row["error_kind"] == MissingDictionary.kind:
            from promptcodec.archive.adding.content import content_of  # noqa: PLC0415 - heavy

            try:
                return source, content_of(row["data"], source.source, self.archive, self.settings)
            except PromptcodecError as error:
                return source, error
        return source, outcome.outcome_of(row, row["size"] or 0, self.settings.dictionary)

    def _nothing(self) -> PromptcodecError:
        """Say why nothing came of a file."""
        if self.is_capped:
            return SpendingError("the cap is reached", hint="raise --max-requests or --max-cost")
        return PromptcodecError("a worker process died of it, perhaps for lack of memory; try a lower --jobs")


def _end_group(leader: int | None, number: int) -> None:
    """End Ray's own processes, of which some take a minute where nobody ends them."""
    if leader is not None and hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(leader, number)


def _drive(there: Connection, log: str) -> None:
    """Let Ray work as it is told; send what is left of the caps, or the error."""

    def end() -> None:
        _end_group(os.getpid(), signal.SIGTERM)
        time.sleep(_SECONDS)

    if hasattr(os, "setsid"):
        os.setsid()
    workers.follow_parent(end)
    with open(log, "ab") as file:  # noqa: PTH123 - it may be the null device
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    from promptcodec.archive.cluster import on_ray  # noqa: PLC0415 - heavy

    answer: Left | PromptcodecError | None
    try:
        answer = on_ray.encode_listed(*there.recv())
    except PromptcodecError as error:
        answer = error
    except Exception as error:  # noqa: BLE001 - of Ray
        traceback.print_exc()
        answer = PromptcodecError(
            f"Ray ended before all was encoded: {type(error).__name__}; {log} says more",
            hint="the same command goes on from there",
        )
    there.send(answer)
