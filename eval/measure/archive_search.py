"""Searching an archive as the command line does, with the time that this takes."""

from __future__ import annotations

import multiprocessing
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from eval.measure import archive_queries
from eval.measure.times import median, peak_mb, percentiles, taken
from promptcodec.archive import store
from promptcodec.archive.indexing import index, looks
from promptcodec.archive.indexing.index import Index
from promptcodec.archive.indexing.looks import Look
from promptcodec.archive.searching import search
from promptcodec.archive.searching.search import Result

COMMAND = "words, a fresh command"
KINDS = ("words", "word", "colour", "like", "words and colour", COMMAND)
ROUNDS = 3
FEW = 5
"""Searches that a fresh command is asked."""
LIKE = 20
"""Pictures of the archive that others are to be like."""
_SEED = 20250603

Find: TypeAlias = Callable[..., Sequence[Result]]
"""Takes a query, and the options of ``search.search``; gives results, best first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search.

    Attributes:
        text: the query.
        like: how the picture looks that others are to be like.
    """

    text: str
    like: Look | None = None


@contextmanager
def opened(path: Path) -> Iterator[tuple[Find, Index]]:
    """Open an archive and its index; give what searches it, and the index."""
    with store.open(path) as archive, index.open(archive) as own:

        def find(text: str, **options: Any) -> Sequence[Result]:
            return search.search(archive, own, text, **options).results

        yield find, own


def rows(path: Path, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Measure searches, each kind in a process of its own.

    A search goes from the text of a query to results with their records and reasons, in a process that has
    the archive open. Its time is the median of ROUNDS; percentiles are over searches. ``first_p95_ms`` is of
    the first round.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        yield from (pool.submit(_row, path, kind).result() for kind in kinds)


def _row(path: Path, kind: str) -> dict[str, Any]:
    with opened(path) as (find, own):
        searches = _searches(kind, own)
        counts = [0] * len(searches)

        def ask(number: int) -> None:
            one = searches[number]
            asked = partial(_command, path) if kind == COMMAND else partial(find, like=one.like)
            counts[number] = len(asked(one.text))

        spent = [taken(ask, range(len(searches))) for _ in range(ROUNDS)]
    times = [median(rounds) for rounds in zip(*spent, strict=True)]
    return {
        "kind": kind,
        "searches": len(searches),
        "results": statistics.mean(counts),
        **percentiles(times),
        "first_p95_ms": percentiles(spent[0])["p95_ms"],
        "peak_mb": peak_mb(),
        "each": [
            {"query": one.text, "results": count, "ms": each.wall, "cpu_ms": each.cpu}
            for one, count, each in zip(searches, counts, times, strict=True)
        ],
    }


def _command(path: Path, text: str) -> Sequence[str]:
    """Search as a person does, in a process that does nothing else."""
    command = [sys.executable, "-m", "promptcodec", "archive", "search", str(path), text, "--json"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def _searches(kind: str, own: Index) -> list[Asked]:
    colours = [f'color:"{text}"' for text in archive_queries.queries("colour")]
    if kind == "colour":
        return [*map(Asked, colours)]
    if kind == "words and colour":
        words = archive_queries.queries("words")
        return [Asked(f"{text} {colour}") for text, colour in zip(words, colours, strict=False)]
    if kind == COMMAND:
        return [*map(Asked, archive_queries.queries("words")[:FEW])]
    if kind == "like":
        every = looks.load(own.base)
        chance = random.Random(_SEED)
        chunks = [chance.choice(every) for _ in range(LIKE)]
        return [Asked("", chunk.look(chance.randrange(len(chunk)))) for chunk in chunks]
    return [*map(Asked, archive_queries.queries(kind))]
