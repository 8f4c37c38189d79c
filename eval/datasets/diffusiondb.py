"""DiffusionDB (Wang et al. 2022): folders ``part-000001`` with a JSON file of prompts each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.datasets import Item


def diffusiondb(root: Path, _entry: Mapping[str, Any]) -> list[Item]:
    """List the pictures that the parts' JSON names; its key ``p`` is the prompt."""
    listed = []
    for table in sorted(root.rglob("part-*.json")):
        known = json.loads(table.read_text("utf-8"))
        for name, entry in sorted(known.items()):
            path = table.parent / name
            if path.is_file():
                listed.append(Item("", f"{table.stem}/{name}", path, "", entry.get("p") or "", "SD 1"))
    return listed
