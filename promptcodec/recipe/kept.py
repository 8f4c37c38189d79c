"""The recipe of a picture that was read already: what its file said stays with it."""

from __future__ import annotations

from PIL import Image

from promptcodec.recipe.model import Chunk, Platform, Recipe
from promptcodec.recipe.read import from_chunks, read

SILENT = Recipe(Platform(""))
"""What a picture says that says nothing of how it was made."""
_KEY = "promptcodec recipe"


def keep(image: Image.Image, file: bytes) -> Image.Image:
    """Leave the recipe of a file in the ``info`` of the picture that was read from it; give the picture."""
    image.info[_KEY] = read(file)
    return image


def kept_in(image: Image.Image) -> Recipe | None:
    """Give the recipe that was kept, or that is in what Pillow itself keeps of a file."""
    recipe = image.info.get(_KEY)
    if isinstance(recipe, Recipe):
        return recipe
    texts = [(key, value) for key, value in image.info.items() if isinstance(value, str)]
    chunks = [Chunk("tEXt", str(key), value.encode()) for key, value in texts]
    block = image.info.get("exif")
    if isinstance(block, bytes):
        chunks.append(Chunk("exif", "", block.removeprefix(b"Exif\0\0")))
    return from_chunks(tuple(chunks))
