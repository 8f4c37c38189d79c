"""The training pictures: those whose source and licence the allow-list accepts."""

from __future__ import annotations

import json
from pathlib import Path

from training.texts import allowlist


def allowed(data: Path) -> list[Path]:
    """Give the pictures that may train a shipped table, by name.

    Args:
        data: the folder that holds ``train/``.

    Raises:
        ValueError: a source or a licence that is neither allowed nor excluded.
    """
    allow = allowlist()
    names = {name for source in allow["pictures"] for name in source["names"]}
    paths = []
    for line in (data / "train" / "manifest.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        source = entry.get("source_repo") or entry["source"]
        if source not in names:
            raise ValueError(f"the pictures of {source!r} are not in allowlist.toml")
        if entry["licence"] in allow["licences"]["accepted"]:
            paths.append(data / "train" / entry["file"])
        elif entry["licence"] not in allow["licences"]["excluded"]:
            raise ValueError(f"the licence {entry['licence']!r} of {entry['file']} is not in allowlist.toml")
    return sorted(paths)
