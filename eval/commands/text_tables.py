"""``python -m eval text-tables``: what the tables of the token PPM make of written descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import click

from eval import written as evaluated
from eval.options import example
from promptcodec.description import Description, format_text
from promptcodec.entropy import zstd
from promptcodec.entropy.dictionary import Dictionary, train
from promptcodec.entropy.ppm import coder
from promptcodec.entropy.ppm.model import shipped
from promptcodec.layers.semantic.beside import words_of
from training import written

FORMS: dict[str, Callable[[Description], str]] = {"text": format_text, "words": words_of}
TABLES = ("ppm-1", "ppm-2")


@click.command("text-tables", epilog=example("python -m eval text-tables"))
def command() -> None:
    """Count the bytes of written descriptions by each table of the token PPM, and by zstd.

    Descriptions are those of training pictures held out, and of evaluation pictures; neither was trained on.
    zstd -19 has a dictionary trained on the written descriptions that ppm-2 was trained on. A description is
    coded as its canonical text, and as the words that stand beside a texture layer.
    """
    seen, held = written.load()
    sets = {"training pictures held out": held, "evaluation pictures": [*evaluated.descriptions().values()]}
    click.echo(f"| texts | form | n | characters | zstd | {' | '.join(TABLES)} | {TABLES[-1]} / zstd |")
    click.echo("|---|---|---|---|---|---|---|---|")
    for form, write in FORMS.items():
        own = train([write(each) for each in seen])
        codes = [partial(_zstd, own), *(partial(_ppm, name) for name in TABLES)]
        for name, descriptions in sets.items():
            items = [write(each).encode() for each in descriptions]
            sizes = [_mean(code(item) for item in items) for code in codes]
            cells = [f"{_mean(map(len, items)):.1f}", *(f"{size:.1f}" for size in sizes)]
            ratio = f"{sizes[-1] / sizes[0]:.3f}"
            click.echo(f"| {name} | {form} | {len(items)} | {' | '.join(cells)} | {ratio} |")


def _zstd(dictionary: Dictionary, item: bytes) -> int:
    block = zstd.compress(item, dictionary)
    return len(item) if block is None else len(block[1])


def _ppm(name: str, item: bytes) -> int:
    return len(coder.encode(item, shipped(name)))


def _mean(sizes: Iterable[int]) -> float:
    counted = list(sizes)
    return sum(counted) / len(counted)
