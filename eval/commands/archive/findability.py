"""``python -m eval archive findability``: are pictures found in an archive as they are in the laboratory?"""

from __future__ import annotations

import json
from pathlib import Path

import click

from eval import written
from eval.datasets import data_folder
from eval.images import listed
from eval.measure import archive_ranks, word_streams
from eval.missing import Unavailable
from eval.options import (
    COUNT,
    FOLDER,
    PATH,
    SeveralCommand,
    example,
    jobs_option,
    json_option,
    limit_option,
)
from eval.tables import markdown
from promptcodec.settings import TUNES

DATASETS = ("kodak", "aigi")
SOURCES = ("written-400", "written-200", "local")
BUDGETS = (100, 200)


@click.command(
    cls=SeveralCommand, epilog=example("python -m eval archive findability -o out/findability --limit 6")
)
@click.option(
    "--images", type=FOLDER, help="Holds kodak/ and aigi/; the evaluation folder of the data by default."
)
@limit_option
@click.option("--budgets", multiple=True, type=COUNT, default=BUDGETS, metavar="BYTES...")
@jobs_option
@json_option
@click.option("-o", "--out", type=PATH, help="Folder of what is coded; the same command goes on from there.")
def command(
    images: Path | None,
    limit: int | None,
    budgets: tuple[int, ...],
    jobs: int,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Measure whether words find their pictures in an archive.

    The evaluation pictures are put into an archive, as whole descriptions and as streams, and its own search
    answers the queries of "findability": once with every picture that has a word of the query
    ("archive_mrr", which is to be "laboratory_mrr"), once with the cut-off that people see.
    """
    folder = images or data_folder() / "eval"
    paths = [path for name in DATASETS if (folder / name).is_dir() for path in listed(folder / name, limit)]
    paths = [path for path in paths if written.name_of(path) in written.queries()]
    if not paths:
        raise Unavailable(f"no picture with a written description in {folder}; --images says where they are")
    wanted = [
        word_streams.Setting(source, TUNES[0] if budget else "", budget)
        for source in SOURCES
        for budget in (0, *budgets)
    ]
    rows = [archive_ranks.row(coded) for coded in word_streams.code(paths, wanted, out, jobs, pixels=False)]
    click.echo(json.dumps(rows) if as_json else markdown(rows))
