"""The model of quantised picture frequencies: which whole number stands where, and how likely.

A small network of whole numbers looks at the magnitudes coded so far around a frequency, at the
other planes there, and at where it is; it gives the chances of three bits: is the level other
than zero, is it more than one, is it more than two. Everything that decides a bit is integer
arithmetic on the table ``texture-1``; the layout of features and table is docs/format.md.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec.layers.texture.dct.frequencies import ACROSS, BESIDE, NEAR, PLACE, Ints, Region
from promptcodec.layers.texture.dct.model import (
    ESCAPE_BITS,
    FEATURES,
    HIDDEN,
    LOGIT_LIMIT,
    MAGNITUDE,
    PARTS,
    PLANES,
    STEP,
    Tables,
    amplitude,
)

Array = npt.NDArray[np.generic]
MAGNITUDES = np.array(MAGNITUDE, np.int32)


class Field:
    """The magnitudes known so far, of several codings of a picture at once.

    Attributes:
        planes: ``(PLANES, many, cells)`` of MAGNITUDE, with PAD cells of zero all around.
        sums: ``(PLANES, many, diagonals + 1)`` running sums over diagonals; entry d + 1 is up to d.
    """

    def __init__(self, area: Region, many: int = 1) -> None:
        self.planes = np.zeros((PLANES, many, area.cells), np.int32)
        self.sums = np.zeros((PLANES, many, area.across + area.down + 1), np.int32)


def features(field: Field, area: Region, plane: int, start: int, end: int, steps: Ints) -> Ints:
    """Give what the network looks at, for frequencies start..end-1 of one half diagonal.

    Args:
        field: everything coded before.
        area: the frequencies.
        plane: 0..2.
        start: first index.
        end: one behind the last.
        steps: ``(many,)`` step indices.

    Returns:
        ``(many, end - start, FEATURES[plane])``.
    """
    many = steps.size
    at = area.at[start:end]
    result = np.empty((many, end - start, FEATURES[plane]), np.int32)
    result[..., :PLACE] = area.place[start:end]
    result[..., 0] = 2 * steps[:, None]
    odd = area.place[start, 6]
    d = int(area.diagonal[start])
    own = field.sums[plane]
    for index, back in enumerate((3, 8)):
        reach = min(d, back)
        result[..., PLACE + index] = (4 * (own[:, d] - own[:, d - reach]) // (reach * d))[:, None]
    column = PLACE + 2
    known = field.planes[plane]
    near, beside, across = area.offsets
    result[..., column : column + len(NEAR)] = known[:, at[:, None] + near]
    column += len(NEAR)
    result[..., column : column + len(BESIDE)] = known[:, at[:, None] + beside] if odd else 0
    column += len(BESIDE)
    for other in range(plane):
        seen = field.planes[other][:, at[:, None] + across]
        result[..., column : column + len(ACROSS)] = seen
        column += len(ACROSS)
        result[..., column] = seen.sum(-1) // 8
        column += 1
    return result


def learn(field: Field, area: Region, plane: int, start: int, end: int, levels: Ints) -> None:
    """Enter the levels ``(many, end - start)`` of a half diagonal into the field."""
    magnitudes = MAGNITUDES[np.minimum(np.abs(levels), 255)]
    field.planes[plane][:, area.at[start:end]] = magnitudes
    d = int(area.diagonal[start])
    total = magnitudes.sum(-1)
    if not area.place[start, 6]:
        field.sums[plane][:, d + 1] = field.sums[plane][:, d] + total
    elif start and area.diagonal[start - 1] == d:
        field.sums[plane][:, d + 1] += total
    else:
        field.sums[plane][:, d + 1] = field.sums[plane][:, d] + total


def escape_class(seen: Ints) -> Ints:
    """Give 0, 1 or 2 by the larger of the two nearest magnitudes, from features ``(..., n)``."""
    nearest = seen[..., PLACE + 2 : PLACE + 4].max(-1)
    return np.asarray((nearest >= 32).astype(np.int32) + (nearest >= 54), np.int32)


def amplitudes(sizes: Ints, plane: int, steps: Ints, shifts: Ints) -> Ints:
    """Give what magnitudes ``(..., many, n)`` stand for, in 1/64 of a pixel level."""
    shift = np.concatenate([[0], shifts[plane]])[np.minimum(sizes, 3)]
    step = np.array(STEP, np.int32)[steps][:, None]
    return np.asarray(amplitude(sizes, shift, step), np.int32)


@dataclass(frozen=True, slots=True)
class Net:
    """Weights of one plane's network: three layers of weights and biases, 1/32 per input unit."""

    weights: tuple[Ints, Ints, Ints]
    biases: tuple[Ints, Ints, Ints]


def logits(net: Net, seen: Ints) -> Ints:
    """Give three logits in 1/LOGIT_ONE for each row of features: ``(..., 3)``."""
    hidden = seen
    for weights, bias in zip(net.weights[:2], net.biases[:2], strict=True):
        # np.clip does the same, and takes most of the time here for its checks.
        hidden = np.minimum(np.maximum((hidden @ weights + bias) >> 6, 0), 1023)
    last = (hidden @ net.weights[2] + net.biases[2]) >> 3
    return np.asarray(np.minimum(np.maximum(last, -LOGIT_LIMIT), LOGIT_LIMIT), np.int32)


@dataclass(frozen=True, slots=True)
class Arrays:
    """Tables as numpy calculates with them: as ``Tables`` has them, ``escapes`` and ``shifts`` in rows."""

    chances: Ints
    nets: tuple[Net, ...]
    escapes: Ints
    shifts: Ints


@functools.lru_cache(maxsize=2)
def arrays(tables: Tables) -> Arrays:
    """Give tables as arrays."""
    nets = []
    for count, parts in zip(FEATURES, tables.nets, strict=True):
        sizes = itertools.pairwise((count, *HIDDEN, 3))
        first, second, third = (
            np.array(part).reshape(size) for part, size in zip(parts[::2], sizes, strict=True)
        )
        one, two, three = map(np.array, parts[1::2])
        nets.append(Net((first, second, third), (one, two, three)))
    escapes = np.array(tables.escapes).reshape(-1, ESCAPE_BITS)
    return Arrays(np.array(tables.chances), tuple(nets), escapes, np.array(tables.shifts))


def pack(parts: dict[str, Array], nets: list[list[Array]]) -> bytes:
    """Write a table file's content: what ``unpack`` reads, nets as weights and biases in turn."""
    data = b"".join(
        np.asarray(parts[name]).astype(f"<{kind}").tobytes() for name, (*_, kind) in PARTS.items()
    )
    for net in nets:
        for index, array in enumerate(net):
            data += np.asarray(array).astype("<i2" if index % 2 else "i1").tobytes()
    return data
