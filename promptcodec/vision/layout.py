"""How a picture is laid out: its symmetry, and whether a sharp subject stands before a blurred ground."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision.colour import Floats

SYMMETRY_SIDE = 32
"""Samples per axis: a mirrored picture agrees in its masses, not in its leaves."""

MIRRORED = 0.9
"""Correlation of a picture with its mirror image from which it is symmetrical."""

RADIAL = 0.65
"""Correlation of its middle square, mirrored across both axes and a diagonal and turned, from which
it is radial: flowers and wheels, which are never as exact as a mirror image."""

DETAILED = 0.045
"""Least spread of the samples; below it a correlation says nothing."""

RADIAL_DETAIL = 0.1
"""The same for the middle square, so that a mere vignette is not radial."""

BLUR_SIDE = 256
"""Longer side at which sharpness is measured; smaller pictures are measured as they are."""

BLUR_CELLS = 12
"""Cells per axis of the map of sharpness."""

SOFT = (5.0, 0.29)
"""Coarse detail from which, and sharpness up to which, a cell is out of focus; with less detail it
is plain, and there is nothing to be sharp."""

SHARP = (8.0, 0.4)
"""Coarse detail and sharpness from which a cell is in focus."""

BLURRED = 0.45
"""Share of cells out of focus from which the background is blurred."""

BOTH_SIDES = 0.25
"""The least such share in the left and in the right quarter: haze lies above, not beside."""

SUBJECT = (0.04, 2.0)
"""Least share of cells in focus, and how much more of them there must be inside than at the border."""


def symmetry(image: Image.Image) -> str:
    """Name the symmetry of a picture where it is plain.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        ``mirrored left-right``, ``mirrored top-bottom``, ``radial`` or ``""``.
    """
    image = image.convert("RGB")
    if _radial(image) >= RADIAL:
        return "radial"
    level = _levels(image)
    # What changes along one axis only is symmetrical about the other as a matter of course: a sky
    # over land is no mirror image. Only what is left beside that profile is compared.
    rows, columns = level - level.mean(1, keepdims=True), level - level.mean(0, keepdims=True)
    if min(rows.std(), columns.std(), (rows - rows.mean(0, keepdims=True)).std()) < DETAILED:
        return ""
    across, down = _alike(rows, rows[:, ::-1]), _alike(columns, columns[::-1])
    if max(across, down) < MIRRORED:
        return ""
    return "mirrored left-right" if across >= down else "mirrored top-bottom"


def _radial(image: Image.Image) -> float:
    """Give the least correlation of the middle square with itself mirrored and turned; 0 if it is plain."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    level = _levels(image.crop((left, top, left + side, top + side)))
    level = level - level.mean((0, 1))
    if level.std() < RADIAL_DETAIL:
        return 0.0
    views = (level[:, ::-1], level[::-1], np.rot90(level), level.swapaxes(0, 1))
    return min(_alike(level, view) for view in views)


def _levels(image: Image.Image) -> Floats:
    """Give box means ``(SYMMETRY_SIDE, SYMMETRY_SIDE, 3)``, 0..1."""
    samples = np.asarray(image.resize((SYMMETRY_SIDE, SYMMETRY_SIDE), Image.Resampling.BOX))
    return samples.astype(np.float32) / np.float32(255)


def _alike(first: Floats, second: Floats) -> float:
    """Give the correlation of two arrays of mean 0, rounded."""
    power = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return round(float((first * second).sum()) / power, 4) if power > 1e-6 else 0.0


def blur(image: Image.Image) -> str:
    """Say whether a sharp subject stands before a blurred background.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        ``blurred background`` or ``""``.
    """
    sharp, detail = sharpness(image)
    soft = (detail > SOFT[0]) & (sharp < SOFT[1])
    focused = (detail > SHARP[0]) & (sharp > SHARP[1])
    border = np.ones(soft.shape, bool)
    border[2:-2, 2:-2] = False
    quarter = BLUR_CELLS // 4
    ground = soft.mean() >= BLURRED and min(soft[:, :quarter].mean(), soft[:, -quarter:].mean()) >= BOTH_SIDES
    inside = focused[~border].mean() > SUBJECT[1] * focused[border].mean()
    return "blurred background" if ground and inside and focused.mean() >= SUBJECT[0] else ""


def sharpness(image: Image.Image) -> tuple[Floats, Floats]:
    """Measure how sharp cells are where they have any detail.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        ``(BLUR_CELLS, BLUR_CELLS)`` twice: fine over coarse detail (about 0.25 out of focus, 0.5 and
        more in focus), and coarse detail in grey levels.
    """
    scale = min(1.0, BLUR_SIDE / max(image.size))
    width, height = (max(1, round(side * scale / BLUR_CELLS)) * BLUR_CELLS for side in image.size)
    level = np.asarray(image.convert("L").resize((width, height), Image.Resampling.BOX)).astype(np.float32)
    fine = _detail(level, 1)
    coarse = _detail(level, 4)
    fine, coarse = (_cells(band) for band in (fine, coarse))
    return np.round(fine / (coarse + 1), 4).astype(np.float32), np.round(coarse, 3).astype(np.float32)


def _detail(level: Floats, step: int) -> Floats:
    """Give differences over ``step`` samples in both directions, same shape, edges repeated."""
    padded = np.pad(level, ((0, step), (0, step)), "edge")
    down, right = padded[step:, :-step] - level, padded[:-step, step:] - level
    return np.asarray(np.sqrt(down * down + right * right), np.float32)


def _cells(band: Floats) -> Floats:
    """Give means of cells, ``(BLUR_CELLS, BLUR_CELLS)``."""
    height, width = (side // BLUR_CELLS for side in band.shape)
    cut: npt.NDArray[np.float32] = band.reshape(BLUR_CELLS, height, BLUR_CELLS, width)
    return np.asarray(cut.mean((1, 3)), np.float32)
