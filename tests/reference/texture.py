"""The colour map: its content, and the picture it draws."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np

from .coder import Decoder, Tables, encode, need

RADII = (*range(11), 12, 14, 16, 18, 20, 23, 26, 30, 34, 40, 46, 54, 64)
NEAR = ((-1, 0), (0, -1), (-2, 1), (1, -2), (-2, 0), (-1, -1), (0, -2), (-3, 1), (1, -3),
        (-3, 0), (-2, -1), (-1, -2), (0, -3), (-4, 0), (-2, -2), (0, -4))
ODD = ((-1, 1), (1, -1), (-3, 3), (3, -3))
EARLIER = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1))
SIDE, PAD = 270, 4
Array = np.ndarray


@dataclass
class ColourMap:
    """The content of a texture part."""

    shape: int
    step: int
    restored: bool
    radii: list[int]
    means: list[int]
    levels: list[list[int]]


class Reader:
    """Takes arrays from a table's content."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, kind: str, *shape: int) -> Array:
        """The next array."""
        array = np.frombuffer(self.data, kind, int(np.prod(shape)), self.at).reshape(shape)
        self.at += array.nbytes
        return array.astype(np.float64 if "f" in kind else np.int64)


class Table:
    """texture-1."""

    def __init__(self, tables: Tables) -> None:
        reader = Reader(tables.content("texture-1"))
        take = reader.take
        self.chances, self.means = take("<u2", 161).tolist(), take("<u2", 3, 64).tolist()
        self.shapes, self.steps = take("u1", 25).tolist(), take("u1", 24, 48).tolist()
        self.radii = [take("u1", n, 24).tolist() for n in (12, 24, 24)]
        self.escapes, self.shifts = take("<u2", 3, 8).tolist(), take("i1", 3, 3).tolist()
        self.networks = [[(take("i1", a, b), take("<i2", b)) for a, b in ((n, 32), (32, 16), (16, 3))]
                         for n in (30, 40, 50)]
        need(reader.at == len(reader.data), "the length of texture-1")

    def three(self, plane: int, features: list[int]) -> list[int]:
        """Three chances, in 1/65536."""
        h = np.array(features, np.int64)
        for weights, biases in self.networks[plane][:2]:
            h = np.clip(h @ weights + biases >> 6, 0, 1023)
        weights, biases = self.networks[plane][2]
        result = []
        for logit in np.clip(h @ weights + biases >> 3, -2559, 2559).tolist():
            i, rest = divmod(abs(logit), 16)
            p = self.chances[i] + ((self.chances[i + 1] - self.chances[i]) * rest >> 4)
            result.append(p if logit >= 0 else 65536 - p)
        return result


def log8(x: int) -> int:
    """The largest k with 2^k <= x^8."""
    return (x ** 8).bit_length() - 1


def quantiser(step: int) -> int:
    """The eighth root of 2^(40 + step), rounded down."""
    return isqrt(isqrt(isqrt(1 << 40 + step)))


