"""The options that cap what hosted models may cost, and the estimate made instead of a run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from promptcodec.api.spending import DEFAULT_COST, DEFAULT_REQUESTS, Limits, Spent

_Command = Callable[..., Any]


def cap_options(command: _Command) -> _Command:
    """Add --max-cost and --max-requests."""
    command = click.option(
        "--max-requests",
        type=click.IntRange(0),
        default=DEFAULT_REQUESTS,
        show_default=True,
        help="Most calls of hosted models in this run.",
    )(command)
    return click.option(
        "--max-cost",
        type=click.FloatRange(0),
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


@dataclass(frozen=True, slots=True)
class EstimateTask:
    """One file whose cost is estimated.

    Attributes:
        source: the file.
        plugin: the captioner or generator, as the user wrote it.
        settings: of the encoding or decoding.
        dictionary: a path, as on the command line.
    """

    source: str
    plugin: str
    settings: dict[str, Any]
    dictionary: str | None = None


def estimate_encode(task: EstimateTask) -> dict[str, Any]:
    """Say what captioning one picture would cost."""
    from promptcodec import plugins, rate  # noqa: PLC0415 - heavy
    from promptcodec.cli.batch import read_input  # noqa: PLC0415
    from promptcodec.vision.load import load_image  # noqa: PLC0415

    captioner = plugins.create("captioners", task.plugin)
    if not hasattr(captioner, "estimate"):
        return _object(task.source, (0, 0), 0.0, exact=True)
    picture = load_image(read_input(task.source))
    said = captioner.estimate(
        picture, rate.limit(picture.size, task.settings["budget"], task.settings["bpp"])
    )
    extra = {"input_tokens": said.input_tokens, "output_tokens": said.output_tokens}
    return _object(task.source, said.requests, said.cost, exact=said.exact) | extra


def estimate_decode(task: EstimateTask) -> dict[str, Any]:
    """Say what drawing one stream would cost."""
    from promptcodec import plugins, reading  # noqa: PLC0415 - heavy
    from promptcodec.cli.batch import read_dictionaries, read_input  # noqa: PLC0415

    generator = plugins.create("generators", task.plugin)
    if not hasattr(generator, "estimate"):
        return _object(task.source, (0, 0), 0.0, exact=True)
    conditions = reading.conditions(
        read_input(task.source),
        layers=task.settings["layers"],
        size=task.settings["size"],
        partial=task.settings["partial"],
        dictionaries=read_dictionaries(task.dictionary),
    )
    least, most = task.settings["best_of"], task.settings["best_of"] + task.settings["retries"]
    return _object(task.source, (least, most), least * generator.estimate(conditions), exact=False)


def _object(file: str, requests: tuple[int, int], cost: float, *, exact: bool) -> dict[str, Any]:
    return {
        "file": file,
        "ok": True,
        "dry_run": True,
        "requests": requests[0],
        "requests_most": requests[1],
        "cost": None if math.isnan(cost) else cost,
        "exact": exact,
    }


def show_estimate(result: dict[str, Any]) -> str:
    """Make the line a person reads."""
    cost = "price unknown" if result["cost"] is None else f"about ${result['cost']:.4f}"
    counted = (
        ""
        if result["exact"]
        else " (estimated by length: no vocabulary at hand)"
        if "input_tokens" in result
        else " (estimated)"
    )
    calls = f"{result['requests']} to {result['requests_most']} calls"
    return f"{result['file']}  {calls}, {cost}{counted}; nothing was sent"
