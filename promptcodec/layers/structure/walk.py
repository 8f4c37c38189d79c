"""What is known of a lattice while its paths are coded: writer and reader keep the same state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from promptcodec.entropy.rangecoder import BIT_ONE
from promptcodec.errors import BitstreamError
from promptcodec.layers.structure.chain_models import FRONTS, WEIGHT_ONE
from promptcodec.layers.structure.lattice import STEPS, turn


class Nodes:
    """The nodes of a lattice, row by row, with a line of blocked ones around.

    Attributes:
        blocked: whether a path has visited a node, or it lies outside.
        near: how many of a node's neighbours are blocked.
        moves: how far it is to the neighbour in each of the eight directions.
        left: how many paths are still to start.
        ahead: how many nodes that no path has visited are still to come.
    """

    def __init__(self, shape: tuple[int, int], left: int) -> None:
        self._rows, self._columns = shape
        self._across = self._columns + 2
        self.moves = [down * self._across + right for down, right in STEPS]
        blocked, near = _unvisited(*shape)
        self.blocked, self.near = bytearray(blocked), bytearray(near)
        self.left = left
        self.ahead = self._rows * self._columns

    def index(self, place: tuple[int, int]) -> int:
        """Give where the node at a row and a column stands."""
        return (place[0] + 1) * self._across + place[1] + 1

    def block(self, at: int) -> None:
        """Visit a node."""
        near = self.near
        self.blocked[at] = 1
        for move in self.moves:
            near[at + move] += 1

    def place(self, at: int) -> tuple[int, int]:
        """Undo ``index``."""
        return at // self._across - 1, at % self._across - 1

    def starts(self, weights: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Give each node where a path may start, and the chance that one does, until all have.

        Whoever asks walks a path that starts at a node before asking for the next.

        Args:
            weights: of a start by the number of neighbours that are blocked, in WEIGHT_ONE.

        Yields:
            a node and a chance in BIT_ONE, which is BIT_ONE itself where a path must start.

        Raises:
            BitstreamError: there are fewer places than paths.
        """
        near, find = self.near, self.blocked.find
        at = find(0)
        while self.left:
            left, others = self.left, self.ahead - self.left
            if others < 0:
                raise BitstreamError("a structure layer has more lines than places")
            weight = left * weights[near[at]]
            one = BIT_ONE * weight // (weight + WEIGHT_ONE * others)
            self.ahead -= 1
            yield at, min(max(one, 1), BIT_ONE - 1) if others else BIT_ONE
            at = find(0, at + 1)


@lru_cache(maxsize=8)
def _unvisited(rows: int, columns: int) -> tuple[bytes, bytes]:
    """Give which nodes of a lattice are blocked, and how many beside each, before there is a path."""
    blocked = np.pad(np.zeros((rows, columns), np.uint8), 1, constant_values=1)
    padded = np.pad(blocked, 1)
    beside = (padded[1 + down :, 1 + right :][: rows + 2, : columns + 2] for down, right in STEPS)
    near: npt.NDArray[np.uint8] = sum(beside, np.zeros_like(blocked))
    return blocked.tobytes(), near.tobytes()


class Walk:
    """A path while it is coded.

    Attributes:
        steps: those taken so far.
        free: whether it may go on in each of the eight directions.
        front: how many directions are free at the start, later which of the three nodes ahead.
        recent: the last six turns, clipped to -2..2, the newest first.
        side: 1 or -1, the sign of the last turn that was not straight on.
    """

    def __init__(self, nodes: Nodes, start: int) -> None:
        self._nodes = nodes
        self._start = self._at = start
        self.steps: list[int] = []
        self.recent = [0, 0, 0, 0, 0, 0]
        self.side = 1
        nodes.left -= 1
        self._block()

    def _block(self) -> None:
        blocked, at = self._nodes.blocked, self._at
        self._nodes.block(at)
        self.free = free = [not blocked[at + move] for move in self._nodes.moves]
        if self.steps:
            heading, side = self.steps[-1], self.side
            self.front = free[heading + side & 7] << 2 | free[heading] << 1 | free[heading - side & 7]
        else:
            self.front = min(sum(free), FRONTS - 1)

    def go(self, step: int) -> None:
        """Take a step."""
        if self.steps:
            by = turn(self.steps[-1], step)
            self.recent = [max(-2, min(2, by)), *self.recent[:-1]]
            if by:
                self.side = 1 if by > 0 else -1
        self.steps.append(step)
        self._at += self._nodes.moves[step]
        self._nodes.ahead -= self._at > self._start
        self._block()

    def beside(self) -> tuple[list[bool], list[bool]]:
        """Give which turns of one, two and three eighths are free: to the side, and to the other."""
        heading, side, free = self.steps[-1], self.side, self.free
        return (
            [free[heading + side * size & 7] for size in (1, 2, 3)],
            [free[heading - side * size & 7] for size in (1, 2, 3)],
        )
