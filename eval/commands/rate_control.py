"""``python -m eval rate-control``: rate control against fixed splits of the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click

from eval.images import listed
from eval.measure.rate_control import measure, summarise
from eval.options import example, folders_argument, jobs_option, json_option, limit_option


@click.command(epilog=example("python -m eval rate-control ../shared/data/eval/kodak --limit 6"))
@folders_argument
@limit_option
@jobs_option
@json_option
def command(folders: tuple[Path, ...], limit: int | None, jobs: int, *, as_json: bool) -> None:
    """Compare rate control with fixed splits.

    The shares of "--tune pixels" are held against fixed ones at several rates. One row for each set of layers
    and rate, then what files leave of their budgets. See docs/measurements/rate.md.
    """
    paths = [path for folder in folders for path in listed(folder, limit)]
    with ProcessPoolExecutor(jobs) as pool:
        rows = [row for picture in pool.map(measure, paths) for row in picture]
    for row in summarise(rows):
        if as_json:
            click.echo(json.dumps(row))
        elif "budget" in row:
            click.echo(f"{row['budget']} B: slack {row['slack_mean']:.2f} B, {row['tight_share']:.0%} tight")
        else:
            click.echo(_line(row))


def _line(row: Mapping[str, Any]) -> str:
    ratio = f"{row['ratio']:.3f}" if row["ratio"] else "-"
    head = f"| {row['layers']} | {row['bpp']} | {_means(row['pixels'])}"
    return f"{head} | {row['best_fixed'] or '-'} | {_means(row['fixed'])} | {ratio} |"


def _means(means: Mapping[str, float] | None) -> str:
    return " ".join(f"{key} {value:.4g}" for key, value in means.items()) if means else "-"
