"""Polylines as bits: chains of steps on a lattice, coded with trained contexts.

No two paths share a node. A stream holds, all by one range coder:

1. how many paths there are: the number's length in bits by a tree of 16 models, then its lower bits;
2. in raster order of the lattice, for each node that no path has visited, whether a path starts there.
   With ``n`` paths and ``m`` such nodes still to come the chance is n w / (n w + 16 (m - n)), where the
   weight ``w`` is trained by how many of the node's neighbours are blocked (visited, or outside);
3. right after a start, the path: before each step whether it ends; the first step as one of the free
   directions, any other as a turn of up to three eighths. What is blocked is never coded; a path that
   has nowhere to go ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from promptcodec.entropy.bits import Model, Reader, Writer, tree
from promptcodec.entropy.rangecoder import BIT_ONE
from promptcodec.errors import BitstreamError
from promptcodec.layers.structure.lattice import STEPS, Path

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
        bits: all models, in LAYOUT's order; what follows are the numbers of the first of each group.
        number: tree of the bit length of the number of paths, the models themselves.
        end: whether a path ends, by grid, length so far and which of the three nodes ahead are free.
        blocked: where not all three are free; by grid, those three and how many of the last two steps
            turned: no turn, to the side of the last turn, more than one eighth, three.
        sizes: where all are free, by grid, slant and the last two turns: the last two of these questions.
        turns: likewise, and by the signs of the four turns before: the first two of them.
    """

    def __init__(
        self, weights: Sequence[int], directions: Sequence[int], bits: Sequence[Model] | Mapping[int, Model]
    ) -> None:
        self.weights, self.directions = weights, directions
        self.bits = bits
        offsets = []
        at = 0
        for digits, kinds in LAYOUT:
            offsets.append(at)
            at += math.prod(digits) * kinds
        number, self.end, self.blocked, self.sizes, self.turns = offsets
        self.number = [bits[number + node] for node in range(1 << NUMBER_BITS)]

    def some(self, at: int, count: int) -> list[Model]:
        """Give ``count`` models from the one numbered ``at`` on."""
        return [self.bits[number] for number in range(at, at + count)]


class Symbols(Protocol):
    """What a walk over the lattice asks for: the same walk writes, reads and trains."""

    def bit(self, model: Model, value: int) -> int:
        """Code a bit with a model."""
        ...

    def start(self, kind: int, one: int, value: int) -> int:
        """Code whether a path starts, a chance of ``one`` in BIT_ONE."""
        ...

    def direction(self, sizes: Sequence[int], value: int) -> int:
        """Code which of the directions is taken; ``sizes`` are their frequencies."""
        ...


class Writing(Writer):
    """Write the symbols."""

    def start(self, kind: int, one: int, value: int) -> int:
        """Write a start."""
        self.encoder.encode_bit(value, one)
        return value

    def direction(self, sizes: Sequence[int], value: int) -> int:
        """Write a direction."""
        self.encoder.encode(sum(sizes[:value]), sizes[value], sum(sizes))
        return value


class Reading(Reader):
    """Read the symbols."""

    def start(self, kind: int, one: int, value: int) -> int:
        """Read a start."""
        return self.decoder.decode_bit(one)

    def direction(self, sizes: Sequence[int], value: int) -> int:
        """Read a direction."""
        target = self.decoder.target(sum(sizes))
        below = 0
        for found, size in enumerate(sizes):  # noqa: B007
            if target < below + size:
                break
            below += size
        self.decoder.take(below, size, sum(sizes))
        return found


def code(  # noqa: C901 - a walk over the lattice
    symbols: Symbols, models: Models, shape: tuple[int, int], grid: int, paths: Sequence[Path] = ()
) -> list[Path]:
    """Write or read all paths; they come back in the order of their starts.

    Args:
        symbols: what writes or reads.
        models: fresh ones.
        shape: rows and columns of the lattice.
        grid: 2 or 3, a context.
        paths: what to write: no node twice, none outside.
    """
    rows, columns = shape
    # One line of blocked nodes around the lattice.
    across = columns + 2
    blocked = bytearray(b"\1" * across * (rows + 2))
    for row in range(1, rows + 1):
        blocked[row * across + 1 : row * across + 1 + columns] = bytes(columns)
    by_start = {(path.start[0] + 1) * across + path.start[1] + 1: path for path in paths}
    moves = [down * across + right for down, right in STEPS]
    left = _number(symbols, models, len(by_start))
    found: list[Path] = []
    ahead = rows * columns
    for row in range(1, rows + 1):
        if not left:
            break
        for at in range(row * across + 1, row * across + 1 + columns):
            if blocked[at]:
                continue
            if left > ahead:
                raise BitstreamError("a structure layer has more lines than places")
            kind = sum([blocked[at + move] for move in moves])
            weight = left * models.weights[kind]
            one = BIT_ONE * weight // (weight + WEIGHT_ONE * (ahead - left))
            ahead -= 1
            path = by_start.get(at)
            if left <= ahead and not symbols.start(
                kind, min(max(one, 1), BIT_ONE - 1), int(path is not None)
            ):
                continue
            left -= 1
            blocked[at] = 1
            steps = _walk(symbols, models, blocked, moves, at, grid, path.steps if path else ())
            place = at
            for step in steps:
                place += moves[step]
                ahead -= place > at
            found.append(Path((row - 1, at % across - 1), steps))
            if not left:
                break
    if left:
        raise BitstreamError("a structure layer has more lines than places")
    return found


