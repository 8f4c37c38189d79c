"""What an image says: the data model, its canonical text, its JSON form."""

from promptcodec.description.model import (
    Box,
    Cell,
    Description,
    Lettering,
    ResolvedCell,
    SceneObject,
    clean,
    resolve,
    resolve_cell,
)
from promptcodec.description.palette import PALETTE
from promptcodec.description.schema import SCHEMA, from_json, to_json
from promptcodec.description.text import format_text, parse_text

__all__ = [
    "PALETTE",
    "SCHEMA",
    "Box",
    "Cell",
    "Description",
    "Lettering",
    "ResolvedCell",
    "SceneObject",
    "clean",
    "format_text",
    "from_json",
    "parse_text",
    "resolve",
    "resolve_cell",
    "to_json",
]
