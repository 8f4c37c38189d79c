"""Tasks worked through in processes that never outlive this one."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext

from promptcodec.cli import faults, report, signals
from promptcodec.cli.tasks import ROOM, Result, Task, Work, attempt, held
from promptcodec.errors import PromptcodecError
from promptcodec.files import WRITING

AHEAD = 16
"""Tasks for each process that are taken before their turn, so that none waits for work while results are kept
and indexed, and no more."""


def results(
    tasks: Iterable[Task], work: Work, workers: int, ready: Sequence[str] = ()
) -> Generator[Result, None, None]:
    """Give the result of each task, in their order.

    A process that dies costs the task that it died of; the others go on.

    Args:
        tasks: what ``work`` is called with, taken as they are needed.
        work: what is done with each.
        workers: processes.
        ready: modules with what the tasks need. Where processes can share memory, they are imported once.
    """
    finished: dict[int, Result] = {}
    position = 0

    def paced() -> Iterator[Task | None]:
        """Hold tasks back while one is waited for whose turn it is: the results behind it are kept."""
        taken, coming = 0, iter(tasks)
        while True:
            if taken - position >= AHEAD * workers:
                yield None
                continue
            try:
                task = next(coming)
            except StopIteration:
                return
            taken += 1
            yield task

    with closing(_numbered(paced(), work, workers, ready, None)) as numbered:
        for given in numbered:
            assert given is not None  # there is no patience to lose
            number, _, finished[number] = given
            while position in finished:
                yield finished.pop(position)
                position += 1


def as_done(
    tasks: Iterable[Task | None], work: Work, workers: int, ready: Sequence[str] = (), *, patience: float
) -> Generator[tuple[Task, Result] | None, None, None]:
    """Give each task with its result as soon as that is there, None after ``patience`` seconds without.

    What is being worked on at an interrupt is given before it is raised. Arguments are as of ``results``, but
    for tasks that are None: there is none for now.
    """
    with closing(_numbered(tasks, work, workers, ready, patience)) as numbered:
        for given in numbered:
            yield given and given[1:]


def _numbered(
    tasks: Iterable[Task | None], work: Work, workers: int, ready: Sequence[str], patience: float | None
) -> Generator[tuple[int, Task, Result] | None, None, None]:
    """Give results as they come, each with its task and that one's number; None where patience is lost."""
    coming = _counted(tasks)
    taken: dict[int, Task] = {}
    while True:
        with _pool(workers, ready) as pool:
            yield from _through(pool, work, coming, taken, AHEAD * workers, patience)
        if not taken:
            return
        # One of those in work died of its task: the first, tried alone, says whether it was the one.
        number = min(taken)
        task = taken.pop(number)
        with _pool(1, ready) as pool:
            futures: dict[Future[Result], int] = {}
            _submit(pool, work, {number: task}, futures)
            (future,) = futures
            try:
                result = _outcome(task, future)
            except BrokenProcessPool:
                result = _dead(task)
        yield number, task, result


def _counted(tasks: Iterable[Task | None]) -> Iterator[tuple[int, Task | None]]:
    """Number the tasks; None is none."""
    number = 0
    for task in tasks:
        yield number, task
        number += task is not None


def _through(
    pool: ProcessPoolExecutor,
    work: Work,
    coming: Iterator[tuple[int, Task | None]],
    taken: dict[int, Task],
    most: int,
    patience: float | None,
) -> Generator[tuple[int, Task, Result] | None, None, None]:
    """Give results until there are no more tasks, or a process dies: then ``taken`` holds what has none.

    At an interrupt what nobody works on yet is dropped, and the interrupt is raised behind the last result.
    """
    futures: dict[Future[Result], int] = {}
    interrupt: KeyboardInterrupt | None = None
    try:
        _submit(pool, work, taken, futures)
        while True:
            try:
                is_over = False
                if len(taken) <= most // 2:
                    fresh, is_over = _next(coming, most, taken)
                    taken |= fresh
                    _submit(pool, work, fresh, futures)
                if is_over and not taken:
                    break
                done = _done(futures, patience)
            except KeyboardInterrupt as error:
                if interrupt:
                    raise
                interrupt, coming = error, iter(())
                _drop_waiting(futures, taken)
                continue
            yield from _settled(done, futures, taken)
    except BrokenProcessPool:
        pool.shutdown()  # then every future is settled
        for number, future in _whole(futures):
            yield number, taken.pop(number), future.result()
    if interrupt:
        raise interrupt


def _next(
    coming: Iterator[tuple[int, Task | None]], most: int, taken: dict[int, Task]
) -> tuple[dict[int, Task], bool]:
    """Take tasks until there are ``most``, or until they carry as many bytes as there is room for.

    Returns:
        the tasks, and whether there are no more of them, which None does not mean.
    """
    fresh: dict[int, Task] = {}
    room = ROOM - sum(map(held, taken.values()))
    while len(taken) + len(fresh) < most and room > 0:
        number, task = next(coming, (-1, None))
        if task is None:
            return fresh, number < 0
        fresh[number] = task
        room -= held(task)
    return fresh, False


