"""Engines of ``archive add``: what makes of files what an archive keeps of them, here or elsewhere."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from promptcodec.api.spending import Limits

if TYPE_CHECKING:
    from promptcodec.archive.adding.add import Outcome
    from promptcodec.archive.sources.source import Source

PATIENCE = 0.5
"""Seconds after which files that are done are kept where no other comes."""

ENGINES = {
    "local": "promptcodec.cli.archive.engines.local",
    "batch": "promptcodec.cli.archive.engines.batch",
    "ray": "promptcodec.cli.archive.engines.ray",
}
"""The module of each engine."""


@dataclass(frozen=True, slots=True)
class Job:
    """What an engine is to do with every file.

    Attributes:
        archive: where content is looked up.
        given: the options of encoding, files as paths.
        limits: what hosted models may cost.
        jobs: processes, None to choose.
        concurrency: questions that hosted captioners are asked at a time.
        staging: the folder through which machines of a cluster work together, None to choose.
    """

    archive: str
    given: dict[str, Any]
    limits: Limits
    jobs: int | None
    concurrency: int
    staging: str | None = None


class Engine(Protocol):
    """A module of an engine."""

    def check(self, given: dict[str, Any]) -> None:
        """Refuse options that it can do nothing with.

        Raises:
            PromptcodecError: there are such.
        """
        ...

    def outcomes(self, sources: Iterator[Source], job: Job) -> Generator[Outcome | None, None, None]:
        """Give each file with what was made of it, in any order; None where none comes for PATIENCE.

        What is being worked on at an interrupt is given before it is raised.
        """
        ...

    def tasks(self, sources: Iterator[Source], job: Job) -> Iterator[Any]:
        """Give what ``estimate_one`` takes, for each file."""
        ...

    def estimate_one(self, task: Any) -> dict[str, Any] | None:
        """Say what hosted captioners would cost for a file; None where the archive has its content."""
        ...


def engine(name: str) -> Engine:
    """Give an engine of ENGINES."""
    return cast("Engine", import_module(ENGINES[name]))
