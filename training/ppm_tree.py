"""Order the tokens so that like ones are neighbours, and split them into a binary tree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NEIGHBOURS = 1200  # the most frequent tokens, as what may stand before and after
_DIMENSIONS = 48
_FEW = 12  # so many tokens stay in the order of the set they were split from


@dataclass(frozen=True)
class Tree:
    """The tree over tokens in their new order.

    Attributes:
        order: the old number of each new one.
        root, left, right: as in ``ppm_tables.Tables``, in new numbers.
    """

    order: NDArray[np.int64]
    root: int
    left: NDArray[np.uint16]
    right: NDArray[np.uint16]


def grow(stream: NDArray[np.int64], size: int) -> Tree:
    """Make the tree from a stream of tokens numbered below ``size``."""
    weights = np.bincount(stream, minlength=size).astype(np.float64)
    points = _points(stream, size, weights)
    weights += 0.25
    left, right = np.zeros(size, np.uint16), np.zeros(size, np.uint16)
    order: list[int] = []
    root = 0
    # Depth first, left first: when a set is taken up, all tokens before it have their places.
    stack: list[tuple[NDArray[np.int64], int, bool]] = [(np.arange(size), 0, False)]
    while stack:
        members, parent, is_right = stack.pop()
        if len(members) == 1:
            order.append(int(members[0]))
            continue
        members, cut = _split(members, points, weights)
        mid = len(order) + cut
        if not parent:
            root = mid
        elif is_right:
            right[parent] = mid
        else:
            left[parent] = mid
        stack += [(members[cut:], mid, True), (members[:cut], mid, False)]
    return Tree(np.array(order), root, left, right)


def _split(
    members: NDArray[np.int64], points: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], int]:
    """Sort along the main direction, and cut where both halves weigh the same."""
    mass, cloud = weights[members], points[members]
    if len(members) > _FEW:
        soft = np.sqrt(mass)  # else the few most frequent tokens alone decide the direction
        centred = (cloud - np.average(cloud, axis=0, weights=soft)) * np.sqrt(soft)[:, None]
        _, vectors = np.linalg.eigh(centred.T @ centred)
        axis = vectors[:, -1]
        axis *= np.sign(axis[np.argmax(np.abs(axis))]) or 1
        members = members[np.argsort(cloud @ axis, kind="stable")]
        mass = weights[members]
    sums = np.cumsum(mass)
    cut = int(np.argmin(np.abs(sums[:-1] - sums[-1] / 2))) + 1
    return members, cut


def _points(stream: NDArray[np.int64], size: int, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place tokens by what stands before and after them: shifted pointwise information, reduced."""
    common = np.argsort(-weights, kind="stable")[:_NEIGHBOURS]
    column = np.full(size, -1)
    column[common] = np.arange(len(common))
    table = np.zeros((size, 2 * len(common)))
    for own, other, shift in ((stream[1:], stream[:-1], 0), (stream[:-1], stream[1:], len(common))):
        known = column[other] >= 0
        np.add.at(table, (own[known], column[other[known]] + shift), 1)
    total = table.sum()
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.where(table > 0, np.log(table / expected), 0)
    information = np.maximum(information, 0)
    _, vectors = np.linalg.eigh(information.T @ information)
    points: NDArray[np.float64] = information @ vectors[:, : -_DIMENSIONS - 1 : -1]
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return points / np.maximum(lengths, 1e-9)
