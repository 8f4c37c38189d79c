"""Compare a picture with the visual layers of its stream: texture layer, contours, signature."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from promptcodec.checks import scales
from promptcodec.checks.measure import closeness, correlation, reduce
from promptcodec.checks.places import compare_places
from promptcodec.checks.report import Field
from promptcodec.generators import Conditions
from promptcodec.layers import signature
from promptcodec.vision.colour import ciede2000

GRID = 16
# Matching places to each other grows with their cube.
PLACES = 8


def create(_profile: Mapping[str, str]) -> LayersCheck:
    """Make the check; it takes no profile."""
    return LayersCheck()


class LayersCheck:
    """Runs whatever comparison the layers present allow."""

    name = "layers"

    def compare(self, conditions: Conditions, image: Image.Image) -> list[Field]:
        """Compare an RGB picture with the texture, structure, pixels and signature layers."""
        fields = []
        for name, layer in (("texture layer", conditions.texture), ("pixels layer", conditions.pixels)):
            if layer is not None:
                fields += compare_colours(name, layer, image)
        if conditions.structure is not None and not conditions.skeletons:
            fields.append(_compare_contours(conditions.structure, image))
        if conditions.signature is not None:
            fields += compare_signatures(conditions.signature, image)
        return fields


def compare_colours(name: str, layer: Image.Image, image: Image.Image) -> list[Field]:
    """Compare the colours of an RGB picture with a layer's: as a whole, by layout, by place."""
    expected, got = reduce(layer, GRID, GRID), reduce(image, GRID, GRID)
    difference = float(ciede2000(expected, got).mean())
    layout = correlation(expected.mean(axis=2), got.mean(axis=2))
    return [
        Field(
            f"{name} CIEDE2000",
            "photometry",
            0,
            round(difference, 2),
            closeness(difference, scales.LAYER_COLOUR),
        ),
        Field(f"{name} layout", "geometry", 1, round(layout, 3), max(layout, 0.0)),
        *compare_places(name, reduce(layer, PLACES, PLACES), reduce(image, PLACES, PLACES)),
    ]


def compare_signatures(expected: bytes, image: Image.Image) -> list[Field]:
    """Compare an RGB picture with a signature, part by part."""
    apart = signature.parts(expected, signature.encode(image))
    return [
        Field(f"signature {name}", aim, 0, round(apart[name], 3), closeness(apart[name], scale))
        for name, (aim, scale) in scales.SIGNATURE.items()
    ]


def _compare_contours(structure: Image.Image, image: Image.Image) -> Field:
    """Ask whether the picture's gradients lie on the contours: their share over that of chance."""
    luma = np.asarray(image.convert("L").resize(structure.size, Image.Resampling.BILINEAR), np.float32)
    energy = np.hypot(*np.gradient(luma)) if min(luma.shape) > 1 else np.zeros_like(luma)
    mask = np.asarray(structure, np.float32) / 255
    on_lines = float((energy * mask).sum() / max(mask.sum(), 1e-6))
    ratio = on_lines / max(float(energy.mean()), 1e-6)
    return Field(
        "gradient on contours, over the mean",
        "integrity",
        scales.CONTOUR_RATIO,
        round(ratio, 2),
        min(ratio / (2 * scales.CONTOUR_RATIO), 1.0),
    )
