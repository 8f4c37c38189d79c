"""Canonical texts of what the ``local`` captioner says of the training pictures.

Run: python -m training.local_texts --data DIR [--limit N] [--jobs N]

They are cached in ``build/`` under a fingerprint of the code that writes them, so a
changed captioner is never trained on with old texts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image

from promptcodec.description import format_text
from training.pictures import allowed
from training.texts import DATA, HERE, held_out

PER_PICTURE = 4
AREAS = (1, 4, 6, 9, 12, 12, 16, 16, 20, 24, 35, 48)  # cells in a grid, as budgets ask for them
_ROOT = HERE.parent
_WRITERS = ("captioners", "description", "vision", "models")  # the folders of promptcodec that matter
_SUFFIXES = (".py", ".f16", ".heads", ".onnx", ".trees", ".tsv")


def grids(name: str, width: int, height: int) -> list[tuple[int, int]]:
    """Choose PER_PICTURE different (rows, cols) near the picture's shape, fixed by its name."""
    chosen: list[tuple[int, int]] = []
    digest = hashlib.sha256(name.encode()).digest()
    for byte in digest:
        area = AREAS[byte % len(AREAS)]
        rows = min(max(round((area * height / width) ** 0.5), 1), 8)
        grid = rows, min(max(round(area / rows), 1), 8)
        if grid not in chosen:
            chosen.append(grid)
        if len(chosen) == PER_PICTURE:
            break
    return chosen


def describe(folder: Path, name: str) -> list[str]:
    """Give the canonical texts of one picture, one for each of its grids."""
    from promptcodec.captioners.local import create  # noqa: PLC0415 - heavy, and per process

    captioner = create({})
    with Image.open(folder / name) as file:
        image = file.convert("RGB")
    return [
        format_text(captioner.describe(image, rows=rows, cols=cols))
        for rows, cols in grids(name, *image.size)
    ]


def load(data: Path, limit: int | None = None, jobs: int = 1) -> tuple[list[str], list[str]]:
    """Give the texts to train on and those held out, from the cache where it is current.

    Args:
        data: the folder that holds ``train/`` with its ``manifest.jsonl``.
        limit: use only so many pictures, spread over the collections.
        jobs: processes.
    """
    names = pictures(data, limit)
    cache = _ROOT / "build" / f"descriptions-{_fingerprint()}.json"
    known = json.loads(cache.read_text("utf-8")) if cache.exists() else {}
    missing = [name for name in names if name not in known]
    if missing:
        known |= dict(zip(missing, _describe_all(data / "train", missing, jobs), strict=True))
        cache.parent.mkdir(exist_ok=True)
        cache.write_text(json.dumps(known, ensure_ascii=False), "utf-8")
    # Whole pictures are held out: another grid of the same picture would give it away.
    train = [text for name in names if not held_out(name) for text in known[name]]
    return train, [text for name in names if held_out(name) for text in known[name]]


def _describe_all(folder: Path, names: list[str], jobs: int) -> Iterator[list[str]]:
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(partial(describe, folder), names, chunksize=16)


def pictures(data: Path, limit: int | None = None) -> list[str]:
    """Give the names of allow-listed pictures, the first ``limit`` of an order spread over the collections.

    Raises:
        ValueError: a picture whose source or licence is not in ``allowlist.toml``.
    """
    names = [path.relative_to(data / "train").as_posix() for path in allowed(data)]
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest()[1:])[:limit]


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for folder in _WRITERS:
        for file in sorted((_ROOT / "promptcodec" / folder).rglob("*")):
            # Tables that are made from the texts are no part of what writes them.
            if file.is_file() and file.suffix in _SUFFIXES:
                digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def main() -> None:
    """Fill the cache and say what is in it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=_ROOT / DATA)
    parser.add_argument("--limit", type=int, help="pictures")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    train, dev = load(args.data, args.limit, args.jobs)
    print(f"{len(train)} texts to train on, {len(dev)} held out, {sum(map(len, train + dev))} characters")


if __name__ == "__main__":
    main()
