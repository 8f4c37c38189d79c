"""Tasks worked through in processes that never outlive this one."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext

from promptcodec.cli import faults, report, signals
from promptcodec.cli.tasks import Result, Task, Work, attempt
from promptcodec.errors import PromptcodecError
from promptcodec.files import WRITING


def results(
    tasks: Sequence[Task], work: Work, workers: int, ready: Sequence[str] = ()
) -> Generator[Result, None, None]:
    """Give the result of each task, in their order.

    A process that dies costs the task that it died of; the others go on.

    Args:
        tasks: what ``work`` is called with.
        work: what is done with each.
        workers: processes.
        ready: modules with what the tasks need. Where processes can share memory, they are imported once.
    """
    known: dict[int, Result] = {}
    position = 0
    while position < len(tasks):
        with _pool(workers, ready) as pool:
            futures = _submit(
                pool, work, {n: tasks[n] for n in range(position, len(tasks)) if n not in known}
            )
            while position < len(tasks):
                if position not in known:
                    outcome = _outcome(tasks[position], futures[position])
                    if outcome is None:
                        break
                    known[position] = outcome
                yield known.pop(position)
                position += 1
            known |= {
                n: future.result() for n, future in futures.items() if n > position and _is_whole(future)
            }
        if position < len(tasks):
            # One of those in work died of its task: tried alone, it says which.
            with _pool(1, ready) as pool:
                (future,) = _submit(pool, work, {position: tasks[position]}).values()
                yield _outcome(tasks[position], future) or _dead(tasks[position])
            position += 1


def _submit(pool: ProcessPoolExecutor, work: Work, tasks: dict[int, Task]) -> dict[int, Future[Result]]:
    with _starting():
        return {number: pool.submit(attempt, work, task) for number, task in tasks.items()}


def _outcome(task: Task, future: Future[Result]) -> Result | None:
    """Give what came of a task; None where a process died, of this task or of another."""
    try:
        return future.result()
    except BrokenProcessPool:
        return None
    except report.StandardStreamError:
        raise
    except Exception as error:  # noqa: BLE001 - a result or an error of a plugin that cannot be sent
        failed = faults.as_error(error, task.source)
        return report.error_object(task.source, failed), failed


def _is_whole(future: Future[Result]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


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
            pool.shutdown(cancel_futures=True)
        except (KeyboardInterrupt, signals.Ended):
            _end_children()
            raise


def _context(ready: Sequence[str]) -> BaseContext:
    """Say how workers are made: on Linux they are forked of one process, a server that has everything ready.

    On other systems libraries do not bear that; nor do they with threads, which are not there after a fork.
    """
    if sys.platform != "linux" or os.environ.get("OMP_NUM_THREADS", "1") != "1":
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver  # noqa: PLC0415 - not there on every system

    forkserver.set_forkserver_preload(list(ready))
    with _starting():
        forkserver.ensure_running()
    context = multiprocessing.get_context("forkserver")
    # An interrupt is heard while the server loads, not while workers start.
    first = context.Process()
    first.start()
    first.join()
    return context


def _end_children() -> None:
    for child in multiprocessing.active_children():
        child.terminate()


@contextmanager
def _starting() -> Iterator[None]:
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


def _begin() -> None:
    gc.freeze()  # what is shared stays so: collecting garbage does not write to it
    report.show_log()
    _follow_parent()


def _follow_parent() -> None:
    """End this process when the one that started it does, however that ends; on every system.

    The parent holds the other end of the sentinel, which the system closes for it.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        wait([parent.sentinel])
        with WRITING:
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
