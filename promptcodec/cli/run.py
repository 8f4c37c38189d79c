"""What encode and decode share: what may be spent, what is replaced, how many workers, which files."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from promptcodec.api.spending import Limits
from promptcodec.cli import batch, options, spending
from promptcodec.cli.find import STREAMS, Selection, find
from promptcodec.cli.plan import Pairs, plan
from promptcodec.cli.tasks import Task, Work


@dataclass(frozen=True, slots=True)
class Run:
    """How a command works through its files.

    Attributes:
        limits: what hosted models may cost.
        dry_run: say what they would cost, and do nothing.
        overwrite: replace outputs that exist.
        skip_existing: leave out inputs whose output exists and can be read.
        jobs: worker processes, None to choose.
        as_json: print JSON lines.
    """

    limits: Limits
    dry_run: bool
    overwrite: bool
    skip_existing: bool
    jobs: int | None
    as_json: bool


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options, and give the command a ``Run`` of them."""

    @functools.wraps(command)
    def collected(*, max_cost: float | None, max_requests: int, **given: Any) -> None:
        names = ("dry_run", "overwrite", "skip_existing", "jobs", "as_json")
        run = Run(spending.limits(max_cost, max_requests), **{name: given.pop(name) for name in names})
        command(run=run, **given)

    added: Callable[..., None] = collected
    for option in (
        options.json_option,
        options.jobs_option,
        options.skip_option,
        options.overwrite_option,
        spending.dry_run_option,
        spending.cap_options,
    ):
        added = option(added)
    return added


def inputs_of(
    run: Run,
    inputs: tuple[str, ...],
    output: str | None,
    suffixes: Sequence[str],
    name: Callable[[str], str],
    read: Sequence[str | None],
) -> tuple[Selection, Pairs]:
    """Give what a run works on; arguments as of ``plan``.

    A dry run needs an output only to see what is done already.
    """
    if run.dry_run and not (run.skip_existing and output):
        selection = find(inputs, suffixes, "streams" if suffixes == STREAMS else "images")
        return selection, [(source, "") for source in selection.sources]
    return plan(inputs, output, suffixes, name, as_json=run.as_json, read=read)


def estimate(tasks: Sequence[Task], work: Work, selection: Selection, *, as_json: bool) -> int:
    """Say what a run would cost, each item and all together; give the exit code."""
    estimates: list[dict[str, Any]] = []
    return batch.run(
        tasks,
        work,
        spending.show_estimate,
        jobs=1,
        as_json=as_json,
        selection=selection,
        note=estimates.append,
        verb="estimated",
        total=lambda: spending.total_words(estimates),
    )
