"""Descriptions of pictures written by looking at them: ``training/descriptions/*.jsonl``.

Each line has a picture's ``file``, the ``characters`` that were asked for, and the canonical ``text``;
training/descriptions/README.md says how they were made. A picture is held out whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from promptcodec.description import Description, parse_text
from training.texts import HERE, held_out

FOLDER = HERE / "descriptions"


@dataclass(frozen=True, slots=True)
class Written:
    """One description: of which picture, in about how many characters."""

    file: str
    characters: int
    description: Description


def read(folder: Path = FOLDER) -> Iterator[Written]:
    """Read the descriptions of a folder."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            yield Written(row["file"], row["characters"], parse_text(row["text"]))


def load() -> tuple[list[Description], list[Description]]:
    """Give the descriptions to train on and those held out."""
    every = [*read()]
    train = [each.description for each in every if not held_out(each.file)]
    return train, [each.description for each in every if held_out(each.file)]
