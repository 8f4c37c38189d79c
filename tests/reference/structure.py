"""Contours and poses."""

from __future__ import annotations

import zlib
from typing import Any

from .coder import Decoder, Tables, encode, known, need

DR, DC = (0, 1, 1, 1, 0, -1, -1, -1), (1, 1, 0, -1, -1, -1, 0, 1)
NEAR = ((0, -1), (1, 0), (1, -1), (1, 1), (0, -2), (1, 2), (1, -2), (2, 0),
        (2, -1), (2, 1), (0, -3), (1, 3), (2, 2), (2, -2), (1, -3), (0, -4))
JOINTS = ((5, (), 0, 8, 8), (6, (5,), 26, 4, 8), (11, (5, 6), 29, 8, 15), (12, (11, 6, 5), 19, 4, 8),
          (0, (5, 6, 11, 12), 18, 8, 1), (1, (0, 5, 6), 3, 8, 2), (2, (1, 0, 6, 5), 4, 4, 8), (3, (1, 0, 5), 5, 13, 8),
          (4, (2, 0, 3, 6), 5, 3, 8), (7, (5, 6, 11), 19, 12, 14), (8, (6, 5, 12), 19, 4, 14), (9, (7, 5, 11), 15, 8, 10),
          (10, (8, 6, 12), 15, 8, 10), (13, (11, 12, 5), 24, 8, 15), (14, (12, 11, 6), 24, 8, 15),
          (15, (13, 11, 12), 25, 8, 15), (16, (14, 12, 11), 25, 8, 15))
Models = list[list[int]]


def tree(coder: Decoder, models: Models, bits: int) -> int:
    """A tree of adaptive bits."""
    at = 1
    for _ in range(bits):
        at = 2 * at + coder.adaptive(models[at])
    return at - (1 << bits)


def below(coder: Decoder, length: int) -> int:
    """A number of so many bits, its highest known."""
    value = min(length, 1)
    for _ in range(length - 1):
        value = 2 * value + coder.bit(32768)
    return value


def fresh(count: int) -> Models:
    """Untrained models."""
    return [[32768, 0] for _ in range(count)]


def trained(*ks: int) -> Models:
    """Models of poses."""
    return [[4096 * k, 3] for k in ks]