def _done(futures: dict[Future[Result], int], patience: float | None) -> set[Future[Result]]:
    """Wait for the first of some futures, or, where there is none, for tasks to come."""
    if futures:
        return wait_for(futures, patience, FIRST_COMPLETED).done
    time.sleep(patience or 0)
    return set()


def _settled(
    done: set[Future[Result]], futures: dict[Future[Result], int], taken: dict[int, Task]
) -> Iterator[tuple[int, Task, Result] | None]:
    """Give what came of these futures, None where there is none."""
    if not done:
        yield None
    for future in sorted(done, key=futures.__getitem__):
        number = futures[future]
        result = _outcome(taken[number], future)
        del futures[future]
        yield number, taken.pop(number), result


def _drop_waiting(futures: dict[Future[Result], int], taken: dict[int, Task]) -> None:
    """Forget the tasks that nobody works on."""
    for future in [future for future in futures if future.cancel()]:
        del futures[future]
    for number in taken.keys() - set(futures.values()):
        del taken[number]


def _submit(
    pool: ProcessPoolExecutor, work: Work, tasks: dict[int, Task], futures: dict[Future[Result], int]
) -> None:
    """Put tasks into a pool, and their futures into ``futures``: an interrupt is heard afterwards."""
    if tasks:
        with _submitting():
            futures |= {pool.submit(attempt, work, task): number for number, task in tasks.items()}


def _outcome(task: Task, future: Future[Result]) -> Result:
    """Give what came of a task.

    Raises:
        BrokenProcessPool: a process died, of this task or of another.
    """
    try:
        return future.result()
    except (BrokenProcessPool, report.StandardStreamError):
        raise
    except Exception as error:  # noqa: BLE001 - a result or an error of a plugin that cannot be sent
        failed = faults.as_error(error, task.source)
        return report.error_object(task.source, failed), failed


def _whole(futures: dict[Future[Result], int]) -> list[tuple[int, Future[Result]]]:
    """Give the futures with a result, of settled ones, each with its number."""
    return [(number, each) for each, number in futures.items() if each.exception() is None]


def _dead(task: Task) -> Result:
    error = PromptcodecError("a worker process died of it, perhaps for lack of memory; try a lower --jobs")
    return report.error_object(task.source, error), error


@contextmanager
def _pool(workers: int, ready: Sequence[str]) -> Iterator[ProcessPoolExecutor]:
    """Give a pool; at an interrupt what is being worked on is finished, at a second one it is not."""
    pool = ProcessPoolExecutor(workers, mp_context=_context(ready), initializer=_begin)
    try:
        yield pool
    finally:
        if signals.is_ending():
            _end_children()
        try:
            pool.shutdown(wait=not signals.is_ending(), cancel_futures=True)
        except (KeyboardInterrupt, signals.Ended):
            _end_children()
            raise


def _context(ready: Sequence[str]) -> BaseContext:
    """Say how workers are made: on Linux they are forked of one process, a server that has everything ready.

    On other systems libraries do not bear that; nor do they with threads, which are not there after a fork.
    """
    if not _forks():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver  # noqa: PLC0415 - not there on every system

    forkserver.set_forkserver_preload(list(ready))
    with starting():
        forkserver.ensure_running()
    context = multiprocessing.get_context("forkserver")
    # An interrupt is heard while the server loads, not while workers start.
    first = context.Process()
    first.start()
    first.join()
    return context


def _forks() -> bool:
    return sys.platform == "linux" and os.environ.get("OMP_NUM_THREADS", "1") == "1"


def _end_children() -> None:
    for child in multiprocessing.active_children():
        child.terminate()


@contextmanager
def starting() -> Iterator[None]:
    """Start processes that leave Ctrl-C to this one, and calculate on one thread each.

    They inherit both. More threads than cores only wait for each other.
    """
    before, threads = signal.signal(signal.SIGINT, signal.SIG_IGN), os.environ.get("OMP_NUM_THREADS")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if threads is None:
            del os.environ["OMP_NUM_THREADS"]


@contextmanager
def _submitting() -> Iterator[None]:
    """Leave an interrupt for afterwards.

    Processes that are forked of the server leave Ctrl-C to this one, as it does. Others inherit that from
    this one, which then does not hear it meanwhile.
    """
    if not _forks():
        with starting():
            yield
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard and callable(before):
        before(heard[0], None)


def _begin() -> None:
    gc.freeze()  # what is shared stays so: collecting garbage does not write to it
    report.show_log()
    follow_parent()


def follow_parent(end: Callable[[], None] = lambda: None) -> None:
    """End this process when the one that started it does, however that ends; on every system.

    The parent holds the other end of the sentinel, which the system closes for it.

    Args:
        end: is called before.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        wait([parent.sentinel])
        end()
        with WRITING:
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
