"""Records worked through in batches, by several processes where there are several batches."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from promptcodec.archive.record import Record
from promptcodec.cli import options, ready, tasks

RESULTS = "results"
"""What the result of a batch holds."""


@dataclass(frozen=True, slots=True)
class BatchTask:
    """A batch of records.

    Attributes:
        source: what it is for, as errors name it.
        items: the batch: records, each with more about it.
        beside: what all batches need.
    """

    source: str
    items: list[Any]
    beside: Any

    @property
    def held(self) -> int:
        """Give how many bytes of streams it carries."""
        return sum(len(each.stream) for each, *_ in self.items if isinstance(each, Record))


def spread(
    batches: Iterable[list[Any]],
    work: Callable[[BatchTask], dict[str, Any]],
    beside: Any,
    source: str,
    jobs: int | None = None,
) -> Generator[Any, None, None]:
    """Give what was made of each batch, in their order; a single batch is worked through here.

    Args:
        batches: taken as they are needed.
        work: gives an object with RESULTS; a function that other processes find.
        beside: what all batches need.
        source: what it is for, as errors name it.
        jobs: processes, None for all cores.

    Raises:
        PromptcodecError: of the first batch that fails.
    """
    coming = iter(batches)
    first = list(islice(coming, 2))
    given = (BatchTask(source, batch, beside) for batch in chain(first, coming))
    processes = options.resolve_jobs(jobs, sum(map(len, first))) if len(first) > 1 else 1
    with closing(tasks.results(given, work, processes, ready.READING)) as results:
        for value, error in results:
            if error:
                raise error
            assert value is not None  # no batch was done before
            yield value[RESULTS]
