"""PKU-AIGI-500K in the layout it is given out in (Duan et al. 2024, JETCAS).

Five folders, one for a generator, each with ``train/``, ``val/``, ``train.txt`` and ``vaild.txt`` (as
it is spelt). The picture ``12_3.png`` is the third of the prompt on line 12, counted from 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.datasets import Item
from eval.missing import Unavailable
from promptcodec.vision.formats import SUFFIXES

FAMILIES = ("SD-2_1-B", "SD-2_1", "SD-XL", "MJ", "MOD")
TEXTS = {"train": "train.txt", "val": "vaild.txt"}
_NAME = re.compile(r"(\d+)_(\d+)")


def pku(root: Path, entry: Mapping[str, Any]) -> list[Item]:
    """List the pictures of a split (``split``, ``val`` where not said) of some or all ``families``.

    Raises:
        Unavailable: the split has no list of prompts, or a picture's number is not in it.
    """
    split = entry.get("split", "val")
    if split not in TEXTS:
        raise Unavailable(f"no split {split!r}; there are {', '.join(TEXTS)}")
    listed = []
    for family in entry.get("families", FAMILIES):
        folder, texts = root / family / split, root / family / TEXTS[split]
        if not folder.is_dir():
            continue
        if not texts.is_file():
            raise Unavailable(f"{family} has pictures of {split} but no {TEXTS[split]}")
        # Only line feeds end a prompt: some hold other separators.
        lines = texts.read_bytes().decode("utf-8-sig").split("\n")
        prompts = [line.removesuffix("\r") for line in lines]
        if prompts[-1] == "":
            prompts.pop()
        for path, line in numbered(folder):
            if not 1 <= line <= len(prompts):
                raise Unavailable(f"{family}/{split}/{path.name}: {TEXTS[split]} has no line {line}")
            name = f"{family}/{split}/{path.name}"
            listed.append(Item("", name, path, "", prompts[line - 1], family))
    return listed


def numbered(folder: Path) -> list[tuple[Path, int]]:
    """Give pictures with the line of their prompt, by line and number; other files are left out."""
    pictures = []
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.stem)
        if match and path.suffix.lower() in SUFFIXES:
            pictures.append((int(match[1]), int(match[2]), path))
    return [(path, line) for line, _, path in sorted(pictures)]
