"""An image's own generation recipe: how a tool wrote it down, verbatim."""

from promptcodec.recipe.model import Chunk, Recipe
from promptcodec.recipe.prompt import prompt_of
from promptcodec.recipe.read import read

__all__ = ["Chunk", "Recipe", "prompt_of", "read"]
