"""The trained models of chains, and which of them a step of a path asks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from promptcodec.entropy.bitio import AdaptiveBit

START_KINDS = 9
LENGTHS = 12
FRONTS = 8
WEIGHT_ONE = 16
NUMBER_BITS = 4


# What the models are, in the table's order: the digits of a context, and how many models each has.
LAYOUT: tuple[tuple[tuple[int, ...], int], ...] = (
    ((2,) * NUMBER_BITS, 1),
    ((2, LENGTHS, FRONTS), 1),
    ((2, FRONTS, 3), 4),
    ((2, 2, 5, 5), 2),
    ((2, 2, 5, 5, 3, 3, 3, 3), 2),
)
COUNT = sum(math.prod(digits) * kinds for digits, kinds in LAYOUT)


class Models:
    """All models of one stream.

    Attributes:
        weights: START_KINDS weights of a start, in WEIGHT_ONE.
        directions: 8 frequencies of the first step.
        coarse: 1 on a lattice of 3 pixels a step, 0 on one of 2.
        bits: all models, in LAYOUT's order; what follows are the numbers of the first of each group.
        number: tree of the bit length of the number of paths, the models themselves.
        end: whether a path ends, by grid, length so far and which of the three nodes ahead are free.
        blocked: where not all three are free; by grid, those three and how many of the last two steps
            turned: no turn, to the side of the last turn, more than one eighth, three.
        sizes: where all are free, by grid, slant and the last two turns: the last two of these questions.
        turns: likewise, and by the signs of the four turns before: the first two of them.
    """

    def __init__(
        self,
        weights: Sequence[int],
        directions: Sequence[int],
        bits: Sequence[AdaptiveBit] | Mapping[int, AdaptiveBit],
        grid: int,
    ) -> None:
        self.weights, self.directions = weights, directions
        self.bits = bits
        self.coarse = int(grid > 2)
        offsets = []
        at = 0
        for digits, kinds in LAYOUT:
            offsets.append(at)
            at += math.prod(digits) * kinds
        number, self.end, self.blocked, self.sizes, self.turns = offsets
        self.number = [bits[number + node] for node in range(1 << NUMBER_BITS)]

    def ending(self, length: int, front: int) -> AdaptiveBit:
        """Give the model of whether a path of ``length`` steps so far ends."""
        at = (self.coarse * LENGTHS + min(length, LENGTHS - 1)) * FRONTS + front
        return self.bits[self.end + at]

    def turning(self, heading: int, front: int, recent: Sequence[int], side: int) -> list[AdaptiveBit]:
        """Give the four models of a turn: straight on, to ``side``, more than one eighth, three.

        Args:
            heading: the last step.
            front: which of the three nodes ahead are free.
            recent: the last six turns, clipped to -2..2, the newest first.
            side: 1 or -1, the sign of the last turn that was not straight on.
        """
        if front < FRONTS - 1:
            at = (self.coarse * FRONTS + front) * 3 + (recent[0] != 0) + (recent[1] != 0)
            return self._some(self.blocked + at * 4, 4)
        # Mirrored so that the last turn was positive: half the contexts.
        mirrored = [side * turn for turn in recent]
        at = self.coarse * 2 + (heading & 1)
        for turn in mirrored[:2]:
            at = at * 5 + turn + 2
        sizes = self._some(self.sizes + at * 2, 2)
        for turn in mirrored[2:]:
            at = at * 3 + (turn > 0) - (turn < 0) + 1
        return [*self._some(self.turns + at * 2, 2), *sizes]

    def _some(self, at: int, count: int) -> list[AdaptiveBit]:
        return [self.bits[number] for number in range(at, at + count)]
