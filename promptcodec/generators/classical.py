"""Draw a picture from its conditions without any learned model: soft fields, texture, contours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from promptcodec.description import Description, ResolvedCell, resolve
from promptcodec.errors import GeneratorError
from promptcodec.generators import Conditions
from promptcodec.generators.colour_field import PER_CELL, grid_colours, lay_out, spread
from promptcodec.generators.noise import band, make_noise
from promptcodec.generators.sharpen import resize, sharpen
from promptcodec.vision.colour import Floats, to_oklab, to_srgb

# Drawn at this long side at most (and at least), then resized: time and memory stay bounded.
LARGEST, SMALLEST = 1024, 64
# The field of colours is smooth: a quarter of the pixels of the picture is plenty.
FIELD_SIDE = 256
GROUND = (0xF4, 0xF2, 0xEC)
CONTOUR_DEPTH = 0.25
# With a texture layer the picture has shading of its own: a quarter of the texture. At a half, texture costs
# as much 1 - MS-SSIM as a tenth of the layer's bytes.
BESIDE_TEXTURE = 0.25
# Wavelengths of the bands as parts of the long side: patches, brush strokes, grain.
WAVELENGTHS = (1 / 20, 1 / 64, 1 / 200)
# The second colour of "with" covers this share; its patches are far from pure, or they would
# look like a camouflage net wherever a person would see leaves or faces.
WITH_SHARE, WITH_CONTRAST = 0.4, 0.27
# What is left of the waviness across lines.
LEVEL = 0.2


@dataclass(frozen=True, slots=True)
class Look:
    """How a texture class is drawn: amplitudes in Oklab L by WAVELENGTHS, and how wavy its edges are.

    Attributes:
        amplitudes: standard deviation of lightness in each band.
        waviness: displacement of edges, in parts of a cell.
    """

    amplitudes: tuple[float, float, float]
    waviness: float


LOOKS = {
    "": Look((0.004, 0.002, 0.001), 0.03),
    "smooth": Look((0, 0, 0), 0),
    "soft": Look((0.009, 0.003, 0.001), 0.025),
    "grainy": Look((0.008, 0.010, 0.012), 0.03),
    "rough": Look((0.016, 0.024, 0.012), 0.04),
    "busy": Look((0.028, 0.034, 0.014), 0.055),
}


def draw(conditions: Conditions) -> Image.Image:
    """Draw what the conditions hold; the same conditions give the same pixels.

    Args:
        conditions: at least one layer that can be seen.

    Returns:
        RGB of ``conditions.size``.

    Raises:
        GeneratorError: there is nothing to draw.
    """
    size = conditions.size
    if conditions.pixels is not None:
        picture = conditions.pixels.convert("RGB")
        return picture if picture.size == size else picture.resize(size, Image.Resampling.BICUBIC)
    width, height = working_size(size)
    if conditions.texture is not None:
        texture = conditions.texture.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
        lab = sharpen(to_oklab(np.asarray(texture, np.uint8)))
        if conditions.description is not None:
            lab = _texture_over(lab, conditions.description, conditions.seed)
    elif conditions.description is not None:
        lab = _draw_description(conditions.description, conditions.seed, width, height)
    elif conditions.structure is not None:
        lab = np.broadcast_to(to_oklab(np.array(GROUND, np.uint8)), (height, width, 3)).copy()
    elif conditions.recipe is not None:
        raise GeneratorError(
            "the stream holds only a recipe, and builtin cannot draw words; a generator that reads can, "
            "such as images",
            hint="--generator images, comfyui, sdapi or diffusers; or recipe export for its own tool",
        )
    else:
        raise GeneratorError("the stream holds neither words nor colours nor contours to draw from")
    if conditions.structure is not None:
        lab = _contours_over(lab, conditions.structure)
    picture = Image.fromarray(np.rint(to_srgb(lab)).astype(np.uint8))
    return picture if picture.size == size else picture.resize(size, Image.Resampling.BICUBIC)


def working_size(size: tuple[int, int], smallest: int = SMALLEST, largest: int = LARGEST) -> tuple[int, int]:
    """Give the size to draw at: the aspect ratio of ``size``, the long side within bounds."""
    longest = max(size)
    scale = min(max(longest, smallest), largest) / longest
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _draw_description(description: Description, seed: int, width: int, height: int) -> Floats:
    cells = resolve(description)
    rows, cols = description.rows, description.cols
    nodes = lay_out(cells, grid_colours(cells, rows, cols))
    keys, strengths = _strengths(cells, rows, cols)
    mixed = _with_cells(cells, rows, cols)
    carried = np.concatenate([strengths, mixed], axis=-1).repeat(PER_CELL, 0).repeat(PER_CELL, 1)
    scale = min(1.0, FIELD_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    down, right = _positions(cells, rows, cols, seed, size)
    needed = list(nodes) if mixed.any() else [nodes[0]]
    fields, features = spread(needed, carried, down, right)
    enlarged = [resize(_soften(field), (width, height), Image.Resampling.BICUBIC) for field in fields]
    features = resize(features, (width, height), Image.Resampling.BILINEAR)
    lab = enlarged[0]
    if mixed.any():
        lab = lab + _patches(features[..., len(keys) :], seed) * (enlarged[1] - lab)
    return _add_texture(lab, keys, features, seed)


def _soften(field: Floats) -> Floats:
    """Blur by two binomial steps, so that no edge shows the pixels of the field."""
    for _ in range(2):
        for axis in (0, 1):
            padding = [(1, 1) if n == axis else (0, 0) for n in range(3)]
            around = np.moveaxis(np.pad(field, padding, mode="edge"), axis, 0)
            blurred = (around[:-2] + 2 * around[1:-1] + around[2:]) / np.float32(4)
            field = np.asarray(np.moveaxis(blurred, 0, axis), np.float32)
    return field


def _texture_over(lab: Floats, description: Description, seed: int) -> Floats:
    """Add the texture the description speaks of to a texture layer."""
    cells = resolve(description)
    keys, strengths = _strengths(cells, description.rows, description.cols, unsaid=0)
    size = (lab.shape[1], lab.shape[0])
    features = resize(strengths, size, Image.Resampling.BILINEAR) * np.float32(BESIDE_TEXTURE)
    return _add_texture(lab, keys, features, seed)


def _contours_over(lab: Floats, structure: Image.Image) -> Floats:
    lines = structure.convert("L").resize((lab.shape[1], lab.shape[0]), Image.Resampling.BICUBIC)
    depth = np.asarray(lines, np.float32) / 255 * CONTOUR_DEPTH
    return np.asarray(lab * (1 - depth[..., None]), np.float32)


def _strengths(
    cells: tuple[ResolvedCell, ...], rows: int, cols: int, unsaid: float = 1
) -> tuple[list[tuple[str, int]], Floats]:
    """Give the bands in use as (orientation, number), and how strong each is in each cell.

    Returns:
        ``n`` keys, and ``(rows, cols, n)`` standard deviations of lightness.
    """
    maps: dict[tuple[str, int], Floats] = {}
    for index, cell in enumerate(cells):
        for number, amplitude in enumerate(LOOKS[cell.texture].amplitudes):
            strength = amplitude if cell.texture else amplitude * unsaid
            if strength:
                key = (cell.orientation, number)
                maps.setdefault(key, np.zeros((rows, cols), np.float32))[divmod(index, cols)] = strength
    stacked = np.stack(list(maps.values()), axis=-1) if maps else np.zeros((rows, cols, 0), np.float32)
    return list(maps), stacked


def _with_cells(cells: tuple[ResolvedCell, ...], rows: int, cols: int) -> Floats:
    """Mark the cells of two mixed colours with 1, ``(rows, cols, 1)``."""
    flags = [cell.arrangement == "with" for cell in cells]
    return np.array(flags, np.float32).reshape(rows, cols, 1)


def _positions(
    cells: tuple[ResolvedCell, ...], rows: int, cols: int, seed: int, size: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Give each point's position in nodes, displaced where the texture makes edges wavy."""
    width, height = size
    # Lines along an edge keep it straight: a calm sea has a level horizon.
    waviness = np.array(
        [
            [LOOKS[cell.texture].waviness * (LEVEL if cell.orientation == straight else 1) for cell in cells]
            for straight in ("horizontal", "vertical")
        ],
        np.float32,
    )
    amounts = resize(waviness.T.reshape(rows, cols, 2), size, Image.Resampling.BILINEAR) * PER_CELL
    down = np.repeat(((np.arange(height) + 0.5) / height * rows * PER_CELL - 0.5)[:, None], width, 1).astype(
        np.float32
    )
    right = np.repeat(((np.arange(width) + 0.5) / width * cols * PER_CELL - 0.5)[None], height, 0).astype(
        np.float32
    )
    if not amounts.any():
        return down, right
    waves = []
    for stream in (1, 2):
        noise = make_noise(seed, stream, width, height)
        waves.append(band(noise, max(size) / 7) + band(noise, max(size) / 30) * 0.15)
    return np.asarray(down + amounts[..., 0] * waves[0]), np.asarray(right + amounts[..., 1] * waves[1])


