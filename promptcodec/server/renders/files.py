"""Threads that read and write what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Value = TypeVar("Value")


class Files:
    """Threads that read and write what is kept; a single one does everything in order."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, "files")

    async def run(self, work: Callable[[], Value]) -> Value:
        """Do something that waits for a disk."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def later(self, work: Callable[[], object]) -> None:
        """Have something done without waiting for it."""
        self._threads.submit(work)

    def close(self) -> None:
        """Do what is left, and let the threads end."""
        self._threads.shutdown()
