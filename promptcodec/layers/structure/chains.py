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

from collections.abc import Sequence

from promptcodec.entropy.bitio import AdaptiveBit, BitReader, SymbolWriter
from promptcodec.entropy.rangecoder import BIT_ONE
from promptcodec.layers.structure.chain_models import NUMBER_BITS, Models
from promptcodec.layers.structure.lattice import Path, turn
from promptcodec.layers.structure.walk import Nodes, Walk


def write(writer: SymbolWriter, models: Models, shape: tuple[int, int], paths: Sequence[Path]) -> None:
    """Write paths, in the order of their starts.

    Args:
        writer: takes the symbols.
        models: fresh ones.
        shape: rows and columns of the lattice.
        paths: no node twice, none outside.
    """
    nodes = Nodes(shape, len(paths))
    _write_number(writer, models, len(paths))
    steps_from = {nodes.index(path.start): path.steps for path in paths}
    for at, one in nodes.starts(models.weights):
        steps = steps_from.get(at)
        if one < BIT_ONE:
            writer.bit(one, steps is not None)
        if steps is not None:
            _write_steps(writer, models, Walk(nodes, at), steps)


def read(reader: BitReader, models: Models, shape: tuple[int, int]) -> list[Path]:
    """Read paths, in the order of their starts; the arguments are those of ``write``.

    Raises:
        BitstreamError: there are more of them than places.
    """
    nodes = Nodes(shape, _read_number(reader, models))
    paths = []
    for at, one in nodes.starts(models.weights):
        if one == BIT_ONE or reader.bit(one):
            paths.append(Path(nodes.place(at), _read_steps(reader, models, Walk(nodes, at))))
    return paths


def _write_number(writer: SymbolWriter, models: Models, number: int) -> None:
    writer.tree(models.number, NUMBER_BITS, number.bit_length())
    if number:
        writer.bypass(number.bit_length() - 1, number)


def _read_number(reader: BitReader, models: Models) -> int:
    length = reader.tree(models.number, NUMBER_BITS)
    return 1 << length - 1 | reader.bypass(length - 1) if length else 0


def _write_steps(writer: SymbolWriter, models: Models, walk: Walk, steps: Sequence[int]) -> None:
    for step in steps:
        writer.adaptive(models.ending(len(walk.steps), walk.front), 0)
        if walk.steps:
            _write_turn(writer, models, walk, turn(walk.steps[-1], step))
        else:
            free = _free(walk)
            writer.symbol([models.directions[way] for way in free], free.index(step))
        walk.go(step)
    if any(walk.free):
        writer.adaptive(models.ending(len(walk.steps), walk.front), 1)


def _read_steps(reader: BitReader, models: Models, walk: Walk) -> tuple[int, ...]:
    while any(walk.free) and not reader.adaptive(models.ending(len(walk.steps), walk.front)):
        if walk.steps:
            step = walk.steps[-1] + _read_turn(reader, models, walk) & 7
        else:
            free = _free(walk)
            step = free[reader.symbol([models.directions[way] for way in free])]
        walk.go(step)
    return tuple(walk.steps)


def _free(walk: Walk) -> list[int]:
    return [way for way in range(8) if walk.free[way]]


def _turning(models: Models, walk: Walk) -> list[AdaptiveBit]:
    return models.turning(walk.steps[-1], walk.front, walk.recent, walk.side)


def _write_turn(writer: SymbolWriter, models: Models, walk: Walk, eighths: int) -> None:
    straight, to_side, *longer = _turning(models, walk)
    side, other = walk.beside()
    if walk.free[walk.steps[-1]] and any(side + other):
        writer.adaptive(straight, eighths == 0)
    if not eighths:
        return
    keeps = eighths * walk.side > 0
    if any(side) and any(other):
        writer.adaptive(to_side, keeps)
    free = side if keeps else other
    for size in range(1, abs(eighths) + 1):
        if free[size - 1] and any(free[size:]):
            writer.adaptive(longer[size - 1], size < abs(eighths))


def _read_turn(reader: BitReader, models: Models, walk: Walk) -> int:
    straight, to_side, *longer = _turning(models, walk)
    side, other = walk.beside()
    if walk.free[walk.steps[-1]] and (not any(side + other) or reader.adaptive(straight)):
        return 0
    keeps = reader.adaptive(to_side) if any(side) and any(other) else any(side)
    free = side if keeps else other
    size = 1
    while any(free[size:]) and (not free[size - 1] or reader.adaptive(longer[size - 1])):
        size += 1
    return size * (walk.side if keeps else -walk.side)
