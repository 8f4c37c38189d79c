"""Samples of more than eight bits, brought to 0..255."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BYTE, WORD = 255.0, 65535.0
FLOATS = (1.0, BYTE, WORD)
"""Where the range of floats may end."""

_ROWS = 256


@dataclass(frozen=True, slots=True)
class Samples:
    """What the samples of a picture mean.

    Attributes:
        ends: where their range may end, from the least; it begins at 0.
        inverted: 0 is white.
    """

    ends: tuple[float, ...]
    inverted: bool = False


PLAIN = Samples((WORD,))
"""As most files of 16 bits have them."""


def to_eight_bits(values: npt.NDArray[np.generic], meaning: Samples) -> npt.NDArray[np.uint8]:
    """Bring samples to 0..255.

    The range ends at the least of the ends that holds all samples, else at the highest sample. It ends at 1
    already where half of the samples above 0 are no more: highlights of a render are cut.

    Args:
        values: at least two dimensions, any numbers; NaN counts as 0.
        meaning: of which ranges.

    Returns:
        The same shape.
    """
    end = meaning.ends[0] if len(meaning.ends) == 1 else _end(values, meaning.ends)
    result = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), _ROWS):  # a strip at a time, in floats
        strip = values[top : top + _ROWS].astype(np.float32)
        np.nan_to_num(strip, copy=False, posinf=end, neginf=0)
        strip *= BYTE / end
        np.clip(strip, 0, BYTE, out=strip)
        if meaning.inverted:
            np.subtract(BYTE, strip, out=strip)
        result[top : top + _ROWS] = np.rint(strip, out=strip)
    return result


def _end(values: npt.NDArray[np.generic], ends: tuple[float, ...]) -> float:
    highest, above, small = 0.0, 0, 0
    for top in range(0, len(values), _ROWS):
        strip = values[top : top + _ROWS].astype(np.float32)
        strip = strip[np.isfinite(strip) & (strip > 0)]
        highest = max(highest, float(strip.max(initial=0)))
        above += strip.size
        small += int(np.count_nonzero(strip <= 1))
    if ends[0] == 1 and 2 * small >= above:
        return 1
    return next((end for end in ends if highest <= end), highest)
