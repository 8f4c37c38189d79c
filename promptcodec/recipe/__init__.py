"""An image's own generation recipe: read from what tools write, and written back for them."""

from promptcodec.recipe.model import Addon, Chunk, ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.prompt import prompt_of
from promptcodec.recipe.read import Metadata, from_chunks, read, read_metadata

__all__ = [
    "Addon",
    "Chunk",
    "Metadata",
    "ModelInfo",
    "Platform",
    "Recipe",
    "Settings",
    "from_chunks",
    "prompt_of",
    "read",
    "read_metadata",
]
