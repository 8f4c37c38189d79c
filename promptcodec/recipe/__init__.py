"""An image's own generation recipe: read from what tools write, and written back for them."""

from promptcodec.recipe.model import Addon, Chunk, ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.prompt import prompt_of
from promptcodec.recipe.read import Found, from_chunks, look, read

__all__ = [
    "Addon",
    "Chunk",
    "Found",
    "ModelInfo",
    "Platform",
    "Recipe",
    "Settings",
    "from_chunks",
    "look",
    "prompt_of",
    "read",
]
