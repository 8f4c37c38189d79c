"""Pages, screens, graphics and pixel art, drawn by chance: media of which the pictures have few.

Fonts come from the system; the same ones draw the same pictures.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

EACH = 130
"""Pictures of each medium."""

GREY = 5
"""One in so many graphics is black and white: a silhouette, a stamp."""


def drawn(photos: Sequence[Path], fonts: Path) -> Iterator[tuple[str, str, Image.Image]]:
    """Give a name, the medium and a picture, every time the same.

    Args:
        photos: what screens show and sprites are reduced from.
        fonts: folder of .ttf files.
    """
    files = sorted(fonts.rglob("*.ttf"))
    kinds: list[tuple[str, Callable[..., Image.Image]]] = [
        ("graphic", graphic), ("text page", page), ("screenshot", screen), ("pixel art", sprite)
    ]  # fmt: skip
    for medium, make in kinds:
        for number in range(EACH):
            draw = random.Random(f"{medium} {number}")
            photo = Image.open(draw.choice(photos)).convert("RGB")
            image = alter(make(draw, files, photo), draw)
            if medium == "graphic" and number % GREY == 0:
                image = silhouette(photo, draw) if number % (2 * GREY) else image.convert("1").convert("RGB")
            yield f"{medium} {number}", medium, image


def alter(image: Image.Image, draw: random.Random) -> Image.Image:
    """Crop, retouch, resize and compress as pictures on their way are."""
    if draw.random() < 0.4:
        width, height = (round(side * draw.uniform(0.5, 1)) for side in image.size)
        left, top = draw.randint(0, image.width - width), draw.randint(0, image.height - height)
        image = image.crop((left, top, left + width, top + height))
    for enhance in (ImageEnhance.Color, ImageEnhance.Contrast, ImageEnhance.Brightness):
        if draw.random() < 0.3:
            image = enhance(image).enhance(draw.uniform(0.7, 1.4))
    if draw.random() < 0.4:
        amount = draw.randint(50, 200)
        image = image.filter(ImageFilter.UnsharpMask(draw.choice([0.7, 1, 1.5]), amount, 0))
    if draw.random() < 0.6:
        scale = draw.randint(224, 1100) / max(image.size)
        size = (max(32, round(image.width * scale)), max(32, round(image.height * scale)))
        image = image.resize(size, draw.choice(list(Image.Resampling)[1:]))
    kind = draw.choice(["", "JPEG", "JPEG", "WEBP"])
    if not kind:
        return image
    file = io.BytesIO()
    image.save(file, kind, quality=draw.randint(55, 95))
    return Image.open(file).convert("RGB")


def silhouette(photo: Image.Image, draw: random.Random) -> Image.Image:
    """Make a black and white stamp of a photograph: its large masses, no shades."""
    soft = photo.convert("L").filter(ImageFilter.GaussianBlur(draw.uniform(2, 6)))
    limit = draw.uniform(90, 170)
    return soft.point(lambda level: 255 if level > limit else 0).convert("RGB")


def words(draw: random.Random, count: int) -> str:
    """Make up words."""
    letters = "eeeettaaooiinnsshhrrddlluucmfwygpbvkxqjz"
    return " ".join("".join(draw.choices(letters, k=draw.randint(1, 9))) for _ in range(count))


def font(draw: random.Random, files: list[Path], size: int) -> Any:
    """Choose a font."""
    return ImageFont.truetype(str(draw.choice(files)), size) if files else ImageFont.load_default(size)


def shade(draw: random.Random, low: int = 0, high: int = 255) -> tuple[int, int, int]:
    """Choose a colour, one in three a grey."""
    grey = draw.randint(low, high)
    return (grey,) * 3 if draw.random() < 0.33 else tuple(draw.randint(low, high) for _ in "rgb")  # type: ignore[return-value]


def size_of(draw: random.Random, low: int = 260, high: int = 1000) -> tuple[int, int]:
    """Choose a size."""
    long = draw.randint(low, high)
    short = round(long * draw.uniform(0.5, 1))
    return (long, short) if draw.random() < 0.5 else (short, long)


def page(draw: random.Random, files: list[Path], _: Image.Image) -> Image.Image:
    """Draw a page of print: columns, headings, paragraphs; scanned or born digital."""
    width, height = size_of(draw, 400, 1200)
    paper = draw.choice([(255, 255, 255), shade(draw, 225, 255), (250, 244, 228)])
    image = Image.new("RGB", (width, height), paper)
    pen = ImageDraw.Draw(image)
    size = round(draw.uniform(0.014, 0.045) * max(width, height)) + 4
    face, ink, columns = font(draw, files, size), shade(draw, 0, 60), draw.choice([1, 1, 1, 2, 2, 3])
    margin, pitch = draw.randint(4, width // 8), size * draw.uniform(1.1, 1.8)
    column = (width - 2 * margin) / columns
    for index in range(columns):
        left, y = margin + index * column, float(draw.randint(4, height // 8))
        while y < height - margin:
            if draw.random() < 0.06:
                pen.text((left, y), words(draw, 3), ink, font(draw, files, round(size * 1.7)))
                y += 2.2 * size
                continue
            line, room = "", column * (0.95 if draw.random() < 0.88 else draw.uniform(0.1, 0.9))
            while pen.textlength(line, face) < room - 4 * size:
                line = f"{line} {words(draw, 1)}".strip()
            pen.text((left, y), line, ink, face)
            y += pitch * (2 if draw.random() < 0.08 else 1)
    if draw.random() < 0.4:
        ground = (
            Image.linear_gradient("L").resize(image.size).convert("RGB").rotate(draw.choice([0, 90, 180]))
        )
        image = Image.blend(image, ground, draw.uniform(0.05, 0.3)).rotate(
            draw.uniform(-1.5, 1.5), fillcolor=paper
        )
    return image


def screen(draw: random.Random, files: list[Path], photo: Image.Image) -> Image.Image:
    """Draw a screen: bars, panels, lists, fields, code, sometimes a picture."""
    width, height = size_of(draw, 480, 1280)
    dark = draw.random() < 0.35
    tones = (10, 60) if dark else (225, 255)
    ink, accent = shade(draw, 170, 255) if dark else shade(draw, 0, 90), shade(draw)
    image = Image.new("RGB", (width, height), shade(draw, *tones))
    pen, size = ImageDraw.Draw(image), draw.randint(10, 20)
    face = font(draw, files, size)
    bar = draw.randint(20, 60)
    pen.rectangle((0, 0, width, bar), draw.choice([accent, shade(draw, *tones)]))
    for index in range(draw.randint(1, 9)):
        pen.text((8 + index * draw.randint(60, 110), bar // 4), words(draw, 1), ink, face)
    side = draw.choice([0, width // 5, width // 4])
    pen.rectangle((0, bar, side, height), shade(draw, *tones), outline=shade(draw))
    for y in range(bar + 8, height, round(size * draw.uniform(1.6, 2.6))):
        if side and draw.random() < 0.8:
            pen.text((10, y), words(draw, 2)[: side // size], ink, face)
    y = bar + 10
    while y < height - 20:
        x = side + draw.randint(8, 40)
        kind = draw.choices(["lines", "field", "buttons", "picture", "rule"], (45, 20, 15, 7, 13))[0]
        high = {"lines": round(size * 1.5), "field": 3 * size, "buttons": 44, "rule": 8}.get(
            kind, draw.randint(60, 260)
        )
        if kind == "lines":
            pen.text(
                (x + draw.choice([0, 0, 30]), y),
                words(draw, draw.randint(1, 14)),
                draw.choice([ink, ink, accent]),
                face,
            )
        elif kind == "field":
            pen.rectangle(
                (x, y, x + draw.randint(60, 300), y + 2 * size), shade(draw, *tones), outline=shade(draw)
            )
            pen.text((x + 6, y + size // 2), words(draw, 2), ink, face)
        elif kind == "buttons":
            for left in range(x, x + 90 * draw.randint(2, 8), 90):
                pen.rounded_rectangle((left, y, left + 74, y + 30), 6, draw.choice([accent, shade(draw)]))
        elif kind == "picture":
            image.paste(photo.resize((round(high * draw.uniform(0.8, 2)), high)), (x, y))
        else:
            pen.line((side, y, width, y), shade(draw), 1)
        y += high
    return image


def graphic(draw: random.Random, files: list[Path], _: Image.Image) -> Image.Image:
    """Draw flat shapes, a chart or a sign with a few words."""
    width, height = (2 * side for side in size_of(draw))
    colours = [shade(draw) for _index in range(draw.randint(2, 7))]
    image = Image.new("RGB", (width, height), draw.choice([(255, 255, 255), shade(draw), shade(draw)]))
    pen, bars = ImageDraw.Draw(image), draw.random() < 0.25
    for index in range(draw.choice([3, 8, 26])):
        x, y, fill = draw.uniform(0, width), draw.uniform(0, height), draw.choice(colours)
        w, h = (draw.uniform(0.04, 0.6) * side for side in (width, height))
        kind = "bar" if bars else draw.choice(["ellipse", "box", "shape", "line"])
        if kind == "bar":
            pen.rectangle((index * width / 16, height - h, (index + 0.7) * width / 16, height), fill)
        elif kind == "ellipse":
            pen.ellipse((x, y, x + w, y + draw.choice([w, h])), fill)
        elif kind == "box":
            pen.rounded_rectangle((x, y, x + w, y + h), min(w, h) * draw.choice([0, 0.2, 0.5]), fill)
        elif kind == "shape":
            corners = range(draw.randint(3, 7))
            pen.polygon([(x + draw.uniform(-w, w), y + draw.uniform(-h, h)) for _corner in corners], fill)
        else:
            pen.line((x, y, draw.uniform(0, width), draw.uniform(0, height)), fill, draw.randint(4, 60))
    for _index in range(draw.choice([0, 1, 1, 2])):
        face = font(draw, files, draw.randint(width // 24, width // 8))
        place = (draw.uniform(0, width / 2), draw.uniform(0, 0.85 * height))
        pen.text(place, words(draw, 2), draw.choice(colours), face)
    # Signs with jagged edges are no pixel art.
    return image.resize(
        (width // 2, height // 2), draw.choice([Image.Resampling.BOX, Image.Resampling.NEAREST])
    )


def sprite(draw: random.Random, _: list[Path], photo: Image.Image) -> Image.Image:
    """Make a small picture of few colours, a picture reduced or shapes drawn small, and repeat its pixels."""
    side = draw.randint(24, 110)
    if draw.random() < 0.6:
        left, top = draw.uniform(0, 0.3) * photo.width, draw.uniform(0, 0.3) * photo.height
        box = (left, top, photo.width * 0.9, photo.height * 0.9)
        small = photo.resize((side, side), Image.Resampling.BOX, box)
    else:
        small = Image.new("RGB", (side, side), shade(draw))
        pen = ImageDraw.Draw(small)
        for _index in range(draw.randint(4, 40)):
            x, y, w = draw.randint(0, side), draw.randint(0, side), draw.randint(1, side // 3)
            shape = draw.choice([pen.rectangle, pen.ellipse])
            shape((x, y, x + w, y + draw.randint(1, w)), shade(draw), outline=shade(draw))
        small.paste(ImageOps.mirror(small.crop((0, 0, side // 2, side))), (side - side // 2, 0))
    dither = draw.choice([Image.Dither.NONE, Image.Dither.NONE, Image.Dither.FLOYDSTEINBERG])
    small = small.quantize(draw.randint(4, 40), dither=dither).convert("RGB")
    scale = draw.choice([3, 4, 5, 6, 8, 10, 12, 16]) if draw.random() < 0.7 else draw.uniform(3, 12)
    high = max(64, min(1100, round(side * scale)))
    return small.resize((high, high), Image.Resampling.NEAREST)
