"""Datasets: which pictures there are, with prompts and generator families where these are known.

Every kind is one function from an entry of a study to its items, in a stable order. A folder that is
not there raises Unavailable: the study's rows then say so.
"""

from __future__ import annotations

import importlib
import os
import tarfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from eval.images import scaled
from eval.missing import Unavailable
from promptcodec.vision.load import load_image

ROOT = Path(__file__).parent.parent.parent
# kind: module, function, what it reads
KINDS = {
    "folder": (
        "folders",
        "folder",
        "every picture below a folder; prompts.jsonl beside them where there is one",
    ),
    "kodak": ("folders", "kodak", "kodim01.png .. kodim24.png"),
    "clic": ("folders", "clic", "CLIC: professional/ and mobile/, or one flat folder"),
    "div2k": ("folders", "div2k", "DIV2K_valid_HR/0801.png .. 0900.png"),
    "tecnick": ("folders", "tecnick", "RGB/RGB_OR_1200x1200/*.png, or a flat folder"),
    "pku-aigi-500k": (
        "pku",
        "pku",
        "SD-2_1-B/ SD-2_1/ SD-XL/ MJ/ MOD/, each train/ val/ train.txt vaild.txt",
    ),
    "agiqa-3k": ("agiqa", "agiqa", "data.csv beside its pictures; the family is in the file's name"),
    "diffusiondb": ("diffusiondb", "diffusiondb", "part-*/ with a JSON of prompts each"),
    "webdataset": ("tars", "tars", "*.tar with pictures and .txt or .json of the same stem"),
}


@dataclass(frozen=True)
class Item:
    """One picture.

    Attributes:
        dataset: the study's name for where it is from.
        image: its name there, as rows show it.
        path: its file, or the tar it is in.
        member: its name within the tar; empty for a file.
        prompt: what it was generated from; empty where that is not known.
        family: its generator; empty for photographs.
        side: it is scaled down to this long side before anything is done; 0 leaves it.
    """

    dataset: str
    image: str
    path: Path
    member: str = ""
    prompt: str = ""
    family: str = ""
    side: int = 0

    def read(self) -> bytes:
        """Give the file's bytes."""
        if not self.member:
            return self.path.read_bytes()
        with tarfile.open(self.path) as tar:
            file = tar.extractfile(self.member)
            assert file is not None, "only files are items"
            return file.read()

    def load(self) -> Image.Image:
        """Give the picture, RGB, scaled down to ``side``."""
        picture = load_image(self.read())
        if not self.side or max(picture.size) <= self.side:
            return picture
        return scaled(picture, self.side)


def data_folder() -> Path:
    """Give the folder that relative paths of studies start from."""
    return Path(os.environ.get("PROMPTCODEC_TEST_DATA", ROOT.parent / "shared" / "data"))


def items(entry: Mapping[str, Any], data: Path | None = None) -> list[Item]:
    """List the items of an entry of a study.

    Args:
        entry: ``kind``, ``name``, ``path``; ``only`` (names), ``limit``, ``side``, ``by_family`` (the
            family becomes part of the dataset's name), ``spread`` (the first of each family, then the
            second) and what the kind knows itself.
        data: where relative paths start.

    Raises:
        Unavailable: there is no such folder, or no picture in it.
    """
    kind = KINDS.get(entry["kind"])
    if kind is None:
        raise Unavailable(f"no dataset kind {entry['kind']!r}; there are {', '.join(KINDS)}")
    root = data or data_folder()
    folder = root / str(entry.get("path", ""))
    if not folder.exists():
        raise Unavailable(f"no {entry.get('path', '')} in {root}; --data says where the data is")
    find: Callable[..., list[Item]] = getattr(importlib.import_module(f"eval.datasets.{kind[0]}"), kind[1])
    listed = [
        replace(each, dataset=entry["name"], side=int(entry.get("side", 0))) for each in find(folder, entry)
    ]
    if only := entry.get("only"):
        listed = [each for each in listed if each.image in only]
    if twice := [name for name, count in Counter(each.image for each in listed).items() if count > 1]:
        raise Unavailable(f"two pictures are called {twice[0]}")
    if not listed:
        raise Unavailable(f"no picture in {entry.get('path', '')}: {kind[2]}")
    listed = spread(listed, entry.get("limit")) if entry.get("spread") else listed[: entry.get("limit")]
    if entry.get("by_family"):
        listed = [replace(each, dataset=f"{each.dataset}/{each.family or 'unknown'}") for each in listed]
    return listed


def spread(listed: list[Item], count: int | None) -> list[Item]:
    """Give ``count`` items, one of each family in turn, as listed."""
    turns: dict[str, int] = {}
    ranked = []
    for index, item in enumerate(listed):
        turns[item.family] = turns.get(item.family, -1) + 1
        ranked.append((turns[item.family], index, item))
    return [item for _, _, item in sorted(ranked, key=lambda each: each[:2])][:count]