def _number(symbols: Symbols, models: Models, value: int) -> int:
    length = tree(symbols, models.number, NUMBER_BITS, value.bit_length())
    if not length:
        return 0
    number = 1
    for shift in range(length - 2, -1, -1):
        number = number << 1 | symbols.bit(Model(), value >> shift & 1)
    return number


def _walk(
    symbols: Symbols,
    models: Models,
    blocked: bytearray,
    moves: Sequence[int],
    at: int,
    grid: int,
    given: tuple[int, ...],
) -> tuple[int, ...]:
    """Write or read the steps of a path from ``at`` and block its nodes."""
    steps: list[int] = []
    coarse = int(grid > 2)
    # The last two turns as -2..2, those before as signs; ``side`` is the last turn's sign.
    recent = [0, 0, 0, 0, 0, 0]
    side = 1
    while True:
        writing = len(steps) < len(given)
        if not steps:
            free = [direction for direction in range(8) if not blocked[at + moves[direction]]]
            front = min(len(free), FRONTS - 1)
            if not free:
                break
        else:
            heading = steps[-1]
            open_ = [not blocked[at + moves[(heading + turn) & 7]] for turn in (0, 1, 2, 3, -3, -2, -1)]
            if not any(open_):
                break
            front = open_[side] << 2 | open_[0] << 1 | open_[-side]
        end = models.bits[models.end + (coarse * LENGTHS + min(len(steps), LENGTHS - 1)) * FRONTS + front]
        if symbols.bit(end, int(not writing)):
            break
        if not steps:
            sizes = [models.directions[direction] for direction in free]
            step = free[symbols.direction(sizes, free.index(given[0]) if writing else 0)]
        else:
            wanted = ((given[len(steps)] - heading + 4) & 7) - 4 if writing else 0
            turn = _turn(symbols, models, open_, (coarse, heading & 1, front), recent, side, wanted)
            step = (heading + turn) & 7
            recent = [max(-2, min(2, turn)), *recent[:-1]]
            if turn:
                side = 1 if turn > 0 else -1
        at += moves[step]
        blocked[at] = 1
        steps.append(step)
    return tuple(steps)


def _turn(
    symbols: Symbols,
    models: Models,
    open_: Sequence[bool],
    where: tuple[int, int, int],
    recent: Sequence[int],
    side: int,
    wanted: int,
) -> int:
    """Write or read a turn of -3..3; ``open_[turn]`` says whether its node is free."""
    coarse, slanted, front = where
    if front == FRONTS - 1:
        # Mirrored so that the last turn was positive: half the contexts.
        mirrored = [side * turn for turn in recent]
        index = coarse * 2 + slanted
        for turn in mirrored[:2]:
            index = index * 5 + turn + 2
        sizes = models.some(models.sizes + index * 2, 2)
        for turn in mirrored[2:]:
            index = index * 3 + (turn > 0) - (turn < 0) + 1
        bits = [*models.some(models.turns + index * 2, 2), *sizes]
    else:
        index = (coarse * FRONTS + front) * 3 + (recent[0] != 0) + (recent[1] != 0)
        bits = models.some(models.blocked + index * 4, 4)
    rest = any(open_[1:])
    if open_[0] and (not rest or symbols.bit(bits[0], int(wanted == 0))):
        return 0
    same = [open_[side * size] for size in (1, 2, 3)]
    other = [open_[-side * size] for size in (1, 2, 3)]
    both = any(same) and any(other)
    keeps = symbols.bit(bits[1], int(wanted * side > 0)) if both else int(any(same))
    free = same if keeps else other
    size = 1
    while size < 3 and any(free[size:]):
        if free[size - 1] and not symbols.bit(bits[1 + size], int(abs(wanted) > size)):
            break
        size += 1
    return size * (side if keeps else -side)
