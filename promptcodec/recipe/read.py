"""Find the generation recipe in an image file."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from promptcodec.bitstream import MAX_PIXELS
from promptcodec.recipe.model import Chunk, Recipe
from promptcodec.vision.load import BROKEN

# The keywords generation tools write; other text chunks (comments, dates, XMP) are not recipes.
PNG_KEYS = (
    "parameters",
    "prompt",
    "workflow",
    "invokeai_metadata",
    "sd-metadata",
    "Dream",
    "generation_data",
)
_EXIF_IFD = 0x8769
_USER_COMMENT = 0x9286
_ENCODINGS = {b"ASCII\0\0\0": "ascii", b"UNICODE\0": "utf-16-be", b"\0" * 8: "utf-8"}


def read(data: bytes) -> Recipe | None:
    """Give the recipe of an image file, or None where it carries none that can be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                chunks = _png_chunks(image) if image.format == "PNG" else []
                comment = image.getexif().get_ifd(_EXIF_IFD).get(_USER_COMMENT)
    except (*BROKEN, MemoryError, Image.DecompressionBombError):
        return None
    text = _decode_comment(comment) if isinstance(comment, bytes) else ""
    if "Steps: " in text or text.startswith("{"):
        chunks.append(Chunk("exif", "UserComment", text))
    return Recipe(tuple(chunks)) if chunks else None


def _png_chunks(image: Image.Image) -> list[Chunk]:
    if image.width * image.height <= MAX_PIXELS:
        image.load()  # text chunks may stand behind the pixels
    return [
        Chunk("png", key, str(image.info[key])) for key in PNG_KEYS if isinstance(image.info.get(key), str)
    ]


def _decode_comment(comment: bytes) -> str:
    encoding = _ENCODINGS.get(comment[:8])
    try:
        return comment[8:].decode(encoding) if encoding else ""
    except UnicodeDecodeError:
        return ""
