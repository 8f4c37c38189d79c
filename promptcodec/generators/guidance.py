"""How far a generator follows a layer: a rule from the bytes the layer has, the same for every generator.

Few bytes say little. A thumbnail of 30 bytes is right about large colours and wrong about everything else, so
what is drawn starts from nearly pure noise; one of 300 bytes is followed much further. What bytes say is
measured by ``python -m eval guidance`` (docs/guide/providers.md): each doubling of a texture layer's bytes
gains about 1 dB, .8 on Kodak and 1.4 on generated pictures.

That a doubling is worth a twentieth of the noise is a choice, not a measurement: no large model was run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

FIRST_BYTES = 32
FIRST_NOISE, NOISE_PER_DOUBLING = 0.95, 0.05
LEAST_NOISE, MOST_NOISE = 0.3, 1.0
VIVID = 0.4
"""What the whole range of a strength, 0 to 1, adds to the share of noise."""
EDGE_BYTES = 142.0
"""Bytes of contours that carry 1 - 1/e of the gradient on edges: 64 carry .50, 128 .65, 256 .71."""


def noise_share(layer_bytes: Mapping[str, int], strength: float) -> float:
    """Give the share of the noise schedule that a picture is drawn over again: ``strength`` of img2img.

    Args:
        layer_bytes: as of ``Conditions``; the texture's or the coded pixels' bytes count.
        strength: 0 faithful .. 1 vivid.

    Returns:
        LEAST_NOISE .. MOST_NOISE; MOST_NOISE where there is neither.
    """
    size = layer_bytes.get("texture", 0) + layer_bytes.get("pixels", 0)
    if not size:
        return MOST_NOISE
    share = FIRST_NOISE - NOISE_PER_DOUBLING * math.log2(size / FIRST_BYTES) + VIVID * (strength - 0.5)
    return min(max(share, LEAST_NOISE), MOST_NOISE)


def control_weight(layer_bytes: Mapping[str, int], strength: float, *, skeletons: bool = False) -> float:
    """Give the weight of the structure layer as a control picture, 0..1.

    It is the share of the edge gradient that contours of so many bytes carry, less where a vivid picture is
    wanted and more where a faithful one is. Skeletons are whole in however few bytes: the share is all.
    """
    size = layer_bytes.get("structure", 0)
    carried = min(size, 1) if skeletons else 1 - math.exp(-size / EDGE_BYTES)
    return min(carried * (1.2 - 0.4 * strength), 1.0)
