"""The signature layer: 11 bytes that tell whether a picture shows the same thing.

Three bytes of mean Oklab colour (L, a, b) and the 64 bits of a difference hash: is each
point of an 8x8 grid of luma darker than its right neighbour?

Source: difference hash, N. Krawetz 2013, "Kind of Like That" (hackerfactor.com).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.errors import BitstreamError
from promptcodec.vision.colour import to_oklab

SIGNATURE_BYTES = 11
HASH_SIDE = 8
# Oklab L runs 0..1, a and b stay within +-0.4 for sRGB.
_LOWEST = np.array([0.0, -0.4, -0.4], np.float32)
_RANGE = np.array([1.0, 0.8, 0.8], np.float32)
# Mean colours further apart than this belong to pictures with nothing in common.
_FAR = 0.4


def encode(image: Image.Image) -> bytes:
    """Give the signature of a picture.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        Exactly SIGNATURE_BYTES bytes.
    """
    # The mean of a 32x32 reduction is the mean of the picture to within a code step.
    small = image.resize((32, 32), Image.Resampling.BOX)
    mean = to_oklab(np.asarray(small, np.uint8)).reshape(-1, 3).mean(axis=0)
    codes = np.clip(np.rint((mean - _LOWEST) / _RANGE * 255), 0, 255).astype(np.uint8)
    grid = image.convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX)
    luma = np.asarray(grid, np.int32)
    return bytes(codes.tolist()) + bytes(np.packbits(luma[:, :-1] < luma[:, 1:]).tolist())


def decode(data: bytes) -> bytes:
    """Give the signature of a part.

    Raises:
        BitstreamError: it does not have SIGNATURE_BYTES bytes.
    """
    _split(data)
    return data


def distance(first: bytes, second: bytes) -> float:
    """Compare two signatures: half by colour, half by layout.

    Args:
        first: SIGNATURE_BYTES bytes.
        second: SIGNATURE_BYTES bytes.

    Returns:
        0 for the same to 1 for nothing in common; unrelated layouts give about 0.25 and up.

    Raises:
        BitstreamError: a signature does not have SIGNATURE_BYTES bytes.
    """
    first_colour, first_hash = _split(first)
    second_colour, second_hash = _split(second)
    apart = float(np.linalg.norm((first_colour - second_colour) / 255 * _RANGE))
    differing = int(np.unpackbits(first_hash ^ second_hash).sum())
    return 0.5 * min(1.0, apart / _FAR) + 0.5 * differing / HASH_SIDE**2


def _split(signature: bytes) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    if len(signature) != SIGNATURE_BYTES:
        raise BitstreamError(f"a signature has {SIGNATURE_BYTES} bytes, not {len(signature)}", len(signature))
    codes = np.frombuffer(signature, np.uint8)
    return codes[:3].astype(np.float32), codes[3:]
