"""Pictures that mean the same, and pictures that do not: for the calibration of the checks."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from skimage.segmentation import slic

from eval.codecs.taesd import Layers

GRID = (3, 4)
SWAPS = 3
"""Pairs of the twelve parts that change places: half of the picture."""
FINER = 30
"""Part of the longest side below which another object's shading is taken; cells are an eighth at least."""
NOISE = 0.35
"""Deviation of the noise in the latents, over their own."""


def jpeg(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Compress hard."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=20)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


def crop(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Cut 5 % off every side."""
    width, height = image.size
    return image.crop((width // 20, height // 20, width - width // 20, height - height // 20)).resize(
        image.size
    )


def resize(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Shrink to a quarter, and back."""
    return image.resize((max(image.width // 4, 1), max(image.height // 4, 1))).resize(image.size)


def style(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Draw it in another style: as paint, as few flat colours, as a warm or pale print."""
    kind = int(rng.integers(3))
    if kind == 0:
        return image.filter(ImageFilter.ModeFilter(9))
    if kind == 1:
        return ImageOps.posterize(image.filter(ImageFilter.MedianFilter(7)), 3)
    faded = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.4)).enhance(0.85)
    tint = Image.new("RGB", image.size, (255, 200, 140) if rng.integers(2) else (170, 200, 255))
    return Image.blend(faded, tint, 0.12)


def mosaic(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Draw with another renderer: some 300 flat areas along the contours."""
    pixels = np.asarray(image)
    labels = slic(pixels, n_segments=300, compactness=15, start_label=0, channel_axis=2)
    counts = np.maximum(np.bincount(labels.ravel()), 1)
    means = np.stack([np.bincount(labels.ravel(), pixels[..., c].ravel()) / counts for c in range(3)], 1)
    return Image.fromarray(means[labels].astype(np.uint8))


def tiny_webp(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Decode with another codec: WebP of 48 pixels, scaled up."""
    small = image.copy()
    small.thumbnail((48, 48))
    file = io.BytesIO()
    small.save(file, "WEBP", quality=20)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB").resize(image.size, Image.Resampling.BICUBIC)


def other_hues(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Turn all hues by a third to two thirds of the circle; lightness stays."""
    hue, saturation, value = image.convert("HSV").split()
    turned = (np.asarray(hue, np.int16) + int(rng.integers(85, 171))) % 256
    return Image.merge("HSV", (Image.fromarray(turned.astype(np.uint8)), saturation, value)).convert("RGB")


def swapped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Let parts change places."""
    rows, cols = GRID
    pixels = np.asarray(image.resize((image.width // cols * cols, image.height // rows * rows))).copy()
    height, width = pixels.shape[0] // rows, pixels.shape[1] // cols
    order = rng.permutation(rows * cols)
    for first, second in zip(order[:SWAPS], order[SWAPS : 2 * SWAPS], strict=True):
        a, b = (
            (slice(r * height, (r + 1) * height), slice(c * width, (c + 1) * width))
            for r, c in (divmod(int(first), cols), divmod(int(second), cols))
        )
        pixels[a], pixels[b] = pixels[b].copy(), pixels[a].copy()
    return Image.fromarray(pixels).resize(image.size)


def mirrored(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Mirror left and right."""
    return ImageOps.mirror(image)


def other_object(image: Image.Image, other: Image.Image) -> Image.Image:
    """Show another picture's shading, finer than any cell, in this one's colours and layout."""
    blur = ImageFilter.GaussianBlur(max(image.size) / FINER)
    grey = other.resize(image.size).convert("L")
    detail = np.asarray(grey, np.float32) - np.asarray(grey.filter(blur), np.float32)
    mixed = np.asarray(image.filter(blur), np.float32) + detail[..., None]
    return Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8))


MATCHED: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "JPEG, quality 20": jpeg,
    "cropped by 5 %": crop,
    "shrunk to a quarter": resize,
    "in another style": style,
    "drawn as mosaic": mosaic,
    "WebP thumbnail": tiny_webp,
}
WRONG: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "wrong colours": other_hues,
    "swapped cells": swapped,
    "mirrored": mirrored,
}


def redraw(image: Image.Image, rng: np.random.Generator, weights: Path) -> Image.Image:
    """Draw with another generator: a neural decoder (TAESD) from latents with noise in them."""
    encoder, decoder = (_taesd(weights / f"taesd_{half}.safetensors") for half in ("encoder", "decoder"))
    width, height = (max(side // 32 * 32, 64) for side in image.size)
    latents = encoder.latents(image.resize((width, height)))
    noise = rng.standard_normal(latents.shape).astype(np.float32)
    return decoder.picture(latents + NOISE * latents.std(ddof=1) * noise).resize(image.size)


@functools.cache
def _taesd(path: Path) -> Layers:
    return Layers(path)
