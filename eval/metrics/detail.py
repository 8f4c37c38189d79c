"""How much fine detail a picture keeps."""

from __future__ import annotations

from PIL import Image

from eval.metrics.metric import Metric
from eval.metrics.pictures import gradient


def sharpness(first: Image.Image, second: Image.Image) -> float:
    """Give the mean gradient of the second picture's luma as a share of that of the first."""
    return gradient(second) / max(gradient(first), 1e-6)


METRICS = (
    Metric("sharpness", "pair", 0, "", "mean gradient of luma as a share of the original's",
           lambda: sharpness),
)  # fmt: skip
