"""Curves to paths on the lattice: of all paths along a curve, the one that is cheapest to code.

Source of the idea: Katsaggelos, Kondi, Meier, Ostermann and Schuster, "MPEG-4 and rate-distortion-based
shape-coding techniques", Proc. IEEE 1998; here the vertices are those of a chain code.
"""

from __future__ import annotations

from promptcodec.layers.structure.encoder.contours import Curve
from promptcodec.layers.structure.lattice import STEPS, Path, shape

# Rough bits of a step by its turn in eighths of a circle, and of a curve without its steps.
TURN_BITS = (0.75, 1.9, 4.5, 8.0, 12.0)
CURVE_BITS = 12.0


def fit(  # noqa: C901, PLR0912 - one dynamic programme
    curve: Curve, near: list[list[bool]], grid: int, penalty: float
) -> tuple[Path, int]:
    """Find the path along a curve that costs least.

    Args:
        curve: (n, 2) pixels.
        near: whether a pixel lies within one pixel of the truth, as rows.
        grid: pixels per lattice step.
        penalty: bits a pixel is worth that is missed, or drawn away from the truth.

    Returns:
        the path, and how many pixels of the curve it misses.
    """
    points = [tuple(point) for point in curve.tolist()]
    rows, columns = len(near), len(near[0])
    limit = shape((rows, columns), grid)
    count, half, reach = len(points), grid // 2, 2 * grid
    options = [_near_nodes(point, grid, limit) for point in points]
    # best[i][node, direction] = (cost, pixels missed, previous key)
    best: list[dict[tuple[int, int, int], tuple[float, int, tuple[int, tuple[int, int, int]] | None]]]
    best = [{} for _ in points]
    final: tuple[float, int, tuple[int, tuple[int, int, int]]] | None = None
    for at in range(count):
        table = best[at]
        if at <= reach:
            for down, right in options[at]:
                table.setdefault((down, right, -1), (penalty * at, at, None))
        for key, (cost, missed, _) in table.items():
            ended = cost + penalty * (count - 1 - at)
            if final is None or ended < final[0]:
                final = (ended, missed + count - 1 - at, (at, key))
            down, right, heading = key
            for turn in range(-3, 4) if heading >= 0 else range(8):
                step = (heading + turn) & 7 if heading >= 0 else turn
                by, to = STEPS[step]
                node = (down + by, right + to)
                goals = [
                    later for later in range(at + 1, min(count, at + reach + 1)) if node in options[later]
                ]
                if not goals:
                    continue
                base = cost + TURN_BITS[abs(turn) if heading >= 0 else 0]
                pixel = (down * grid + half, right * grid + half)
                for part in range(1, grid):
                    y, x = pixel[0] + part * by, pixel[1] + part * to
                    if not near[min(y, rows - 1)][min(x, columns - 1)]:
                        base += penalty
                lost = 0
                following = at + 1
                for goal in goals:
                    while following < goal:
                        lost += _far(points[following], pixel, by, to, grid)
                        following += 1
                    following = goal + 1
                    total = base + penalty * lost
                    state = (*node, step)
                    known = best[goal].get(state)
                    if known is None or total < known[0]:
                        best[goal][state] = (total, missed + lost, (at, key))
    if final is None:
        return Path((points[0][0] // grid, points[0][1] // grid), ()), count
    back: tuple[int, tuple[int, int, int]] | None = final[2]
    steps = []
    place = final[2][1][:2]
    while back is not None:
        at, key = back
        place = key[:2]
        if key[2] >= 0:
            steps.append(key[2])
        back = best[at][key][2]
    return Path(place, tuple(reversed(steps))), final[1]


def _near_nodes(point: tuple[int, ...], grid: int, limit: tuple[int, int]) -> set[tuple[int, int]]:
    """Give the nodes within one pixel of a point."""
    half = grid // 2
    sides = []
    for value, most in zip(point, limit, strict=True):
        # The last node is drawn at the border where it would lie outside.
        lowest, highest = -((half + 1 - value) // grid), (value + 1 - half) // grid
        fitting = [node for node in range(max(0, lowest), highest + 1) if node < most]
        sides.append(fitting or [min(value // grid, most - 1)])
    return {(down, right) for down in sides[0] for right in sides[1]}


def _far(point: tuple[int, ...], pixel: tuple[int, int], by: int, to: int, grid: int) -> int:
    """Say 1 where a point is more than a pixel away from a step's line."""
    for part in range(grid + 1):
        if abs(pixel[0] + part * by - point[0]) <= 1 and abs(pixel[1] + part * to - point[1]) <= 1:
            return 0
    return 1
