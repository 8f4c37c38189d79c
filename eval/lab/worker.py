"""A process of its own that runs one task at a time: it may crash, hang or litter."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import tempfile
import traceback
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from eval.missing import NotReached, Unavailable

_SPAWN = multiprocessing.get_context("spawn")  # nothing is inherited from whoever starts it
_PATIENCE = 5.0


class WorkerError(RuntimeError):
    """A task failed, crashed or took too long; the message says which."""


class Worker:
    """Runs ``eval.lab.worker_tasks`` in its process; starts it when needed, and again after a crash."""

    def __init__(self, timeout: float, core: int | None = None) -> None:
        self.timeout, self._core = timeout, core
        self._process: Any = None
        self._pipe: Connection | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def call(self, task: str, *arguments: Any) -> Any:
        """Run a task.

        Raises:
            NotReached, Unavailable: as the task did.
            WorkerError: anything else, with the last line of what went wrong.
        """
        try:
            if self._process is None or not self._process.is_alive():
                self._start()
            assert self._pipe is not None, "started"
            self._pipe.send((task, arguments))
            if not self._pipe.poll(self.timeout):
                self.close(kill=True)
                raise WorkerError(f"{task}: no answer within {self.timeout:g} s")
            kind, value = self._pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._process.join(_PATIENCE)
            code = self._process.exitcode
            self.close(kill=True)
            raise WorkerError(f"{task}: the process died with exit code {code}") from None
        if kind == "ok":
            return value
        raise {"not reached": NotReached, "unavailable": Unavailable}.get(kind, WorkerError)(value)

    def _start(self) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._folder = tempfile.TemporaryDirectory(prefix="eval-", ignore_cleanup_errors=True)
        self._process = _SPAWN.Process(
            target=serve, args=(theirs, self._folder.name, self._core), daemon=True
        )
        self._process.start()
        theirs.close()
        self._pipe.recv()  # imports do not count as part of a task

    def close(self, *, kill: bool = False) -> None:
        """End the process."""
        if self._process is None:
            return
        if kill:
            self._process.kill()
        if self._pipe is not None:
            self._pipe.close()
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        if self._folder is not None:
            self._folder.cleanup()
        self._process = self._pipe = self._folder = None


def serve(pipe: Connection, folder: str, core: int | None) -> None:
    """Answer until the other end closes; a Ctrl-C is for whoever started this.

    Args:
        pipe: tasks come and answers go.
        folder: where temporary files go: those of one process are not another's.
        core: the only one it runs on, libraries' threads included; None for any.
    """
    import signal  # noqa: PLC0415 - only here

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if core is not None:
        os.sched_setaffinity(0, {core})
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # some libraries print
    tasks = importlib.import_module("eval.lab.worker_tasks")
    pipe.send("ready")
    while True:
        try:
            name, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer: tuple[str, Any] = ("ok", getattr(tasks, name)(*arguments))
        except NotReached as error:
            answer = ("not reached", str(error))
        except Unavailable as error:
            answer = ("unavailable", str(error))
        except BaseException as error:  # noqa: BLE001 - codecs of others raise what they like
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
            answer = ("error", f"{name}: {type(error).__name__}: {error} ({where})")
        try:
            pipe.send(answer)
        except (BrokenPipeError, OSError):
            return
