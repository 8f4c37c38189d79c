"""COCO's seventeen key points: how they hang together, and the chances that says of them.

Chances start from how long limbs are (Winter, "Biomechanics and motor control of human movement",
after Drillis and Contini 1966) and learn from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from promptcodec.entropy.bitio import AdaptiveBit
from promptcodec.entropy.rangecoder import BIT_ONE

JOINTS = 17
STEPS = 256
"""Grid steps in the long side of the picture."""
STATURES = 32

Joint = tuple[int, int, int]
"""Column and row in grid steps, visibility: 0 not labelled, 1 hidden, 2 visible."""

# Joint, joints it may hang on (the first known one counts), distance in hundredths of the stature.
ORDER: tuple[tuple[int, tuple[int, ...], int], ...] = (
    (5, (), 0),
    (6, (5,), 26),
    (11, (5, 6), 29),
    (12, (11, 6, 5), 19),
    (0, (5, 6, 11, 12), 18),
    (1, (0, 5, 6), 3),
    (2, (1, 0, 6, 5), 4),
    (3, (1, 0, 5), 5),
    (4, (2, 0, 3, 6), 5),
    (7, (5, 6, 11), 19),
    (8, (6, 5, 12), 19),
    (9, (7, 5, 11), 15),
    (10, (8, 6, 12), 15),
    (13, (11, 12, 5), 24),
    (14, (12, 11, 6), 24),
    (15, (13, 11, 12), 25),
    (16, (14, 12, 11), 25),
)
LIMBS = (
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (7, 9),
    (6, 8), (8, 10), (0, 1), (0, 2), (1, 3), (2, 4),
)  # fmt: skip
# Chance, in sixteenths, that a magnitude has no more bits, by its bits so far less those of the distance.
_STOPS = ((-3, 1), (-2, 2), (-1, 4), (0, 11), (1, 14))
# Chance in sixteenths that a joint is below the one it hangs on, and right of it, where not 8: people
# stand upright more often than not, and face the camera, so that their left is the picture's right.
_BELOW = {0: 1, 1: 2, 11: 15, 12: 8, 7: 14, 8: 14, 9: 10, 10: 10, 13: 15, 14: 15, 15: 15, 16: 15}
_RIGHT = {6: 4, 12: 4, 2: 4, 3: 13, 4: 3, 7: 12, 8: 4}


class Models:
    """Fresh models of one stream."""

    def __init__(self) -> None:
        self.number = _sixteenths([8, 8, *[12] * 10])
        self.stature = [AdaptiveBit() for _ in range(STATURES)]
        # By joint and the visibility of the joint it hangs on: labelled at all; visible.
        self.labelled = [[_sixteenth(15) for _ in range(3)] for _ in range(JOINTS)]
        self.visible = [[_sixteenth(13) for _ in range(3)] for _ in range(JOINTS)]
        self.nowhere = _sixteenth(15)
        self.root = [_sixteenths([1] * 5 + [4, 6, 9] + [14] * 5) for _ in range(2)]
        self.lower = [_sixteenth(_BELOW.get(joint, 8)) for joint in range(JOINTS)]
        self.right = [_sixteenth(_RIGHT.get(joint, 8)) for joint in range(JOINTS)]
        # By axis and the bits of the distance expected.
        self.sizes = [
            [_sixteenths([_stop(bits - expected) for bits in range(13)]) for expected in range(13)]
            for _ in range(2)
        ]

    def offset(self, known: Mapping[int, Joint], stature: int, hundredths: int) -> list[list[AdaptiveBit]]:
        """Give the models of how far a joint lies from the one it hangs on, across and down.

        Args:
            known: the joints placed so far.
            stature: index into half octaves of grid steps.
            hundredths: of the stature, what is expected.
        """
        if not known:
            return self.root
        # Half octaves: 2 ** (stature / 2) in integers.
        tall = (1 << stature // 2) * (181 if stature & 1 else 128) // 128
        expected = min(12, (tall * hundredths // 100).bit_length())
        return [axis[expected] for axis in self.sizes]


def parent(known: Mapping[int, Joint], joints: Sequence[int]) -> Joint:
    """Give the first of some joints that is known, else the first known joint, else the middle."""
    placed = next((known[joint] for joint in joints if joint in known), None)
    return placed or next(iter(known.values()), (STEPS // 2, STEPS // 2, 0))


def _sixteenth(chance: int) -> AdaptiveBit:
    return AdaptiveBit(BIT_ONE * chance // 16, 3)


def _sixteenths(values: Sequence[int]) -> list[AdaptiveBit]:
    return [_sixteenth(value) for value in values]


def _stop(excess: int) -> int:
    return dict(_STOPS)[max(-3, min(1, excess))]
