"""One small network, looked through once: what a picture shows, as class logits and as an embedding.

EfficientNet-Lite0 in int8 (``models/lite0-2.onnx``, made by ``training/tagger/export.py``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision.colour import Floats
from promptcodec.vision.recall import recall
from promptcodec.vision.runtime import session

TABLE = "lite0-2"

OUTPUTS = ("logits", "embedding")

SIDE = 224
CLASSES = 1000
DIMENSIONS = 1280

_seen: OrderedDict[bytes, tuple[Floats, Floats]] = OrderedDict()


def look(images: Sequence[Image.Image]) -> tuple[Floats, Floats]:
    """Run the network.

    Each picture is squeezed to a square and run by itself, so that the answer for one never
    depends on what it was looked at with.

    Args:
        images: ``n`` pictures, RGB, any size from 1x1.

    Returns:
        Logits ``(n, 1000)`` of the ImageNet classes, and embeddings ``(n, 1280)`` of length 1.

    Raises:
        MissingError: onnxruntime is not installed, or the network's file is not the one that was shipped.
    """
    results = [_look(image) for image in images]
    if not results:
        return np.empty((0, CLASSES), np.float32), np.empty((0, DIMENSIONS), np.float32)
    return np.stack([logits for logits, _ in results]), np.stack([embedding for _, embedding in results])


def _look(image: Image.Image) -> tuple[Floats, Floats]:
    pixels = _pixels(image)
    return recall(_seen, pixels, lambda: _run(pixels))


def _run(pixels: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    logits, pooled = session(TABLE).run(OUTPUTS, {"pixels": pixels[None]})
    return logits[0], pooled[0] / max(float(np.linalg.norm(pooled[0])), 1e-6)


def _pixels(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Give what the network sees, ``(224, 224, 3)``; reducing_gap halves the time of a large picture."""
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0), np.uint8)
