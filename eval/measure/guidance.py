"""What bytes of a layer say: the decibels of a texture layer, the share of edges of contours.

`promptcodec.generators.guidance` follows a layer as far as this goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.images import scaled
from eval.report.summary import Estimate, estimate
from eval.rivals.search import psnr
from promptcodec.generators.guidance import control_weight, noise_share
from promptcodec.layers import structure, texture
from promptcodec.layers.structure.encoder import contours
from promptcodec.settings import STRENGTH
from promptcodec.vision.load import load_image

BUDGETS = (8, 16, 32, 64, 128, 256, 512)
SIDE = 512
EDGE_SIDE = 128
"""Long side of the picture whose edges are looked for: contours of some hundred bytes are drawn on it."""
_ON = 128


@dataclass(frozen=True, slots=True)
class Measured:
    """One picture at one budget: the PSNR of its texture layer, the share of its edges on its contours."""

    budget: int
    psnr: float
    edges: float


@dataclass(frozen=True, slots=True)
class Row:
    """One budget over all pictures, and what the rule makes of so many bytes."""

    budget: int
    psnr: Estimate
    edges: Estimate
    noise_share: float
    control_weight: float

    def to_json(self) -> dict[str, Any]:
        """Give it as a JSON object."""
        intervals = {
            name: {"mean": each.mean, "low": each.low, "high": each.high, "n": each.n}
            for name, each in (("psnr", self.psnr), ("edges", self.edges))
        }
        rule = {"noise_share": self.noise_share, "control_weight": self.control_weight}
        return {"bytes": self.budget, **intervals, **rule}


def measure(path: Path, budgets: Sequence[int] = BUDGETS) -> list[Measured]:
    """Measure a picture at every budget."""
    image = scaled(load_image(path), SIDE)
    luma = contours.shrink(image, EDGE_SIDE)
    edges = contours.edges(luma)
    rows = []
    for budget in budgets:
        drawn = texture.decode(texture.encode(image, budget), image.size)
        lines = structure.decode(structure.encode(image, budget), (luma.shape[1], luma.shape[0]))
        share = carried(luma, edges, np.asarray(lines) >= _ON)
        rows.append(Measured(budget, psnr(image, drawn), share))
    return rows


def carried(luma: contours.Floats, edges: contours.Bitmap, lines: contours.Bitmap) -> float:
    """Give the share of the gradient on edges that lies within a pixel of lines.

    Args:
        luma: ``(h, w)``, 0..1.
        edges: ``(h, w)``, the picture's own.
        lines: ``(h, w)``, those drawn.

    Returns:
        0..1; 1 where the picture has no edges.
    """
    gradient = np.hypot(*np.gradient(luma))
    total = float(gradient[edges].sum())
    return float(gradient[edges & contours.dilate(lines)].sum()) / total if total else 1.0


def summarise(rows: Sequence[Measured]) -> list[Row]:
    """Give the means for each budget with 95 % intervals, and what the rule makes of it."""
    return [
        Row(
            budget,
            estimate([row.psnr for row in rows if row.budget == budget]),
            estimate([row.edges for row in rows if row.budget == budget]),
            noise_share({"texture": budget}, STRENGTH),
            control_weight({"structure": budget}, STRENGTH),
        )
        for budget in sorted({row.budget for row in rows})
    ]


def per_doubling(rows: Sequence[Measured]) -> float:
    """Give the decibels that each doubling of a texture layer's bytes gains: the slope of a line fitted."""
    return float(np.polyfit(np.log2([row.budget for row in rows]), [row.psnr for row in rows], 1)[0])


def edge_bytes(rows: Sequence[Measured]) -> float:
    """Give the bytes that carry ``1 - 1/e`` of the edges, by least squares of ``1 - exp(-bytes / x)``."""
    sizes, shares = np.array([row.budget for row in rows]), np.array([row.edges for row in rows])
    tried = np.arange(5.0, 1000.0)
    missed = [((1 - np.exp(-sizes / each) - shares) ** 2).sum() for each in tried]
    return float(tried[int(np.argmin(missed))])
