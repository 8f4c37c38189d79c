"""Pictures next to each other, with a line of text under each."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

_MARGIN = 8
_CAPTION = 24


def side_by_side(panels: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Lay RGB pictures in a row on white, each above its caption."""
    width = sum(image.width + _MARGIN for _, image in panels) + _MARGIN
    height = max(image.height for _, image in panels) + 2 * _MARGIN + _CAPTION
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(16)
    left = _MARGIN
    for caption, image in panels:
        sheet.paste(image, (left, _MARGIN))
        draw.text((left, image.height + _MARGIN + 2), caption, fill="black", font=font)
        left += image.width + _MARGIN
    return sheet
