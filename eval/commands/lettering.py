"""``python -m eval lettering``: are the letters in pictures read, and nothing where there are none?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from PIL import Image

from eval import written
from eval.datasets import data_folder
from eval.images import listed
from eval.measure.lettering import Reading, compare, kept, words_of
from eval.missing import Unavailable
from eval.options import FOLDER, example
from promptcodec import encode, inspect
from promptcodec.captioners.observation import observe
from promptcodec.description import Description, from_json
from promptcodec.vision import letters
from promptcodec.vision.load import load_image

DATASETS = ("kodak", "aigi")
BUDGETS = (None, 200, 64)


@click.command(epilog=example("python -m eval lettering"))
@click.option(
    "--images", type=FOLDER, help="Holds kodak/ and aigi/; the evaluation folder of the data by default."
)
@click.option(
    "--others", type=FOLDER, help="More pictures, without letters: what is read in them is printed."
)
@click.option("--words", is_flag=True, help="Print what is read in each picture.")
def command(images: Path | None, others: Path | None, *, words: bool) -> None:
    """Read the letters of the evaluation pictures (extra "ocr").

    Lines that are surely read are compared with those that somebody copied, see eval/descriptions. The words
    read are then looked for in the descriptions of streams, without a limit, of 200 and of 64 bytes.
    """
    if not letters.readable():
        raise Unavailable("there is nothing to read with: pip install 'promptcodec[ocr]'")
    folder = images or data_folder() / "eval"
    paths = [path for name in DATASETS if (folder / name).is_dir() for path in listed(folder / name)]
    if not paths:
        raise Unavailable(f"no picture in {folder}; --images says where they are")
    lettered = [path for path in paths if written.name_of(path) in written.lettering()]
    empty = [path for path in paths if path not in lettered] + (listed(others) if others else [])
    letters.letters(load_image(paths[0]))  # its networks are loaded before the clock starts
    totals = Reading()
    read_words = 0
    stored = dict.fromkeys(BUDGETS, 0)
    seconds = []
    for path in lettered:
        lines, spent = _read(load_image(path))
        seconds.append(spent)
        reading = compare(lines, written.lettering()[written.name_of(path)])
        totals += reading
        read_words += len(words_of(lines))
        for budget in BUDGETS:
            stored[budget] += kept(words_of(lines), _described(path, budget).lettering)
        if words:
            click.echo(f"{written.name_of(path)}  {reading}  {lines}")
    click.echo(
        f"{len(lettered)} pictures with letters: {totals.right} lines right, {totals.wrong} wrong, "
        f"{totals.false} false, {totals.missed} missed; {_times(seconds)}"
    )
    for budget, count in stored.items():
        click.echo(f"{count} of {read_words} words read are stored in {budget or 'any number of'} bytes")
    seconds, false = [], 0
    for path in empty:
        lines, spent = _read(load_image(path))
        seconds.append(spent)
        false += len(lines)
        if lines:
            click.echo(f"{written.name_of(path)}  {lines}")
    counted = [sum(observe(load_image(path)).holds_text for path in group) for group in (lettered, empty)]
    click.echo(f"{len(empty)} pictures without letters that can be read: {false} lines; {_times(seconds)}")
    click.echo(f"seen to hold text without reading: {counted[0]} of the first, {counted[1]} of the others")


def _read(image: Image.Image) -> tuple[list[str], float]:
    start = time.perf_counter()
    lines = [line.text for line in letters.letters(image)]
    return lines, time.perf_counter() - start


def _described(path: Path, budget: int | None) -> Description:
    stream = encode(path, budget=budget, recipe="off")
    return from_json(inspect(stream)["description"])


def _times(seconds: Sequence[float]) -> str:
    return f"{np.median(seconds):.2f} s a picture (median), {max(seconds):.2f} s at most"
