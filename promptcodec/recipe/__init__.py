"""An image's own generation recipe: read from what tools write, and written back for them."""

from promptcodec.recipe.kept import SILENT, keep, kept_in
from promptcodec.recipe.model import Addon, Chunk, ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.prompt import prompt_of
from promptcodec.recipe.read import Metadata, from_chunks, read, read_metadata

__all__ = [
    "SILENT",
    "Addon",
    "Chunk",
    "Metadata",
    "ModelInfo",
    "Platform",
    "Recipe",
    "Settings",
    "from_chunks",
    "keep",
    "kept_in",
    "prompt_of",
    "read",
    "read_metadata",
]