def _patches(mixed: Floats, seed: int) -> Floats:
    """Give the share of the second colour at each point of cells with two mixed colours, 0..1."""
    height, width = mixed.shape[:2]
    longest = max(width, height)
    noise = make_noise(seed, 3, width, height)
    field = 0.9 * band(noise, longest / 9) + 0.5 * band(noise, longest / 28)
    share = WITH_SHARE + WITH_CONTRAST * np.tanh(field * 1.2)
    return np.asarray(share[..., None] * mixed, np.float32)


def _add_texture(lab: Floats, keys: list[tuple[str, int]], strengths: Floats, seed: int) -> Floats:
    """Modulate lightness with noise of the given strengths ``(height, width, len(keys))``."""
    if not keys:
        return lab
    height, width = lab.shape[:2]
    noise = make_noise(seed, 0, width, height)
    relief = np.zeros((height, width), np.float32)
    for number, (orientation, which) in enumerate(keys):
        wavelength = max(2.0, WAVELENGTHS[which] * max(width, height))
        relief += strengths[..., number] * band(noise, wavelength, orientation)
    lightness = lab[..., :1]
    # Shade keeps its hue: chroma follows lightness, as it does for one material in changing light.
    shaded = np.clip(lightness + relief[..., None], 0.02, 1)
    return np.asarray(lab * shaded / np.maximum(lightness, 0.05), np.float32)
