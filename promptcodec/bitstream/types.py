"""The closed table of part types, in the order parts stand in a stream: coarse to fine."""

from __future__ import annotations

PART_IDS = {
    "semantic": 1,
    "texture": 2,
    "structure": 3,
    "recipe": 4,
    "signature": 5,
    "pixels": 6,
    "about": 7,
}
_NAMES = {number: name for name, number in PART_IDS.items()}


def part_name(number: int) -> str:
    """Name a part type; a type this version does not know is ``unknown-N``."""
    return _NAMES.get(number, f"unknown-{number}")
