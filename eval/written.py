"""Descriptions that somebody wrote of the evaluation pictures, and what people may search these by.

``eval/descriptions``: in ``kodak.jsonl`` and ``aigi.jsonl`` a line has ``file`` (below the folder of the
evaluation pictures), ``characters`` (about how many the free text has) and ``text`` (the canonical text);
in ``queries.jsonl`` a line has ``file`` and ``queries``, three of a few words; in ``lettering.tsv`` it has a
file and a line of letters in its picture.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from promptcodec.description import Description, parse_text

FOLDER = Path(__file__).parent / "descriptions"
QUERIES = "queries.jsonl"
LETTERING = "lettering.tsv"


@cache
def descriptions(folder: Path = FOLDER) -> Mapping[tuple[str, int], Description]:
    """Give the descriptions by file and characters; none where there is no such folder."""
    lines = (json.loads(line) for path in _files(folder) for line in path.read_text("utf-8").splitlines())
    return {(line["file"], line["characters"]): parse_text(line["text"]) for line in lines}


@cache
def queries(folder: Path = FOLDER) -> Mapping[str, tuple[str, ...]]:
    """Give the queries by the file that answers them."""
    lines = map(json.loads, (folder / QUERIES).read_text("utf-8").splitlines())
    return {line["file"]: tuple(line["queries"]) for line in lines}


@cache
def lettering(folder: Path = FOLDER) -> Mapping[str, tuple[str, ...]]:
    """Give the lines of letters that somebody copied from pictures, by file."""
    lines = [line.split("\t") for line in (folder / LETTERING).read_text("utf-8").splitlines()]
    return {file: tuple(text for name, text in lines if name == file) for file, _ in lines}


def name_of(path: Path) -> str:
    """Give the name that a picture has in these files: that of its folder, and its own."""
    return f"{path.parent.name}/{path.name}"


def version(folder: Path = FOLDER) -> str:
    """Give a hash of the descriptions."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in _files(folder))).hexdigest()[:12]


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.jsonl")) if path.name != QUERIES]
