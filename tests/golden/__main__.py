"""Decode every golden stream and compare with what it said when the format was frozen.

    python -m tests.golden

The files were made once, with format version 1, and are never made again: a difference is a broken
decoder. ``NAME.json`` holds the values, ``NAME.png`` what the texture layer shows (drawing may differ by
two levels between machines), ``tables.json`` the SHA-256 of the tables that decide them. What each
stream is for stands in README.md.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from promptcodec import bitstream
from promptcodec.layers import texture
from promptcodec.layers.parts import payloads_of
from tests.golden.values import metadata, values

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.pxt"))
MANIFEST = FOLDER.parent.parent / "promptcodec" / "models" / "manifest.json"
DRAWN = 2


def compare(name: str) -> str:
    """Say what differs for one stream; empty where nothing does."""
    wanted = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    options = wanted.pop("options")
    dictionary = wanted.pop("dictionary")
    chunks = wanted.pop("metadata", None)
    given = [(FOLDER / dictionary).read_bytes()] if dictionary else []
    data = (FOLDER / f"{name}.pxt").read_bytes()
    # JSON has no tuples: what it would hold is what is compared.
    decoded = json.loads(json.dumps(values(data, **options, dictionaries=given)))
    if decoded != wanted or (chunks is not None and metadata(data) != chunks):
        return f"{name}: decodes to other values"
    picture = FOLDER / f"{name}.png"
    if picture.exists():
        payload = payloads_of(bitstream.read(data, **options))["texture"]
        with Image.open(picture) as image:
            apart = np.asarray(image, np.int16) - np.asarray(texture.decode(payload, image.size), np.int16)
        if int(np.abs(apart).max()) > DRAWN:
            return f"{name}: draws another picture, by up to {np.abs(apart).max()} levels"
    return ""


def changed_tables() -> list[str]:
    """Name the tables of the frozen format that are not what they were."""
    tables: dict[str, Any] = json.loads(MANIFEST.read_text("utf-8"))["tables"]
    frozen = json.loads((FOLDER / "tables.json").read_text("utf-8"))
    return [name for name, digest in frozen.items() if tables.get(name, {}).get("sha256") != digest]


def main() -> int:
    """Print what differs."""
    differences = [difference for difference in map(compare, NAMES) if difference]
    differences += [f"the table {name} is another" for name in changed_tables()]
    for difference in differences:
        print(difference)
    print(f"{len(NAMES)} streams, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
