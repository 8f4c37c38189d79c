"""``python -m eval calibrate-checks``: the score of the checks, on pictures that match and that do not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from eval.measure.calibration import error_rates, fit
from eval.measure.calibration_pairs import collect
from eval.options import COUNT, FILE, FOLDER, PATH, example, folders_argument
from promptcodec.checks.score import TABLE
from training.tables import write

SOURCE = "python -m eval calibrate-checks fit SCORES.jsonl --ship"
SPLITS = ("fit", "test")


@click.group(
    epilog=example(
        "python -m eval calibrate-checks collect SCORES.jsonl TRAIN --split fit --limit 40",
        "python -m eval calibrate-checks collect SCORES.jsonl KODAK AIGI --split test --offset 16",
        SOURCE,
    )
)
def command() -> None:
    """Calibrate the score of the checks.

    Collect comparisons of streams and pictures, then fit. See docs/reference/checks.md.
    """


@command.command(
    "collect",
    epilog=example("python -m eval calibrate-checks collect SCORES.jsonl TRAIN --split fit --limit 40"),
)
@click.argument("scores", type=PATH, metavar="SCORES.jsonl")
@folders_argument
@click.option("--split", type=click.Choice(SPLITS), required=True, help="What these pictures are for.")
@click.option(
    "--offset", type=click.IntRange(min=0), default=0, help="Pictures left out at a folder's start."
)
@click.option("--limit", type=COUNT, help="Pictures of each folder, spread over it.")
@click.option("--weights", type=FOLDER, help="Folder of TAESD's weights, to draw with it too.")
def collect_command(
    scores: Path, folders: tuple[Path, ...], split: str, offset: int, limit: int | None, weights: Path | None
) -> None:
    """Compare streams with pictures that match them and with pictures that do not; add to SCORES.jsonl."""
    with scores.open("a", encoding="utf-8") as file:
        for row in collect(folders, split, offset, limit, weights):
            file.write(json.dumps(row) + "\n")


@command.command("fit", epilog=example(SOURCE))
@click.argument("scores", type=FILE, metavar="SCORES.jsonl")
@click.option("--ship", is_flag=True, help=f"Write promptcodec/models/{TABLE}.json.")
def fit_command(scores: Path, *, ship: bool) -> None:
    """Weigh the fields on the split "fit", choose the threshold there; print AUC and error rates of both."""
    rows = [json.loads(line) for line in scores.read_text("utf-8").splitlines()]
    model = fit([row for row in rows if row["split"] == "fit"])
    rates = {split: error_rates([row for row in rows if row["split"] == split], model) for split in SPLITS}
    table = {"weights": model.weights, "bias": model.bias, "threshold": model.threshold}
    click.echo(json.dumps(table, indent=1))
    for split, by_setting in rates.items():
        count = len({row["file"] for row in rows if row["split"] == split})
        click.echo(f"\n{split}, {count} pictures\n")
        print_table(by_setting)
    if ship:
        wrong = {
            split: {
                setting: {kind: entry["wrong"] for kind, entry in kinds.items()}
                for setting, kinds in by_setting.items()
            }
            for split, by_setting in rates.items()
        }
        content = json.dumps(table | {"wrong": wrong}, indent=1)
        write(TABLE, f"{TABLE}.json", content.encode(), source=SOURCE)


def print_table(by_setting: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the table of docs/reference/checks.md."""
    settings = list(by_setting)
    print("| picture shown | " + " | ".join(f"{setting}: AUC, wrong" for setting in settings) + " |")
    print("|---" * (len(settings) + 1) + "|")
    for kind in by_setting[settings[0]]:
        cells = []
        for setting in settings:
            entry = by_setting[setting][kind]
            value = f"{entry['auc']:.3f}, " if "auc" in entry else "-, "
            cells.append(f"{value}{entry['wrong']:.1%}")
        print(f"| {kind} | " + " | ".join(cells) + " |")