def decode(data: bytes, width: int, height: int, tables: Tables) -> dict[str, Any]:
    """The value of a structure part."""
    coder, raw = Decoder(data[1:]), zlib.decompress(tables.content("structure-1"))
    need(len(raw) == 17 + 16800 + 65536, "the length of structure-1")
    need(data, "an empty structure part")
    known(data[0] < 192, "structure kind 3")
    need(data[0] <= 128, "structure byte")
    if data[0] == 128:
        result = poses(coder, max(width, height))
    else:
        side = (32, 64, 128, 256)[tree(coder, fresh(4), 2)]
        rows, columns = (side, side * ((data[0] & 31) + 1) // 32)[::1 if data[0] & 32 else -1]
        lines = coder.bit(61440)
        need(lines != data[0] >> 6, "structure byte")
        result = {"kind": "polylines" if lines else "bitmap", "rows": rows, "columns": columns}
        if lines:
            result["grid"] = grid = 3 if coder.bit(57344) else 2
            result["paths"] = Lines(coder, -(-rows // grid), -(-columns // grid), int(grid == 3), raw).read()
        else:
            result["pixels"] = bitmap(coder, rows, columns, [[256 * b + 128, 15] for b in raw[-65536:]])
    need(encode(coder.log) == data[1:], "not the bytes an encoder writes")
    return result


def bitmap(coder: Decoder, rows: int, columns: int, models: Models) -> list[str]:
    """Every pixel, by its context."""
    pixels = [[0] * (columns + 7) for _ in range(rows + 2)]
    for r in range(2, rows + 2):
        for c in range(4, columns + 4):
            context = 0
            for up, right in NEAR:
                context = 2 * context + pixels[r - up][c + right]
            pixels[r][c] = coder.adaptive(models[context])
    return ["".join(map(str, line[4:columns + 4])) for line in pixels[2:]]


class Lines:
    """Paths on a lattice."""

    def __init__(self, coder: Decoder, rows: int, columns: int, three: int, raw: bytes) -> None:
        self.coder, self.rows, self.columns, self.three = coder, rows, columns, three
        self.weights, self.frequencies = raw[:9], raw[9:17]
        models = iter([[256 * b + 128, 15] for b in raw[17:-65536]])
        self.models = [[next(models) for _ in range(n)] for n in (16, 192, 192, 200, 16200)]
        self.open = {(r, c) for r in range(rows) for c in range(columns)}

    def free(self, r: int, c: int, d: int) -> bool:
        """Whether the neighbour in a direction is free."""
        return (r + DR[d % 8], c + DC[d % 8]) in self.open

    def read(self) -> list[dict[str, Any]]:
        """All paths."""
        n = below(self.coder, tree(self.coder, self.models[0], 4))
        paths: list[dict[str, Any]] = []
        passed: set[tuple[int, int]] = set()
        for r, c in sorted(self.open):
            if not n:
                break
            if (r, c) not in self.open:
                continue
            m = len(self.open) - len(passed)
            need(n <= m, "more paths than nodes")
            w = n * self.weights[sum(not self.free(r, c, d) for d in range(8))]
            if n == m or self.coder.bit(max(1, min(65536 * w // (w + 16 * (m - n)), 65535))):
                n -= 1
                paths.append({"start": [r, c], "steps": self.steps(r, c)})
                passed &= self.open
            else:
                passed.add((r, c))
        need(not n, "more paths than nodes")
        return paths

    def steps(self, r: int, c: int) -> list[int]:
        """The steps of a path from its first node."""
        steps: list[int] = []
        turns: list[int] = []
        sign = 1
        while True:
            self.open.discard((r, c))
            if steps:
                around = {i: self.free(r, c, steps[-1] + i * sign) for i in range(-3, 4)}
                flags, some = 4 * around[1] + 2 * around[0] + around[-1], any(around.values())
            else:
                first = [d for d in range(8) if self.free(r, c, d)]
                flags, some = min(len(first), 7), bool(first)
            if not some or self.coder.adaptive(self.models[1][(self.three * 12 + min(len(steps), 11)) * 8 + flags]):
                return steps
            if steps:
                turns.append(self.turn(around, flags, steps[-1], [t * sign for t in turns[:-7:-1]]) * sign)
                sign = turns[-1] // abs(turns[-1]) if turns[-1] else sign
                steps.append((steps[-1] + turns[-1]) % 8)
            else:
                steps.append(first[self.coder.symbol([self.frequencies[d] for d in first])])
            r, c = r + DR[steps[-1]], c + DC[steps[-1]]

    def turn(self, around: dict[int, bool], flags: int, d: int, last: list[int]) -> int:
        """A turn, in units of the sign of the last one."""
        u = [max(-2, min(t, 2)) for t in last] + [0] * (6 - len(last))
        if flags != 7:
            at = 4 * ((self.three * 8 + flags) * 3 + (u[0] != 0) + (u[1] != 0))
            models = self.models[2][at:at + 4]
        else:
            both = sizes = ((self.three * 2 + d % 2) * 5 + u[0] + 2) * 5 + u[1] + 2
            for t in u[2:]:
                both = both * 3 + (t > 0) - (t < 0) + 1
            models = self.models[4][2 * both:2 * both + 2] + self.models[3][2 * sizes:2 * sizes + 2]
        sides = {s: [k for k in (1, 2, 3) if around[s * k]] for s in (1, -1)}
        if around[0] and (not (sides[1] or sides[-1]) or self.coder.adaptive(models[0])):
            return 0
        both_free = sides[1] and sides[-1]
        side = (1 if self.coder.adaptive(models[1]) else -1) if both_free else 1 if sides[1] else -1
        left = sides[side]
        for size, model in ((1, models[2]), (2, models[3])):
            if left[0] == size and len(left) > 1 and self.coder.adaptive(model):
                left = left[1:]
        return side * left[0]


def magnitude(coder: Decoder, stops: Models) -> int:
    """A length in unary, and the bits below the highest."""
    return below(coder, next((i for i, stop in enumerate(stops) if coder.adaptive(stop)), len(stops)))


def poses(coder: Decoder, side: int) -> dict[str, Any]:
    """People and their joints."""
    form = tree(coder, fresh(4), 2)
    number = 1 if form & 2 else magnitude(coder, trained(8, 8, *[12] * 10))
    need(number <= 1023, "too many people")
    statures, nowhere = fresh(32), trained(15)[0]
    labelled, visible = ({(j, v): trained(k)[0] for j in range(17) for v in range(3)} for k in (15, 13))
    signs = {(j[0], axis): trained(j[3 + axis])[0] for j in JOINTS for axis in (0, 1)}
    stops = {(axis, e): trained(*[(1, 2, 4, 11, 14)[max(-3, min(i - e, 1)) + 3] for i in range(13)])
             for axis in (0, 1) for e in range(13)}
    firsts = [trained(1, 1, 1, 1, 1, 4, 6, 9, 14, 14, 14, 14, 14) for _ in (0, 1)]
    people = []
    for _ in range(number):
        a = tree(coder, statures, 5)
        total = (1 << a // 2) * (181 if a % 2 else 128) // 128
        placed: dict[int, list[int]] = {}
        for joint, parents, hundredths, _, _ in JOINTS:
            known = [p for p in parents if p in placed] + list(placed)[:1]
            *place, v = placed[known[0]] if known else (128, 128, 0)
            shown = 1 + coder.adaptive(visible[joint, v]) if coder.adaptive(labelled[joint, v]) else 0
            if not shown and coder.adaptive(nowhere):
                continue
            for axis in (0, 1):
                e = min(12, (total * hundredths // 100).bit_length())
                size = magnitude(coder, stops[axis, e] if placed else firsts[axis])
                if size:
                    place[axis] += size if coder.adaptive(signs[joint, axis]) else -size
            placed[joint] = [*place, shown]
        need(all(map(any, placed.values())), "a joint that is nowhere has a place")
        flat: list[float] = []
        for x, y, v in (placed.get(j, (0, 0, 0)) for j in range(17)):
            flat += [*(round(n * side / 256, 6 if side < 26 else 2) for n in (x, y)), v]
        people.append({"keypoints": flat} if form & 1 else flat)
    return {"kind": "pose", "people": people[0] if form & 2 else people}
