"""The queue: one job at a time in a thread, jobs that wait, what came of those that are done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from promptcodec.testing.comfyui import miniature
from promptcodec.testing.comfyui.faults import Faults
from promptcodec.testing.comfyui.files import Files
from promptcodec.testing.comfyui.nodes import Node

_OTHERS = 0.1


class InterruptedJobError(Exception):
    """Somebody ended the job."""


@dataclass
class Job:
    """One prompt; the first five are the tuple that ``/queue`` shows."""

    number: float
    name: str
    prompt: dict[str, Any]
    extra: dict[str, Any]
    outputs: list[str]
    seconds: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def shown(self) -> list[Any]:
        """Give it as ``/queue`` does."""
        return [self.number, self.name, self.prompt, self.extra, self.outputs]


class Queue:
    """Jobs that wait, the one that runs, and the history."""

    def __init__(
        self,
        nodes: Mapping[str, Node],
        files: Files,
        faults: Faults,
        note: Callable[[str, str], None],
    ) -> None:
        self.pending: list[Job] = []
        self.running: Job | None = None
        self.history: dict[str, dict[str, Any]] = {}
        self.lock = threading.Condition()
        self._nodes, self._files, self._faults, self._note = nodes, files, faults, note
        self._open = True
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._ahead = int(faults.number("busy"))

    def start(self) -> None:
        """Begin with the first job."""
        self._thread.start()

    def close(self) -> None:
        """End the job that runs, and the thread."""
        with self.lock:
            self._open = False
            if self.running:
                self.running.stop.set()
            self.lock.notify()
        self._thread.join(5)

    def put(self, job: Job) -> None:
        """Let a job wait for its turn; the jobs of others come in just before the first."""
        with self.lock:
            others = [
                Job(number - 1e6, f"foreign-{number}", {}, {}, [], _OTHERS) for number in range(self._ahead)
            ]
            self._ahead = 0
            self.pending += [*others, job]
            self.lock.notify()
        self._note(job.name, "queued")

    def delete(self, name: str) -> bool:
        """Take a job that waits out of the queue; say whether it was there."""
        with self.lock:
            kept = [job for job in self.pending if job.name != name]
            taken = len(kept) < len(self.pending)
            self.pending = kept
        if taken:
            self._note(name, "deleted")
        return taken

    def interrupt(self, name: str = "") -> bool:
        """End the job that runs, only if it is this one where one is named; say whether it was ended."""
        with self.lock:
            if self.running is None or (name and self.running.name != name):
                return False
            self.running.stop.set()
            return True

    def _work(self) -> None:
        while True:
            with self.lock:
                self.lock.wait_for(lambda: self.pending or not self._open)
                if not self._open:
                    return
                job = min(self.pending, key=lambda one: one.number)
                self.pending.remove(job)
                self.running = job
            self._note(job.name, "started")
            messages: list[Any] = [["execution_start", {"prompt_id": job.name, "timestamp": _now()}]]
            outputs: dict[str, Any] = {}
            try:
                outputs = self._execute(job)
                messages.append(["execution_success", {"prompt_id": job.name, "timestamp": _now()}])
            except InterruptedJobError:
                about = {"prompt_id": job.name, "node_id": "1", "node_type": "KSampler", "executed": []}
                messages.append(["execution_interrupted", {**about, "timestamp": _now()}])
            except _NodeError as error:
                about = {"prompt_id": job.name, "node_id": error.node, "node_type": error.kind}
                about |= {"exception_message": str(error.__cause__), "exception_type": error.name}
                messages.append(["execution_error", {**about, "traceback": [], "timestamp": _now()}])
            event = messages[-1][0].removeprefix("execution_")
            done = event == "success"
            status = {"status_str": "success" if done else "error", "completed": done, "messages": messages}
            with self.lock:
                self.running = None
                if not self._faults.strike("lost"):
                    self.history[job.name] = {"prompt": job.shown(), "outputs": outputs, "status": status}
            self._note(job.name, event)

    def _execute(self, job: Job) -> dict[str, Any]:
        until = time.monotonic() + (job.seconds or self._faults.number("slow"))
        if job.stop.wait(max(until - time.monotonic(), 0)) or self._faults.strike("interrupted"):
            raise InterruptedJobError
        values: dict[str, tuple[Any, ...]] = {}
        nan = self._faults.strike("nan")
        shown = {}
        for name in job.outputs:
            kind = self._nodes[job.prompt[name]["class_type"]].kind
            images, prefix = self._value(job, name, values)
            extra = job.extra.get("extra_pnginfo", {})
            pictures = [
                miniature.png(np.full_like(one, np.nan) if nan else one, job.prompt, extra) for one in images
            ]
            try:
                shown[name] = {"images": [self._files.save(kind, prefix, data) for data in pictures]}
            except ValueError as error:
                raise _NodeError(name, job.prompt[name]["class_type"], "ValueError") from error
        return shown

    def _value(self, job: Job, name: str, values: dict[str, tuple[Any, ...]]) -> tuple[Any, ...]:
        """Run a node and first all it needs, each once."""
        if name in values:
            return values[name]
        kind, inputs = job.prompt[name]["class_type"], job.prompt[name]["inputs"]
        node = self._nodes[kind]
        given = {}
        for key in node.inputs():
            value = inputs.get(key)
            if isinstance(value, list):
                given[key] = self._value(job, value[0], values)[value[1]]
            elif key in inputs:
                given[key] = miniature.load(self._files.upload(value)) if key in node.checked else value
        try:
            if kind == "KSampler" and self._faults.strike("queue-error"):
                raise RuntimeError("mat1 and mat2 shapes cannot be multiplied (77x768 and 2048x640)")  # noqa: TRY301
            values[name] = node.run(**given)
        except Exception as error:
            raise _NodeError(name, kind, type(error).__name__) from error
        return values[name]


class _NodeError(Exception):
    """A node raised."""

    def __init__(self, node: str, kind: str, name: str) -> None:
        super().__init__(node)
        self.node, self.kind, self.name = node, kind, name


def _now() -> int:
    return int(time.time() * 1000)
