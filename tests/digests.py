"""Encode pictures, and say what came of each: ``python -P tests/digests.py PICTURE...``, to compare cores."""

from __future__ import annotations

import hashlib
import sys

from promptcodec import encode, native

BUDGETS = (60, 100, 200, 200, 1000)
EFFORTS = (5, 5, 1, 5, 7, 5, 3)
LAYERS = (("semantic", "texture"), ("semantic", "texture"), ("semantic", "structure", "texture"))


def digest(number: int, picture: str) -> str:
    """Encode a picture in one of many ways, by its number."""
    stream = encode(
        picture,
        budget=BUDGETS[number % len(BUDGETS)],
        effort=EFFORTS[number % len(EFFORTS)],
        layers=LAYERS[number % len(LAYERS)],
    )
    return f"{len(stream)} {hashlib.sha256(stream).hexdigest()}"


if __name__ == "__main__":
    print(native.named())  # noqa: T201
    for number, picture in enumerate(sys.argv[1:]):
        print(digest(number, picture), flush=True)  # noqa: T201
