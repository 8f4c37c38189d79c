"""``python -m eval findability``: are pictures found by the words that are left of them at a budget?"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from eval import written
from eval.datasets import data_folder
from eval.images import listed
from eval.lab.rows import write_csv
from eval.measure import beside_map, findability_rows, word_streams
from eval.missing import Unavailable
from eval.options import COUNT, FOLDER, PATH, SeveralCommand, example, jobs_option, json_option, limit_option
from eval.tables import markdown
from eval.versions import package_version
from promptcodec.settings import TUNES

ONE = ("file", "source", "tune", "budget", "bytes", "words", "rank_1", "rank_2", "rank_3", "psnr", "ms_ssim")
DATASETS = ("kodak", "aigi")


@click.command(
    cls=SeveralCommand,
    epilog=example(
        "python -m eval findability --limit 6 --budgets 100 200 --tunes balanced",
        "python -m eval findability --pixels --survival --beside-map -o out/findability",
    ),
)
@click.option(
    "--images", type=FOLDER, help="Holds kodak/ and aigi/; the evaluation folder of the data by default."
)
@limit_option
@click.option(
    "--sources", multiple=True, type=click.Choice(word_streams.SOURCES),
    default=("written-400", "written-200", "local"), help="Of the words of streams.",
)  # fmt: skip
@click.option(
    "--tunes", multiple=True, type=click.Choice(TUNES), default=TUNES, help="For the first of the sources; "
    "the others have the first tune.",
)  # fmt: skip
@click.option("--budgets", multiple=True, type=COUNT, default=word_streams.BUDGETS, metavar="BYTES...")
@click.option("--pixels", is_flag=True, help="Draw the streams, and measure the pictures.")
@click.option("--survival", is_flag=True, help="Shares of nouns that streams of 200 bytes keep.")
@click.option("--beside-map", "maps", is_flag=True, help="Bytes of words alone and beside a colour map.")
@jobs_option
@json_option
@click.option("-o", "--out", type=PATH, help="Folder of tables; the same command goes on from there.")
@click.pass_obj
def command(
    typed: Sequence[str],
    images: Path | None,
    limit: int | None,
    sources: tuple[str, ...],
    tunes: tuple[str, ...],
    budgets: tuple[int, ...],
    jobs: int,
    out: Path | None,
    *,
    pixels: bool,
    survival: bool,
    maps: bool,
    as_json: bool,
) -> None:
    """Measure how well words find their pictures.

    Short queries, three a picture, are ranked by BM25 among the words of all pictures: of whole descriptions,
    written and by the embedded captioner, and of streams of these. A row has the mean reciprocal rank and its
    ratio to that of whole descriptions. See docs/measurements/laboratory.md.
    """
    folder = images or data_folder() / "eval"
    paths = [path for name in DATASETS if (folder / name).is_dir() for path in listed(folder / name, limit)]
    paths = [path for path in paths if written.name_of(path) in written.queries()]
    if not paths:
        raise Unavailable(f"no picture with a written description in {folder}; --images says where they are")
    tables: dict[str, list[dict[str, Any]]] = {}
    coded, places = {}, {}
    rows: list[dict[str, Any]] = []
    wanted = word_streams.settings(sources, tunes, budgets)
    for setting, pictures in zip(
        wanted, word_streams.code(paths, wanted, out, jobs, pixels=pixels), strict=True
    ):
        coded[setting], places[setting] = pictures, findability_rows.ranks(pictures)
        rows += findability_rows.pictures_of(pictures, places[setting])
    tables["findability"] = list(findability_rows.means(coded, places))
    if survival:
        tables["survival"] = list(findability_rows.kept(coded))
    if maps:
        tables["beside-map"] = list(beside_map.means(beside_map.run(paths, jobs)))
    if out:
        write_csv(out / "pictures.csv", rows, ONE)
        for name, table in tables.items():
            write_csv(out / f"{name}.csv", table, list(table[0]))
        (out / "report.md").write_text(_report(typed, len(paths), tables), "utf-8")
    click.echo(json.dumps(tables) if as_json else "\n\n".join(map(markdown, tables.values())))


def _report(typed: Sequence[str], count: int, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Write Markdown: the command, what was measured, and every table under its name."""
    about = f"{count} pictures; promptcodec {package_version()}, descriptions {written.version()}."
    parts = ["# Words that find their picture", f"```sh\npython -m eval {shlex.join(typed)}\n```", about]
    for name, table in tables.items():
        parts += [f"## {name}", markdown(table)]
    return "\n\n".join(parts) + "\n"
