"""Which of the captioning prompts suits a picture: by what the local captioner makes of it."""

from __future__ import annotations

from PIL import Image

from promptcodec.captioners.observation import observe
from promptcodec.vision.medium import medium

KINDS = {
    "painting": "illustration",
    "illustration": "illustration",
    "3D render": "illustration",
    "drawing": "illustration",
    "pixel art": "illustration",
    "flat graphic": "graphic",
    "text page": "graphic",
    "screenshot": "screenshot",
    "photo": "photo",
    "picture": "general",
}
PORTRAIT = 0.2
"""Share of the picture a person's box has at least in a portrait."""


def prompt_variant(image: Image.Image) -> str:
    """Give the ending of the captioning prompt's name: photo, portrait, illustration, ...

    Args:
        image: RGB.
    """
    word = medium(image).removeprefix("black and white ")
    variant = KINDS[word]
    if variant not in {"photo", "general"}:
        return variant
    observation = observe(image)
    boxes = [person.box for person in observation.people]
    return "portrait" if any((x1 - x0) * (y1 - y0) >= PORTRAIT for x0, y0, x1, y1 in boxes) else variant
