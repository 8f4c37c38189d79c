"""Seeded noise in frequency bands, with or without a direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# The way across the lines, as (right, down): lines rising to the right vary along (1, 1).
ACROSS = {
    "horizontal": (0.0, 1.0),
    "vertical": (1.0, 0.0),
    "rising": (np.sqrt(0.5), np.sqrt(0.5)),
    "falling": (np.sqrt(0.5), -np.sqrt(0.5)),
}
# Standard deviations: of the band in octaves, of the direction as the sine of an angle (14 degrees).
_OCTAVES = 0.6
_SPREAD = 0.24


@dataclass(frozen=True, slots=True)
class Noise:
    """White noise of one seed and size, in the frequency domain.

    Attributes:
        width, height: of the fields drawn from it, in pixels.
        coefficients: ``(rows, columns)`` complex, of a real field not smaller than that.
        right, down: frequencies in cycles per pixel, broadcastable against the coefficients.
    """

    width: int
    height: int
    coefficients: npt.NDArray[np.complex128]
    right: Floats
    down: Floats


def make_noise(seed: int, stream: int, width: int, height: int) -> Noise:
    """Draw white noise; the same four numbers always give the same noise.

    Args:
        seed: 0 <= seed < 2**32.
        stream: tells apart several noises of one seed.
        width: pixels.
        height: pixels.
    """
    # Lengths with large prime factors make the transform several times slower.
    rows, columns = _smooth_length(height), _smooth_length(width)
    generator = np.random.Generator(np.random.Philox(key=[seed, stream]))
    white = generator.standard_normal((rows, columns), np.float32)
    return Noise(
        width,
        height,
        np.fft.rfft2(white),
        np.fft.rfftfreq(columns).astype(np.float32)[None, :],
        np.fft.fftfreq(rows).astype(np.float32)[:, None],
    )


def band(noise: Noise, wavelength: float, orientation: str = "") -> Floats:
    """Filter the noise to one band.

    Args:
        noise: from make_noise.
        wavelength: pixels, at the middle of the band.
        orientation: of the lines, one of ACROSS, or ``""`` for none.

    Returns:
        ``(height, width)``, mean 0, standard deviation 1 (all 0 where nothing is in the band).
    """
    squared = noise.right**2 + noise.down**2
    squared[0, 0] = 1
    gain = np.exp(-((np.log2(squared * wavelength**2) / 2) ** 2) / (2 * _OCTAVES**2))
    if orientation:
        right, down = ACROSS[orientation]
        along_squared = 1 - (noise.right * right + noise.down * down) ** 2 / squared
        gain *= np.exp(-along_squared / (2 * _SPREAD**2))
    gain[0, 0] = 0
    rows, columns = noise.down.size, _smooth_length(noise.width)
    whole = np.fft.irfft2(noise.coefficients * gain, (rows, columns))
    field = whole[: noise.height, : noise.width].astype(np.float32)
    field -= field.mean()
    deviation = float(field.std())
    return np.asarray(field / deviation if deviation > 1e-6 else 0 * field, np.float32)


def _smooth_length(length: int) -> int:
    """Give the smallest length from ``length`` on whose only prime factors are 2, 3 and 5."""
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 1
