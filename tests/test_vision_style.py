"""Medium, light, symmetry and blur: said where made on purpose, not said where nothing is certain."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from promptcodec.vision.heads import shipped
from promptcodec.vision.layout import blur, symmetry
from promptcodec.vision.medium import MEDIA, TABLE, medium
from promptcodec.vision.style import light
from tests.work import lines_run

SIZES = [(1, 1), (2, 3), (1, 700), (700, 1), (31, 400), (33, 32), (40, 2000), (1500, 900)]


def picture(array):
    return Image.fromarray(np.clip(array, 0, 255).astype(np.uint8))


def clouds(width, height, seed=1):
    """Make a coloured picture with detail at all scales, as photographs have."""
    random, total = np.random.default_rng(seed), np.zeros((height, width, 3), np.float32)
    for octave in range(2, 8):
        grid = random.normal(0, 1, (2**octave, 2**octave, 3)) + random.normal(0, 1, (2**octave, 2**octave, 1))
        for band in range(3):
            layer = Image.fromarray(grid[..., band].astype(np.float32))
            total[..., band] += (
                np.asarray(layer.resize((width, height), Image.Resampling.BICUBIC)) / 1.7**octave
            )
    return picture(110 + 160 * total)


def shapes(width=480, height=360):
    image = Image.new("RGB", (width, height), (250, 250, 250))
    pen = ImageDraw.Draw(image)
    pen.rectangle((40, 60, 200, 200), (200, 30, 40))
    pen.ellipse((180, 120, 420, 340), (30, 90, 200))
    pen.polygon([(300, 20), (460, 40), (380, 140)], (250, 180, 20))
    return image


def page(width=640, height=860):
    image = Image.new("RGB", (width, height), (255, 255, 255))
    pen, face = ImageDraw.Draw(image), ImageFont.load_default(18)
    for y in range(40, height - 40, 27):
        pen.text((50, y), "It was the best of times, it was the worst of times, it was", (20, 20, 20), face)
    return image


def screen(width=900, height=600):
    image = Image.new("RGB", (width, height), (244, 245, 247))
    pen, face = ImageDraw.Draw(image), ImageFont.load_default(13)
    pen.rectangle((0, 0, width, 36), (40, 80, 160))
    pen.rectangle((0, 36, 180, height), (228, 230, 236), outline=(180, 180, 190))
    for y in range(50, height - 20, 26):
        pen.text((12, y), "Folder name", (40, 40, 50), face)
        pen.text((200, y), "2024-01-02  report final state.txt   14 kB", (30, 30, 30), face)
    for x in range(200, 800, 110):
        pen.rounded_rectangle((x, 6, x + 90, 30), 6, (90, 140, 230), outline=(255, 255, 255))
        pen.text((x + 10, 10), "Button", (255, 255, 255), face)
    return image


def sprite(scale=10):
    image = Image.new("RGB", (40, 32), (110, 180, 240))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 24, 39, 31), (70, 150, 60))
    pen.ellipse((10, 6, 28, 24), (230, 190, 60), outline=(60, 40, 20))
    for x in (15, 22):
        pen.rectangle((x, 11, x + 1, 14), (40, 30, 30))
    pen.line((15, 19, 23, 19), (160, 40, 40))
    for x in range(1, 40, 4):
        pen.line((x, 22, x, 24), (40, 110, 50))
    return image.resize((40 * scale, 32 * scale), Image.Resampling.NEAREST)


@pytest.mark.parametrize(
    ("make", "expected"),
    [(shapes, "flat graphic"), (page, "text page"), (screen, "screenshot"), (sprite, "pixel art")],
)
def test_medium_of_what_is_made(make, expected):
    assert medium(make()) == expected


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket", "astronaut"])
def test_photographs_are_not_called_otherwise(name):
    from skimage import data

    assert medium(Image.fromarray(getattr(data, name)())) in {"photo", "picture"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("page", {"text page", "black and white picture"}),
        ("moon", {"black and white photo", "black and white picture"}),
        ("horse", {"black and white flat graphic"}),
        ("logo", {"flat graphic", "picture"}),
    ],
)
def test_medium_of_skimage_pictures(name, words):
    from skimage import data

    array = np.asarray(getattr(data, name)())
    image = Image.fromarray(array.astype(np.uint8) * 255 if array.dtype == bool else array)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    assert medium(image.convert("RGB")) in words


def test_grey_is_said_before_the_medium():
    assert medium(shapes().convert("L").convert("RGB")).startswith("black and white")
    assert not medium(shapes()).startswith("black and white")


def test_the_table_fits_its_words():
    assert shipped(TABLE).words == MEDIA


def landscape():
    """Make a smooth blue sky over rough green ground."""
    random = np.random.default_rng(3)
    array = np.zeros((320, 480, 3))
    array[:170] = np.linspace((95, 150, 225), (185, 215, 245), 170)[:, None]
    ground = random.normal(0, 1, (150, 480, 1)) * 28
    array[170:] = np.array([88, 130, 40]) + ground * np.array([1, 1, 0.5])
    return picture(array).filter(ImageFilter.GaussianBlur(0.8))


def test_light_says_brightness_contrast_and_cast():
    ramp = np.repeat(np.linspace(250, 20, 128)[None, :, None], 128, 0).repeat(3, 2)
    assert light(picture(ramp)) == light(picture(ramp[:, ::-1])) == "even"
    assert light(picture(np.full((9, 9, 3), 10))) == "dark, low contrast"
    assert light(picture(np.full((9, 9, 3), 240))) == "high key, low contrast"
    assert light(picture(ramp * (1, 0.7, 0.4))).endswith("warm")
    assert light(picture(ramp * (0.5, 0.7, 1))).endswith("cool")
    grass = np.full((64, 64, 3), (70, 120, 40))
    assert "warm" not in light(picture(grass))
    halves = np.zeros((64, 64, 3))
    halves[::2] = 255
    assert "high contrast" in light(picture(halves))
    spot = np.full((64, 64, 3), 8)
    spot[20:34, 20:40] = 230
    assert light(picture(spot)).startswith("low key")


def test_symmetry_of_mirrored_pictures():
    half = np.asarray(clouds(160, 240))
    across = picture(np.concatenate([half, half[:, ::-1]], 1))
    assert symmetry(across) == "mirrored left-right"
    assert symmetry(across.rotate(90, expand=True)) == "mirrored top-bottom"
    y, x = np.mgrid[-1:1:200j, -1:1:300j] * np.array([1, 1.5])[:, None, None]
    wheel = 128 + 120 * np.cos(8 * np.arctan2(y, x)) * (np.hypot(x, y) < 0.9)
    assert symmetry(picture(wheel[..., None].repeat(3, 2))) == "radial"


def test_symmetry_is_not_said_of_plain_pictures():
    assert symmetry(clouds(300, 200)) == ""
    assert symmetry(landscape()) == ""
    assert symmetry(page()) == ""
    assert symmetry(Image.new("RGB", (90, 90), (200, 10, 10))) == ""


def test_blurred_background_needs_a_sharp_subject():
    sharp = clouds(512, 384, 2).filter(ImageFilter.UnsharpMask(2, 300, 0))
    noise = np.random.default_rng(4).normal(128, 60, (384, 512, 1)).repeat(3, 2)
    subject = Image.blend(sharp, picture(noise), 0.5)
    ground = clouds(512, 384, 7).filter(ImageFilter.GaussianBlur(6))
    mask = Image.new("L", ground.size)
    ImageDraw.Draw(mask).ellipse((190, 120, 330, 270), 255)
    assert blur(Image.composite(subject, ground, mask)) == "blurred background"
    for other in (subject, ground, page(), shapes(), landscape()):
        assert blur(other) == ""


@pytest.mark.parametrize("size", SIZES)
def test_any_size_gives_the_same_words_twice(size):
    image = clouds(97, 61).resize(size)

    def everything():
        return medium(image), light(image), symmetry(image), blur(image)

    first = everything()
    assert first == everything()
    assert all(isinstance(word, str) for word in first)
    assert first[1]


@pytest.mark.parametrize("size", [(512, 341), (1500, 900)])
def test_measuring_is_little_work(size):
    image = clouds(*size)

    def measure():
        medium(image), light(image), symmetry(image), blur(image)

    measure()  # what is loaded once
    # 12 ms on an idle core: numpy does the work, and no pixel has a line of Python to itself.
    assert lines_run(measure) < 12_000
