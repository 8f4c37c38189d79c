"""What the nodes do, in miniature: a latent is a picture of an eighth of the sides, sampling is noise.

Every input makes a difference: words, seed, steps, guidance, the latent by as much as it is kept, the control
picture by its strength. No other thing does: the same graph gives the same picture.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

Array = npt.NDArray[np.float32]
Conditioning = tuple[str, tuple[tuple[str, Array, float], ...]]
_CELL = 8


def empty(width: int, height: int, batch_size: int) -> tuple[Array]:
    """Make latents of nothing, ``(batch, rows, columns, 3)``."""
    return (np.zeros((batch_size, height // _CELL, width // _CELL, 3), np.float32),)


def scale(image: Array, width: int, height: int, **_how: str) -> tuple[Array]:
    """Scale pictures, ``(batch, height, width, 3)``, 0..1."""
    return (np.stack([_resized(one, (width or 8, height or 8)) for one in image]),)


def encode(pixels: Array, **_vae: str) -> tuple[Array]:
    """Make latents of pictures, whose sides are cut to multiples of 8 as the real one does."""
    height, width = (side // _CELL * _CELL for side in pixels.shape[1:3])
    cells = pixels[:, :height, :width].reshape(len(pixels), height // _CELL, _CELL, width // _CELL, _CELL, 3)
    return (cells.mean((2, 4)),)


def decode(samples: Array, **_vae: str) -> tuple[Array]:
    """Make pictures of latents."""
    return (samples.repeat(_CELL, 1).repeat(_CELL, 2),)


def control(
    positive: Conditioning, negative: Conditioning, control_net: str, image: Array, strength: float,
    start_percent: float, end_percent: float, **_vae: str,
) -> tuple[Conditioning, Conditioning]:  # fmt: skip
    """Add a control picture to what is wanted and to what is not."""
    if strength == 0:
        return positive, negative
    added = (control_net, image[0], strength * (end_percent - start_percent))
    return (positive[0], (*positive[1], added)), (negative[0], (*negative[1], added))


def paid(**_inputs: str) -> tuple[Array]:
    """Ask a service that costs money, which nothing here may."""
    raise RuntimeError("a paid service was asked")


def sample(
    model: str, seed: int, steps: int, cfg: float, sampler_name: str, scheduler: str,
    positive: Conditioning, negative: Conditioning, latent_image: Array, denoise: float,
) -> tuple[Array]:  # fmt: skip
    """Draw: noise of the seed, colours of the words, lines of the control picture, over the latent."""
    words = json.dumps([model, steps, cfg, sampler_name, scheduler, positive[0], negative[0]])
    _, rows, cols, _ = latent_image.shape
    field = _resized(_noise(words, 2, 2), (cols, rows), Image.Resampling.BILINEAR)
    noise = np.stack([_noise(f"{seed}/{number}", rows, cols) for number in range(len(latent_image))])
    drawn = 0.7 * field + 0.3 * noise
    for name, image, strength in positive[1]:
        lines = _resized(image, (cols, rows), Image.Resampling.BOX).mean(-1, keepdims=True)
        drawn = drawn + min(strength, 1) * lines * (_noise(name, 1, 1) - drawn)
    return (((1 - denoise) * latent_image + denoise * drawn).astype(np.float32),)


def _noise(words: str, rows: int, cols: int) -> Array:
    seed = int.from_bytes(hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return np.random.default_rng(seed).random((rows, cols, 3), np.float32)


def _resized(image: Array, size: tuple[int, int], how: Image.Resampling = Image.Resampling.BILINEAR) -> Array:
    bands = [np.asarray(Image.fromarray(image[..., band]).resize(size, how)) for band in range(3)]
    return np.stack(bands, -1).astype(np.float32)


def load(data: bytes) -> Array:
    """Read an uploaded picture, ``(1, height, width, 3)``."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), np.float32)[None] / np.float32(255)


def png(image: Array, prompt: Any, extra: Mapping[str, Any]) -> bytes:
    """Write a picture, with the graph as ComfyUI writes it; what is not a number is black."""
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", json.dumps(prompt))
    for key, value in extra.items():
        info.add_text(key, json.dumps(value))
    file = io.BytesIO()
    levels = np.nan_to_num(np.clip(image * 255, 0, 255)).astype(np.uint8)
    Image.fromarray(levels).save(file, "PNG", pnginfo=info, compress_level=1)
    return file.getvalue()
