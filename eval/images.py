"""Pictures: those of a folder, and one at a size."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from promptcodec.vision.formats import SUFFIXES


def listed(folder: Path, limit: int | None = None) -> list[Path]:
    """List the pictures of a folder in the order of their names, the first ``limit`` of them."""
    return [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES][:limit]


def scaled(image: Image.Image, side: int) -> Image.Image:
    """Scale a picture up or down to a long side of ``side``, with Lanczos."""
    scale = side / max(image.size)
    width, height = (max(1, round(length * scale)) for length in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)
