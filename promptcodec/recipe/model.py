"""The recipe: the metadata chunks a generation tool left in the file, as they stand there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of metadata.

    Attributes:
        carrier: ``png`` (a text chunk) or ``exif`` (the UserComment tag).
        key: the chunk's keyword, or the tag's name.
        text: its content, decoded, unchanged.
    """

    carrier: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """Generation syntax as the tool wrote it: at least one chunk."""

    chunks: tuple[Chunk, ...]
