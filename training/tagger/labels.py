"""What is known of the training pictures: their folders, and what was judged by eye."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.texts import HERE, allowlist

FLOWERS = {
    "daisy": "daisy",
    "dandelion": "dandelion",
    "roses": "rose",
    "sunflowers": "sunflower",
    "tulips": "tulip",
}
HEADS = (*FLOWERS.values(), "person", "street", "abstract pattern")
"""Classes that ImageNet lacks, from 1000 on in ``words.tsv``."""

Labels = dict[tuple[str, str], bool]


def manifest(data: Path) -> list[dict[str, Any]]:
    """Give the training pictures.

    Raises:
        ValueError: one is of a source that is not on the allow-list.
    """
    lines = (data / "train" / "manifest.jsonl").read_text("utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    allowed = {name for source in allowlist()["pictures"] for name in source["names"]}
    if strange := {item.get("source_repo") or item["source"] for item in items} - allowed:
        raise ValueError(f"not on the allow-list: {sorted(strange)}")
    return items


def rows(name: str) -> Iterator[list[str]]:
    """Give the fields of a table of this folder, without its comments."""
    for line in (HERE / "tagger" / name).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def classes(items: list[dict[str, Any]]) -> dict[str, int]:
    """Say which head a picture belongs to.

    Returns:
        by file, its class, 0 for ImageNet's and 1 + index in HEADS; a file of which nothing
        is known stands nowhere.
    """
    subjects = dict(rows("subjects.tsv"))
    heads: dict[str, int] = {}
    for item in items:
        file, group = item["file"], item.get("group")
        if group == "flowers":
            heads[file] = 1 + HEADS.index(FLOWERS[Path(item["orig_path"]).parent.name])
        elif file in subjects:
            heads[file] = 0 if subjects[file] == "-" else 1 + HEADS.index(subjects[file])
        elif group in {"grocery", "endless"}:
            # Goods, and landscapes without people, streets or flowers.
            heads[file] = 0
    return heads


def labels(items: list[dict[str, Any]]) -> Labels:
    """Say what pictures show and what they do not: by file and word."""
    known: Labels = {}
    for file, right, wrong in rows("judged.tsv"):
        known |= {(file, word): True for word in right.split(",") if word}
        known |= {(file, word): False for word in wrong.split(",") if word}
    for file, index in classes(items).items():
        own = HEADS[index - 1] if index else ""
        flower = own in FLOWERS.values()
        if own:
            known.setdefault((file, own), True)
        if flower or not own:
            # Only then: a street has people, and someone stands in front of a pattern or flowers.
            known.setdefault((file, "flower"), flower)
            for word in HEADS:
                known.setdefault((file, word), False)
    return known
