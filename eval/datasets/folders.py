"""Folders of pictures, and the test sets that are no more than that."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.datasets import Item
from promptcodec.vision.formats import SUFFIXES

_PROMPTS = "prompts.jsonl"


def folder(root: Path, _entry: Mapping[str, Any]) -> list[Item]:
    """List every picture below; ``prompts.jsonl`` gives ``file``, ``prompt`` and ``model`` a line."""
    known = {}
    if (root / _PROMPTS).is_file():
        lines = (root / _PROMPTS).read_text("utf-8").split("\n")
        known = {each["file"]: each for each in map(json.loads, filter(None, lines))}
    listed = []
    for path in _pictures(root):
        name = path.relative_to(root).as_posix()
        line = known.get(name, {})
        listed.append(Item("", name, path, "", line.get("prompt") or "", family(line.get("model") or "")))
    return listed


def family(model: str) -> str:
    """Name a model's family from what a list calls it; itself where none is known."""
    lower = model.lower()
    for name, pattern in _FAMILIES.items():
        if re.search(pattern, lower):
            return name
    return model


_FAMILIES = {
    "SDXL": r"sd_?xl|stable diffusion xl|sdxl|cosxl",
    "SD 2": r"stable diffusion 2|sd-?2|512-inpainting",
    "SD 1": r"stable diffusion v?1|v1-5|sd-?1",
    "Flux": r"flux",
    "Midjourney": r"midjourney|^mj",
    "GPT-4o": r"gpt-?4o|gpt-image",
    "Gemini": r"gemini|nano banana",
    "other diffusion": r"comfyui",
}


def kodak(root: Path, _entry: Mapping[str, Any]) -> list[Item]:
    """List the Kodak pictures."""
    return _plain(root, [path for path in _pictures(root) if re.fullmatch(r"kodim\d\d", path.stem)])


def clic(root: Path, _entry: Mapping[str, Any]) -> list[Item]:
    """List the pictures of a CLIC split; the part they are in is their name's first half."""
    return _plain(root, _pictures(root))


def div2k(root: Path, _entry: Mapping[str, Any]) -> list[Item]:
    """List the validation pictures; those of ``DIV2K_valid_HR`` where it is there."""
    inner = root / "DIV2K_valid_HR"
    root = inner if inner.is_dir() else root
    return _plain(root, [path for path in _pictures(root) if re.fullmatch(r"0[89]\d\d", path.stem)])


def tecnick(root: Path, _entry: Mapping[str, Any]) -> list[Item]:
    """List the originals of 1200x1200."""
    inner = root / "RGB" / "RGB_OR_1200x1200"
    root = inner if inner.is_dir() else root
    return _plain(root, _pictures(root))


def _pictures(root: Path) -> list[Path]:
    return [path for path in sorted(root.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file()]


def _plain(root: Path, paths: list[Path]) -> list[Item]:
    return [Item("", path.relative_to(root).as_posix(), path) for path in paths]