def distances(shape: int, u: int, v: int) -> tuple[int, int]:
    """X and Y of a frequency."""
    x, y = ((65536, 77936, 92682, 110218)[q % 4] << 9 >> 9 - q // 4 for q in (12 - shape, shape - 12))
    return u * u * x >> 12, v * v * y >> 12


def order(shape: int, radius: int) -> list[tuple[int, int]]:
    """The frequencies of a plane, as they follow."""
    far = 16 * radius ** 2
    us, vs = ([i for i in range(SIDE) if distances(shape, i, i)[axis] <= far] for axis in (0, 1))
    found = [(u, v) for u in us for v in vs if sum(distances(shape, u, v)) <= far]
    return sorted(found[1:], key=lambda f: (f[0] + f[1], f[1] % 2, f[1]))


def mean_bounds(row: list[int], size: int) -> list[int]:
    """The bounds of the levels of a mean."""
    far, bounds = (16384 + size // 2) // size, []
    for q in range(-far, far + 2):
        amplitude = max(-16384, min(q * size - size // 2, 16384)) + 16384
        c = min(amplitude // 512, 63)
        bounds.append(512 * sum(row[:c]) + row[c] * (amplitude - 512 * c))
    return bounds


def decode(data: bytes, tables: Tables) -> ColourMap:
    """The content of a texture part."""
    need(1 <= len(data) <= 4096, "length of the colour map")
    table, coder, kind = Table(tables), Decoder(data), min(log8(len(data)) // 4, 23)
    shape, step = coder.symbol(table.shapes), coder.symbol(table.steps[kind])
    content = ColourMap(shape, step, bool(coder.bit(63488)), [], [], [])
    context = step // 4
    for plane in range(3):
        context = coder.symbol(table.radii[plane][context])
        content.radii.append(context)
    for plane in range(3):
        bounds = mean_bounds(table.means[plane], quantiser(step))
        content.means.append(coder.span(bounds) - (len(bounds) - 2) // 2)
    planes: list[list[list[int]]] = []
    for plane in range(3):
        content.levels.append(read_plane(coder, table, content, plane, planes))
    written = encode(coder.log)
    while not written or min(log8(len(written)) // 4, 23) < kind:
        written += b"\0"
    need(written == data, "not the bytes an encoder writes")
    return content


def read_plane(coder: Decoder, table: Table, content: ColourMap, plane: int, planes: list[list[list[int]]]) -> list[int]:
    """The levels of a plane; its magnitudes are put behind those of the earlier planes."""
    near, sums, levels = [[0] * SIDE for _ in range(SIDE)], [0] * 2 * SIDE, []
    for u, v in order(content.shape, RADII[content.radii[plane]]):
        d, odd, x, y = u + v, v % 2, u + PAD, v + PAD
        far_x, far_y = distances(content.shape, u, v)
        features = [2 * content.step, *(log8(16 + n) - 32 for n in (far_x, far_y, far_x + far_y)),
                    0 if u else 32, 0 if v else 32, 32 * odd, 32]
        for r in (min(d, 3), min(d, 8)):
            features.append(4 * sum(sums[d - r:d]) // (r * d))
        features += [near[x + a][y + b] for a, b in NEAR] + [near[x + a][y + b] * odd for a, b in ODD]
        for earlier in planes:
            nine = [earlier[x + a][y + b] for a, b in EARLIER]
            features += nine + [sum(nine) // 8]
        chances, level = table.three(plane, features), 0
        if coder.bit(chances[0]):
            negative = coder.bit(32768)
            level = 2 + coder.bit(chances[2]) if coder.bit(chances[1]) else 1
            if level == 3:
                larger, e, level = max(features[10:12]), 0, 1
                while e < 8 and coder.bit(table.escapes[(larger >= 32) + (larger >= 54)][e]):
                    e += 1
                for _ in range(e):
                    level = 2 * level + coder.bit(32768)
                level += 2
            near[x][y] = 2 * log8(1 + min(level, 255))
            sums[d] += near[x][y]
            level = -level if negative else level
        levels.append(level)
    planes.append(near)
    return levels


def amplitudes(content: ColourMap, tables: Tables) -> Array:
    """Amplitudes in 1/64 of a pixel level, by plane, v, u: the coded ones, whole numbers."""
    table, size, result = Table(tables), quantiser(content.step), np.zeros((3, SIDE, SIDE))
    for plane in range(3):
        result[plane, 0, 0] = content.means[plane] * size
        for (u, v), level in zip(order(content.shape, RADII[content.radii[plane]]), content.levels[plane]):
            if level:
                m = abs(level)
                value = (64 * m - table.shifts[plane][min(m, 3) - 1]) * size >> 6
                result[plane, v, u] = value if level > 0 else -value
    return result


def waves(count: int, size: int) -> Array:
    """count x size: the frequencies at the positions."""
    grid = np.cos(np.pi * np.arange(count)[:, None] * (np.arange(size) + 0.5) / size) * np.sqrt(2)
    grid[0] = 1
    return grid


def restore(content: ColourMap, values: Array, tables: Tables) -> Array:
    """Pass the amplitudes through the network."""
    reader = Reader(tables.content("restoration-1"))

    def convolution(picture: Array, outputs: int) -> Array:
        inputs, rows, columns = picture.shape
        weights = reader.take("i1", 3, 3, inputs, outputs)
        scales, biases = reader.take("<f4", 2, outputs, 1, 1)
        padded = np.pad(picture, ((0, 0), (1, 1), (1, 1)))
        return biases + scales * sum(np.tensordot(weights[r, c].astype(float), padded[:, r:r + rows, c:c + columns], (0, 0))
                                     for r in range(3) for c in range(3))

    wide, high = (next(i for i in range(SIDE) if distances(content.shape, i, i)[axis] > 16 * 64 ** 2) // 2 * 2
                  for axis in (0, 1))
    down, across, rows, columns = waves(high, high), waves(wide, wide), high // 2, wide // 2
    drawn = down.T @ (values[:, :high, :wide] / 64 / 48) @ across
    places = drawn.reshape(3, rows, 2, columns, 2).transpose(0, 2, 4, 1, 3).reshape(12, rows, columns)
    scale, one = (content.step - 20) / 8, np.ones((rows, columns))
    row, column = np.linspace(-1, 1, rows)[:, None] * one, np.abs(np.linspace(-1, 1, columns)) * one
    s = np.maximum(convolution(np.stack([*places, one * scale, row, column, one, one * 2 ** scale]), 56), 0)
    for _ in range(4):
        s = s + convolution(np.maximum(convolution(s, 56), 0), 56)
    more = 2 ** scale * convolution(np.maximum(s, 0), 12)
    more = more.reshape(3, 2, 2, rows, columns).transpose(0, 3, 1, 4, 2).reshape(3, high, wide)
    values[:, :high, :wide] += down @ more @ across.T / (high * wide) * 64 * 48
    return values


def picture(content: ColourMap, width: int, height: int, tables: Tables) -> Array:
    """The picture: height x width x 3 bytes."""
    values = amplitudes(content, tables)
    values = restore(content, values, tables) if content.restored else values
    a, b, c = waves(SIDE, height).T @ (values / 64) @ waves(SIDE, width)
    a, b, c = a / np.sqrt(3) + 127.5, b / np.sqrt(2), c / np.sqrt(6)
    return np.clip(np.rint(np.stack([a + b + c, a - 2 * c, a - b + c], -1)), 0, 255).astype(np.uint8)
