"""``python -m eval describe-match``: does a description find its picture's own prompt among 20 others?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from eval.options import COUNT, FILE, example, json_option
from promptcodec import encode, inspect

OTHERS = 20


@click.command(epilog=example("python -m eval describe-match AIGI/prompts.jsonl --json"))
@click.argument("prompts", type=FILE, metavar="PROMPTS.jsonl")
@click.option("--repeats", type=COUNT, default=50, show_default=True, help="Draws of the others.")
@click.option("--words", is_flag=True, help="Print every description beside its prompt.")
@json_option
def command(prompts: Path, repeats: int, *, words: bool, as_json: bool) -> None:
    """Find prompts by descriptions.

    Each is compared with its picture's own prompt and 20 others, by a sentence embedding. The file has "file"
    and "prompt" per line, pictures beside it; lines without a prompt are left out. The others are drawn at
    random, many times. Reported: mean reciprocal rank and share of first places, with what chance gives.
    "pixels" describes the picture alone; "file" may use the prompt that the file carries.
    """
    from eval.measure.sentences import embed  # noqa: PLC0415 - an extra

    lines = [json.loads(line) for line in prompts.read_text("utf-8").splitlines()]
    lines = [line for line in lines if line.get("prompt")]
    targets = embed([line["prompt"] for line in lines])
    chance = float((1 / np.arange(1, OTHERS + 2)).mean())
    for name, recipe in (("pixels", "off"), ("file", "auto")):
        summaries = [_summary(prompts.parent / line["file"], recipe) for line in lines]
        if words:
            for line, summary in zip(lines, summaries, strict=True):
                click.echo(f"{line['file']}\n  summary: {summary}\n  prompt:  {line['prompt'][:200]}")
        ranks = reciprocal_ranks(embed(summaries) @ targets.T, repeats)
        row = {
            "from": name,
            "n": len(lines),
            "mrr": round(float(ranks.mean()), 3),
            "mrr_chance": round(chance, 3),
            "first": round(float((ranks == 1).mean()), 3),
            "first_chance": round(1 / (OTHERS + 1), 3),
        }
        click.echo(json.dumps(row) if as_json else "  ".join(f"{key} {value}" for key, value in row.items()))


def _summary(file: Path, recipe: str) -> str:
    stream = encode(file.read_bytes(), layers=("semantic",), recipe=recipe)
    outline: dict[str, Any] = inspect(stream)
    return str(outline["description"]["summary"])


def reciprocal_ranks(similarity: np.ndarray, repeats: int) -> np.ndarray:
    """Rank each row's own column among itself and OTHERS random columns, ``repeats`` times."""
    random = np.random.default_rng(0)
    count = len(similarity)
    ranks = []
    for row in range(count):
        rest = np.delete(np.arange(count), row)
        for _ in range(repeats):
            drawn = random.choice(rest, OTHERS, replace=False)
            ranks.append(1 + int((similarity[row, drawn] >= similarity[row, row]).sum()))
    return 1 / np.array(ranks)
