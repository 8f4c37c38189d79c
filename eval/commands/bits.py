"""``python -m eval bits``: bytes of texts, of tiny pictures, of edge maps, by ours and by others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from eval import images as pictures
from eval import rivals
from eval.commands import say
from eval.datasets import data_folder
from eval.measure import bits
from eval.options import (
    COUNT,
    FILE,
    PATH,
    SeveralCommand,
    example,
    images_option,
    jobs_option,
    json_option,
)
from eval.rivals import scaling

MODULES = sorted({module for module, *_ in rivals.PICTURES})


@click.command(
    cls=SeveralCommand,
    epilog=example(
        "python -m eval bits --texts HELD/prompts.txt --images ../shared/data/eval/kodak --limit 2 --json",
        "python -m eval bits --write-texts HELD",
    ),
)
@click.option("--texts", type=FILE, help="One escaped text a line; .zst too.")
@images_option()
@click.option("--limit", type=COUNT, help="Texts, and pictures.")
@json_option
@click.option(
    "--data", type=PATH, default=data_folder, help="Training data of the baseline; ../shared/data by default."
)
@click.option("--kind", type=click.Choice(["text", "local"]), default="text", help="What it is trained on.")
@click.option("--parts", multiple=True, type=click.Choice(list(bits.PARTS)), default=list(bits.PARTS))
@click.option("--budgets", multiple=True, type=COUNT, default=bits.BUDGETS, metavar="BYTES...")
@click.option("--rivals", "only", multiple=True, type=click.Choice(MODULES), help="Of the tiny pictures.")
@click.option("--filter", "method", type=click.Choice(list(scaling.FILTERS)), default="lanczos")
@jobs_option
@click.option("--write-texts", type=PATH, metavar="DIR", help="Write held-out texts, and end.")
def command(
    texts: Path | None,
    images: Path | None,
    limit: int | None,
    data: Path,
    kind: str,
    parts: tuple[str, ...],
    budgets: tuple[int, ...],
    only: tuple[str, ...],
    method: str,
    jobs: int,
    write_texts: Path | None,
    *,
    as_json: bool,
) -> None:
    """Count bytes of texts, tiny pictures, edges.

    Ours and others' stand side by side. A budget that a rival meets for some pictures only has their number
    in "n": its mean is then over those. What is not installed is named on standard error. See
    docs/measurements/bits.md.
    """
    if write_texts:
        bits.write_texts(write_texts, data, kind, jobs)
        return
    if not texts and not images:
        raise click.UsageError("give --texts, --images, or both")
    result: dict[str, list[dict[str, Any]]] = {"texts": [], "tiny": [], "edges": []}
    if texts:
        result["texts"], reason = bits.measure_texts(texts, limit, data, kind, jobs)
        if reason:
            say(reason)
    if images:
        for reason in bits.missing(only):
            say(reason)
        paths = pictures.listed(images, limit)
        result |= bits.measure_pictures(paths, parts, budgets, only, method, jobs)
    if as_json:
        click.echo(json.dumps(result))
    else:
        print_tables(result)


def print_tables(result: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Print Markdown."""
    if result["texts"]:
        print("| coder | items | bytes | enc/s | dec/s |\n|---|---|---|---|---|")
        for row in result["texts"]:
            speeds = f"{row['enc_per_s']:.0f} | {row['dec_per_s']:.0f}"
            print(f"| {row['coder']} | {row['items']} | {row['bytes_mean']:.1f} | {speeds} |")
    for part, key, score, digits in (("tiny", "budget", "psnr_mean", 2), ("edges", "size", "f1_mean", 3)):
        rows = result[part]
        columns = sorted({row[key] for row in rows})
        most = max((row["n"] for row in rows), default=0)
        if columns:
            print(f"\n| {part}, {most} pictures | {' | '.join(map(str, columns))} |")
            print("|---" * (len(columns) + 1) + "|")
        for codec in dict.fromkeys(row["codec"] for row in rows):
            here = {row[key]: row for row in rows if row["codec"] == codec}
            cells = []
            for column in columns:
                row = here.get(column)
                size = "" if row is None or part == "tiny" else f"{row['bytes_mean']:.1f} B, "
                few = "" if row is None or row["n"] == most else f" ({row['n']})"
                cells.append("-" if row is None else f"{size}{row[score]:.{digits}f}{few}")
            print(f"| {codec} | {' | '.join(cells)} |")
