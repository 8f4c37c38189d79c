"""Pictures for archives: those of a folder and variations of them, encoded as a person would."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

from PIL import Image, ImageOps

from eval.measure.archive_pack import Item
from promptcodec.archive.record import id_of
from promptcodec.encoding import encode_full
from promptcodec.layers import signature
from promptcodec.settings import EncodeSettings
from promptcodec.vision.load import load_image

BUDGET = 200
_SETTINGS = EncodeSettings(budget=BUDGET, bare=True)
_SHARES = (0.5, 0.9)
"""Least and most of each side that a crop keeps."""
_SIDES = (256, 640)
"""Long sides that a scaled variation may have."""
_DAY = 86_400_000


def encoded(path: Path, variation: int) -> Item:
    """Encode a picture as it is (variation 0), or a variation of it; the same each time."""
    content = path.read_bytes()
    seed = hashlib.sha256(content + b"%d" % variation).digest()
    chance = random.Random(seed)
    image = load_image(content)
    name = path.name
    if variation:
        image = _varied(image, variation, chance)
        name = f"{path.stem}/crop-{variation}{path.suffix}"
    time = 1_500_000_000_000 + chance.randrange(3000 * _DAY)
    stream = encode_full(image, _SETTINGS).data
    return Item(
        id_of(seed) if variation else id_of(content), name, time, stream, signature.encode_framed(image)
    )


def _varied(image: Image.Image, variation: int, chance: random.Random) -> Image.Image:
    width, height = (round(side * chance.uniform(*_SHARES)) for side in image.size)
    left, top = chance.randint(0, image.width - width), chance.randint(0, image.height - height)
    varied = image.crop((left, top, left + width, top + height))
    if variation % 2:
        return varied
    scale = chance.randint(*_SIDES) / max(varied.size)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return ImageOps.mirror(varied).resize(size, Image.Resampling.LANCZOS)
