"""``python -m eval eyes``: does a captioner see what somebody saw?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from eval import written
from eval.datasets import data_folder
from eval.images import listed
from eval.lab.rows import write_csv
from eval.measure import eyes, eyes_rows
from eval.missing import Unavailable
from eval.options import FOLDER, PATH, example, json_option, limit_option
from promptcodec import plugins
from promptcodec.captioners import Captioner
from promptcodec.description import Description
from promptcodec.vision.load import load_image
from training.labelled import Label


@click.command(epilog=example("python -m eval eyes -o out/eyes", "python -m eval eyes --unjudged --limit 10"))
@click.option(
    "--images", type=FOLDER, help="Holds kodak/ and aigi/; the evaluation folder of the data by default."
)
@limit_option
@click.option(
    "--captioner", default="local", show_default=True, metavar="NAME", help="An installed captioner."
)
@click.option("--written", "as_written", is_flag=True, help="Measure the written descriptions instead.")
@click.option("--unjudged", is_flag=True, help="List what counts as wrong and was not looked up.")
@json_option
@click.option("-o", "--out", type=PATH, help="Folder of tables.")
def command(
    images: Path | None,
    limit: int | None,
    captioner: str,
    out: Path | None,
    *,
    as_written: bool,
    unjudged: bool,
    as_json: bool,
) -> None:
    """Measure what a captioner sees.

    Pictures are described on the grid of their labels, which were made by looking: main subject, things and
    their colours, nouns of cells, medium, number of people. Short queries are ranked as "findability" does.
    The written descriptions (400 characters) show how far words can go. See docs/measurements/laboratory.md.
    """
    folder = images or data_folder() / "eval"
    paths = [
        path for name in eyes.DATASETS if (folder / name).is_dir() for path in listed(folder / name, limit)
    ]
    labels = {label.file: label for label in eyes.labels()}
    known, looked = eyes.known(list(labels.values())), eyes.judged()
    chosen = {written.name_of(path): path for path in paths if written.name_of(path) in labels}
    if not chosen:
        raise Unavailable(f"no labelled picture in {folder}; --images says where they are")
    if as_written:
        descriptions = {name: written.descriptions()[name, eyes_rows.REFERENCE] for name in chosen}
    else:
        seer: Captioner = plugins.create("captioners", captioner)
        descriptions = {name: _describe(seer, path, labels[name]) for name, path in chosen.items()}
    rows = [eyes.picture(descriptions[name], labels[name], known, looked) for name in chosen]
    eyes_rows.add_ranks(rows, descriptions)
    source = f"written-{eyes_rows.REFERENCE}" if as_written else captioner
    means = list(eyes_rows.means(rows, source))
    if out:
        shown = [{**row, "unjudged": ", ".join(row["unjudged"])} for row in rows]
        write_csv(out / "eyes.csv", means, list(means[0]))
        write_csv(out / "pictures.csv", shown, list(shown[0]))
    if unjudged:
        for row in rows:
            for noun in row["unjudged"]:
                click.echo(json.dumps({"file": row["file"], "noun": noun}))
    else:
        click.echo(json.dumps({"eyes": means, "pictures": rows}) if as_json else _table(means))


def _describe(captioner: Captioner, path: Path, label: Label) -> Description:
    return captioner.describe(load_image(path.read_bytes()), rows=label.rows, cols=label.cols)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    """Write a Markdown table with a line for each measure."""
    lines = [f"| {column} | {' | '.join(_cell(row[column]) for row in rows)} |" for column in rows[0]]
    return "\n".join((lines[0], "|---" * (len(rows) + 1) + "|", *lines[1:]))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
