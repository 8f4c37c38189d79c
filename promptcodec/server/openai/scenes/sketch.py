"""From a scene to a sketch: bands of colours, and simple shapes."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from promptcodec.description.palette import PALETTE
from promptcodec.server.openai.scenes.lexicon import lexicon
from promptcodec.server.openai.scenes.scene import Band, Scene, Thing
from promptcodec.vision.colour import Floats, to_oklab, to_srgb

SIDE = 384
"""The longer side in pixels; a larger one shows no more."""
_FINER = 2
_SOFT = 1.6
"""Pixels by which edges are blurred: the coefficients of sharp ones ring over the whole picture."""
_SUMMITS = {
    "peaks": (8, (0.05, 0.35), (0.55, 0.3)),
    "hills": (5, (0.2, 0.2), (0.45, 0.2)),
    "trees": (25, (0.2, 0.25), (0.42, 0.2)),
}
"""Corners of the upper side of a band; how deep upper and lower ones are: at least, and by chance more."""
_SHADES = {"main": 0.0, "dark": -0.12, "light": 0.07}

Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]


def sketch(scene: Scene, size: tuple[int, int]) -> tuple[Image.Image, list[Box]]:
    """Draw a scene.

    Args:
        scene: what is shown.
        size: width and height of the picture wanted.

    Returns:
        RGB of its shape, at most SIDE; and left, top, right, bottom of each thing in parts of it.
    """
    scale = SIDE / max(size)
    width, height = (max(round(side * scale), 16) for side in size)
    canvas = width * _FINER, height * _FINER
    tints = _Tints(scene)
    image = Image.fromarray(np.zeros((canvas[1], canvas[0], 3), np.uint8))
    for number, band in enumerate(scene.bands):
        _paint_band(image, band, tints, behind=number == 0, seed=number)
    boxes = [_paint_thing(image, thing, tints) for thing in scene.things]
    small = image.resize((width, height), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(_SOFT))
    return (small.convert("L").convert("RGB") if scene.grey else small), boxes


class _Tints:
    """Colours under the light of a scene."""

    def __init__(self, scene: Scene) -> None:
        self._dim: tuple[float, float] = tuple(lexicon().skies[scene.sky].get("dim", (1.0, 1.0)))
        self.dark = self._dim[0] < 0.7
        self.ground = scene.bands[-1].colours[-1]
        self.sky = scene.bands[0].colours[len(scene.bands[0].colours) // 2]

    def of(self, name: str, shade: float = 0.0, *, lit: bool = True) -> Floats:
        """Give Oklab of a palette colour; ``lit`` by the scene."""
        lab = to_oklab(np.array(PALETTE[name], np.uint8)).astype(np.float32)
        lab[0] = min(max(lab[0] + shade, 0.02), 0.99)
        if lit:
            lab = lab * np.array([self._dim[0], self._dim[1], self._dim[1]], np.float32)
        return np.asarray(lab, np.float32)

    def rgb(self, name: str, shade: float = 0.0, *, lit: bool = True) -> Colour:
        """Give the same as sRGB."""
        red, green, blue = (
            np.rint(np.clip(to_srgb(self.of(name, shade, lit=lit)), 0, 255)).astype(int).tolist()
        )
        return red, green, blue


def _paint_band(image: Image.Image, band: Band, tints: _Tints, *, behind: bool, seed: int) -> None:
    width, height = image.size
    stops = np.array([tints.of(name, lit=not behind) for name in band.colours], np.float32)
    top, bottom = round(band.top * height), round(band.bottom * height)
    places = np.linspace(0, len(stops) - 1, max(bottom - top, 1))
    ramp = np.stack([np.interp(places, range(len(stops)), stops[:, n]) for n in range(3)], -1)
    rows = np.rint(np.clip(to_srgb(ramp.astype(np.float32)), 0, 255)).astype(np.uint8)
    colours = Image.fromarray(np.repeat(rows[:, None], width, 1))
    mask = Image.new("L", colours.size, 0)
    ImageDraw.Draw(mask).polygon(list(_outline(band.edge, *colours.size, seed)), fill=255)
    if band.edge == "towers":
        _windows(colours, tints, seed)
    image.paste(colours, (0, top), mask)


def _windows(walls: Image.Image, tints: _Tints, seed: int) -> None:
    """Put windows into a town, lit where it is dark."""
    chance = random.Random(seed + 1)  # noqa: S311 - the same scene is the same sketch
    draw = ImageDraw.Draw(walls)
    step = walls.width // 48
    colour = tints.rgb("golden yellow" if tints.dark else "light blue grey", lit=not tints.dark)
    for y in range(step, walls.height - step, 2 * step):
        for x in range(step, walls.width - step, 2 * step):
            if chance.random() < 0.45:
                draw.rectangle((x, y, x + step // 2, y + step // 2), fill=colour)


def _outline(edge: str, width: int, height: int, seed: int) -> Iterator[tuple[float, float]]:
    """Give the corners of a band: its upper side from left to right, then the lower corners."""
    chance = random.Random(seed)  # noqa: S311 - the same scene is the same sketch
    if edge == "flat":
        yield from ((0, 0), (width, 0))
    elif edge == "towers":
        left = 0.0
        while left < width:
            right = left + width * (0.05 + 0.06 * chance.random())
            up = (0.1 + 0.65 * chance.random()) * height
            yield from ((left, up), (right, up))
            left = right
    else:
        count, top, bottom = _SUMMITS[edge]
        for n in range(count):
            least, more = bottom if n % 2 == 0 else top
            yield n / (count - 1) * width, (least + more * chance.random()) * height
    yield from ((width, height), (0, height))


def _paint_thing(image: Image.Image, thing: Thing, tints: _Tints) -> Box:
    shape = lexicon().shapes[thing.shape]
    wide = shape.get("wide", 1.0)
    longer = thing.size * min(image.size)
    width, height = (longer, longer / wide) if wide > 1 else (longer * wide, longer)
    left = min(max(thing.x * image.width - width / 2, 0.02 * image.width), 0.98 * image.width - width)
    top = max(thing.bottom * image.height - height, 0.02 * image.height)
    draw = ImageDraw.Draw(image)
    for fill, numbers in shape["pieces"]:
        places = [
            (left if n % 2 == 0 else top) + number / 100 * (width if n % 2 == 0 else height)
            for n, number in enumerate(numbers)
        ]
        colour = _fill(fill, thing, tints)
        if len(places) == 4:
            draw.ellipse(places, fill=colour)
        else:
            draw.polygon(places, fill=colour)
    return (
        left / image.width,
        top / image.height,
        (left + width) / image.width,
        (top + height) / image.height,
    )


def _fill(fill: str, thing: Thing, tints: _Tints) -> Colour:
    bright = thing.shape in {"stars", "disc", "lamp", "fire", "rainbow"}
    if fill == "ground":
        return tints.rgb(tints.ground)
    if fill == "sky":
        return tints.rgb(tints.sky, lit=False)
    if fill in _SHADES:
        return tints.rgb(thing.colour, _SHADES[fill], lit=not bright)
    return tints.rgb(fill, lit=not bright)
