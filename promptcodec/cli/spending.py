"""The options that cap what hosted models may cost, and the estimate made instead of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import click

from promptcodec.api.spending import DEFAULT_COST, DEFAULT_REQUESTS, Limits, Spent

_Command = Callable[..., Any]


class Dollars(click.FloatRange):
    """A sum from 0; nothing could be held to one that is no number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse it."""
        dollars = float(super().convert(value, param, ctx))
        if math.isnan(dollars):
            self.fail(f"{value!r} is no sum of dollars", param, ctx)
        return dollars


def cap_options(command: _Command) -> _Command:
    """Add --max-cost and --max-requests."""
    command = click.option(
        "--max-requests",
        type=click.IntRange(0),
        default=DEFAULT_REQUESTS,
        show_default=True,
        help="Most calls of hosted models in this run; each try and each redirect is one.",
    )(command)
    return click.option(
        "--max-cost",
        type=Dollars(0),
        metavar="DOLLARS",
        help=f"Most hosted models may cost in this run.  [default: {DEFAULT_COST:g}, where prices are known]",
    )(command)


dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say what hosted models would cost; ask nobody, write nothing."
)


def limits(max_cost: float | None, max_requests: int) -> Limits:
    """Make the limits of a run; a cost the user names must hold, so calls of unknown price are refused."""
    if max_cost is None:
        return Limits(requests=max_requests)
    return Limits(max_cost, max_requests, strict=True)


def spent_object(spent: Spent) -> dict[str, Any]:
    """Make the JSON of what was spent: nothing where no hosted model was asked."""
    if not (spent.requests or spent.stored):
        return {}
    return {
        "spent": {
            "requests": spent.requests,
            "stored": spent.stored,
            "input_tokens": spent.input_tokens,
            "output_tokens": spent.output_tokens,
            "cost": spent.cost,
        }
    }


def spent_words(result: dict[str, Any]) -> str:
    """Make the words a person reads of it."""
    spent = result.get("spent")
    if not spent:
        return ""
    cost = "cost unknown" if spent["cost"] is None else f"${spent['cost']:.4f}"
    return f"  {spent['requests']} calls, {spent['stored']} stored, {cost}"


def estimate_object(file: str, requests: tuple[int, int], cost: float, *, exact: bool) -> dict[str, Any]:
    """Make the JSON of an estimate."""
    return {
        "file": file,
        "ok": True,
        "dry_run": True,
        "requests": requests[0],
        "requests_most": requests[1],
        "cost": cost if math.isfinite(cost) else None,
        "exact": exact,
    }


def show_estimate(result: dict[str, Any]) -> str:
    """Make the line a person reads."""
    counted = (
        ""
        if result["exact"]
        else " (estimated by length: no vocabulary at hand)"
        if "input_tokens" in result
        else " (estimated)"
    )
    return f"{result['file']}  {_calls([result])}{counted}; nothing was sent"


def total_words(estimates: Sequence[dict[str, Any]]) -> str:
    """Say what several estimates come to."""
    return f"{_calls(estimates)}; nothing was sent"


def _calls(estimates: Sequence[dict[str, Any]]) -> str:
    least, most = (sum(each[key] for each in estimates) for key in ("requests", "requests_most"))
    costs = [each["cost"] for each in estimates]
    cost = "price unknown" if None in costs else f"about ${sum(costs):.4f}"
    return f"{least} to {most} calls, {cost}"
