"""``python -m eval guidance``: what bytes of a layer say, and how far generators follow it."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click

from eval.images import listed
from eval.measure import guidance
from eval.options import example, folders_argument, jobs_option, json_option, limit_option
from eval.report.tables import interval

_HEADS = ("bytes", "texture layer, PSNR dB", "share of noise", "contours, share of edges", "control weight")


@click.command(epilog=example("python -m eval guidance ../shared/data/eval/kodak --limit 8"))
@folders_argument
@limit_option
@jobs_option
@json_option
def command(folders: tuple[Path, ...], limit: int | None, jobs: int, *, as_json: bool) -> None:
    """Measure what bytes of a layer say.

    For texture layers this is the PSNR, for contours the share of the edges' gradient that they lie on.
    Beside it stands what generators make of so many bytes: the share of noise that a picture is drawn over
    with, and the weight of the contours as a control picture, both at the strength that is the default.
    """
    paths = [path for folder in folders for path in listed(folder, limit)]
    with ProcessPoolExecutor(jobs) as pool:
        rows = [row for picture in pool.map(guidance.measure, paths) for row in picture]
    means = guidance.summarise(rows)
    gain, size = guidance.per_doubling(rows), guidance.edge_bytes(rows)
    if as_json:
        values = [row.to_json() for row in means]
        click.echo(json.dumps({"rows": values, "db_per_doubling": gain, "edge_bytes": size}))
        return
    click.echo(f"| {' | '.join(_HEADS)} |\n{'|---' * len(_HEADS)}|")
    for row in means:
        rule = f"{row.noise_share:.2f} | {interval(row.edges)} | {row.control_weight:.2f}"
        click.echo(f"| {row.budget} | {interval(row.psnr)} | {rule} |")
    click.echo(f"\n{len(paths)} pictures; means with 95 % intervals")
    click.echo(f"each doubling of a texture layer's bytes gains {gain:.2f} dB")
    click.echo(f"{size:.0f} bytes of contours carry 1 - 1/e of the edges")
