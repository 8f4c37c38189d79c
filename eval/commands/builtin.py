"""``python -m eval builtin``: how good the built-in generator's pictures are at so many bytes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import click

from eval import images as pictures
from eval.commands.bits import MODULES
from eval.datasets import data_folder
from eval.measure import contact_sheet, fidelity
from eval.measure.bootstrap import summarise
from eval.options import COUNT, PATH, SeveralCommand, example, images_option, json_option, limit_option
from promptcodec.settings import STRENGTH
from training.generator import held_out

BUDGETS = (100, 200, 400, 800)


@click.command(
    cls=SeveralCommand,
    epilog=example(
        "python -m eval builtin --images ../shared/data/eval/kodak --limit 2 --json",
        "python -m eval builtin --images KODAK AIGI --limit 24 --strengths 0 0.5 1 --sheet sheet.jpg",
    ),
)
@images_option(several=True, required=True)
@limit_option
@json_option
@click.option("--budgets", multiple=True, type=COUNT, default=BUDGETS, metavar="BYTES...")
@click.option("--strengths", multiple=True, type=float, default=(STRENGTH,), help="Of the generator.")
@click.option("--rivals", multiple=True, type=click.Choice([*MODULES, "none"]), help="All by default.")
@click.option("--data", type=PATH, default=data_folder, help="Folder with weights/lpips_v0.1.")
@click.option("--sheet", type=PATH, metavar="FILE", help="Write contact sheets too, worst first.")
@click.option("--held-out", "held", is_flag=True, help="Only pictures kept from the training.")
@click.option("--jobs", type=COUNT, default=1, show_default=True, help="Processes, a picture each.")
def command(
    images: tuple[Path, ...],
    limit: int | None,
    budgets: tuple[int, ...],
    strengths: tuple[float, ...],
    rivals: tuple[str, ...],
    data: Path,
    sheet: Path | None,
    jobs: int,
    *,
    as_json: bool,
    held: bool,
) -> None:
    """Judge the built-in generator's pictures.

    They are compared with the originals, beside bicubic and rivals. Pictures have a long side of 512; rows
    have 95 % intervals over the pictures. See docs/measurements/generator.md.
    """
    fidelity.check()
    paths = [
        path
        for folder in images
        for path in [path for path in pictures.listed(folder) if not held or held_out(path.stem)][:limit]
    ]
    work = partial(
        fidelity.measure,
        budgets=budgets,
        strengths=strengths,
        rivals=rivals,
        data=data,
        sheet=sheet is not None,
    )
    scores = []
    with ProcessPoolExecutor(jobs) as pool:
        for number, measured in enumerate(pool.map(work, paths), 1):
            print(f"{number} of {len(paths)} pictures", file=sys.stderr, flush=True)
            scores.append(measured)
    if sheet:
        worst = sorted(range(len(paths)), key=lambda place: fidelity.gain(scores[place], budgets))
        contact_sheet.assemble([fidelity.sheet_of(paths[place]) for place in worst], sheet)
    rows = summarise(scores)
    if as_json:
        click.echo(json.dumps({"rows": rows}))
    else:
        print_tables(rows)


def print_tables(rows: Sequence[dict[str, Any]]) -> None:
    """Print Markdown: a table for each budget."""
    for budget in sorted({row["budget"] for row in rows}):
        here = [row for row in rows if row["budget"] == budget]
        names = [name for name in dict.fromkeys(row["metric"] for row in here) if " to " not in name]
        print(f"\n| {budget} bytes | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
        for name in dict.fromkeys(row["codec"] for row in here):
            mine = {row["metric"]: row for row in here if row["codec"] == name}
            cells = [f"{mine[metric]['mean']:.4g}" if metric in mine else "-" for metric in names]
            print(f"| {name} ({mine['psnr']['n']}) | {' | '.join(cells)} |")
        for row in here:
            if " to " in row["metric"] and row["codec"].startswith("builtin"):
                bounds = f"{row['ci_low']:+.3g} .. {row['ci_high']:+.3g}"
                print(f"{row['codec']}: {row['metric']} {row['mean']:+.3g} ({bounds})")
