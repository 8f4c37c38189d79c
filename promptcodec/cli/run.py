"""The options that encode and decode share: what may be spent, what is replaced, how many workers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from promptcodec.api.spending import Limits
from promptcodec.cli import options, spending


@dataclass(frozen=True, slots=True)
class Run:
    """How a command works through its files.

    Attributes:
        limits: what hosted models may cost.
        dry_run: say what they would cost, and do nothing.
        overwrite: replace outputs that exist.
        skip_existing: leave out inputs whose output exists.
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
