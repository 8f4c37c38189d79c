"""The colour map by coder 1: its content, what its samples show, and the picture it draws."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np

from .coder import Decoder, Tables, encode, need
from .texture import Array, Reader, log8

AREAS, GROUPS = (6, 12, 24, 48, 80, 120, 176, 260, 380, 550), (4, 8, 12, 16, 24)
AROUND = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1)]
NEAR = ((0, -1), (-1, 0), (-1, -1), (-1, 1), (0, -2), (-2, 0))
PAD, TOTAL = 2, 2097663


@dataclass
class Levels:
    """The content of a part, without channels that are not coded."""

    shape: int
    size: int
    quality: int
    count: int
    levels: list[list[list[int]]]


class Table:
    """texture-2."""

    def __init__(self, tables: Tables) -> None:
        reader = Reader(tables.content("texture-2"))
        take = reader.take
        self.logistic, self.rates = logistic(take("<u2", 161).tolist()), take("<i4", 209).tolist()
        self.shapes, self.sizes = take("u1", 25).tolist(), take("u1", 24, 10).tolist()
        self.qualities, self.counts = take("u1", 10, 45).tolist(), take("u1", 45, 17).tolist()
        self.groups, b = [], 0
        for o in GROUPS:
            kinds = {"Q": ("<i4", 6, 64), "b1": ("<i4", 64), "B": ("<i2", 9 * 2 * b, 64), "N": ("<i2", 6 * 2 * o, 64),
                     "M": ("<i2", 6 * o, o), "W2": ("<i2", 64, 64), "b2": ("<i4", 64), "W3": ("<i2", 64, 2 * o),
                     "b3": ("<i4", 2 * o)}
            self.groups.append({key: take(*kind) for key, kind in kinds.items()})
            b += o
        self.steps, self.coarse = take("<i4", 45).tolist(), take("<i2", 9, 64, 48)
        self.ground = take("<i2", 48)
        need(reader.at == len(reader.data), "the length of texture-2")

    def bounds(self, mean: int, scale: int) -> list[int]:
        """Where the shares of -255 to 255 begin, and the total."""
        v, rate = np.arange(-255, 255), self.rates[scale + 96]
        upper = self.logistic[np.clip((256 * v + 128 - mean) * rate >> 14, -2559, 2559) + 2559]
        return (32 * np.array([0, *upper, 65536]) + np.arange(512)).tolist()


def logistic(chances: list[int]) -> Array:
    """P(-2559) to P(2559)."""
    half = [chances[i] + ((chances[i + 1] - chances[i]) * rest >> 4) for i in range(160) for rest in range(16)]
    return np.array([65536 - p for p in half[:0:-1]] + half)


def grid(shape: int, size: int) -> tuple[int, int]:
    """Rows and columns."""
    area, (octaves, quarter) = AREAS[size], divmod(shape - 12, 4)
    a = (65536, 77936, 92682, 110218)[quarter] * area
    a = a << octaves if octaves >= 0 else a >> -octaves
    columns = max(1, isqrt(a >> 8) + 8 >> 4)
    return max(1, (2 * area + columns) // (2 * columns)), columns


def place(quality: int, r: int, c: int, rows: int, columns: int) -> list[int]:
    """The inputs of Q."""
    v, u = (64 * (2 * i - n + 1) // (n - 1) if n > 1 else -64 for i, n in ((r, rows), (c, columns)))
    return [quality, 64, v, v * v >> 6, abs(u), log8(rows * columns) - 40]


def features(values: Array) -> list[int]:
    """The first features of some levels, then the second."""
    sizes = [2 * log8(1 + abs(v)) for v in values.tolist()]
    return [s if v > 0 else -s for s, v in zip(sizes, values.tolist())] + sizes


def decode(data: bytes, tables: Tables) -> Levels:
    """The content of a part behind its coder's byte."""
    need(1 <= len(data) <= 4096, "length of the colour map")
    table, coder, kind = Table(tables), Decoder(data), min(log8(len(data)) // 4, 23)
    shape, size = coder.symbol(table.shapes), coder.symbol(table.sizes[kind])
    quality = coder.symbol(table.qualities[size])
    count = coder.symbol(table.counts[quality])
    rows, columns = grid(shape, size)
    levels = np.zeros((rows + 2 * PAD, columns + 2 * PAD, 64), np.int64)
    before = 0
    for o, group in zip(GROUPS, table.groups):
        coded = min(o, 4 * count - before)
        if coded > 0:
            own = levels[..., before:before + o]
            for r in range(rows):
                for c in range(columns):
                    near = [(r + PAD + y, c + PAD + x) for y, x in NEAR]
                    around = [levels[r + PAD + y, c + PAD + x, :before] for y, x in AROUND]
                    h = np.array(place(quality, r, c, rows, columns)) @ group["Q"] + group["b1"]
                    h = h + np.array([f for one in around for f in features(one)], np.int64) @ group["B"]
                    h = h + np.array([f for at in near for f in features(own[at])]) @ group["N"]
                    h = np.clip(h >> 8, 0, 4095)
                    h = np.clip(h @ group["W2"] + group["b2"] >> 10, 0, 4095)
                    h = h @ group["W3"] + group["b3"]
                    means = (h[:o] >> 8) + (np.concatenate([own[at] for at in near]) @ group["M"] >> 2)
                    scales = np.clip(h[o:] >> 12, -96, 112)
                    for i in range(coded):
                        own[r + PAD, c + PAD, i] = coder.span(table.bounds(int(means[i]), int(scales[i]))) - 255
        before += o
    written = encode(coder.log)
    while not written or min(log8(len(written)) // 4, 23) < kind:
        written += b"\0"
    need(written == data, "not the bytes an encoder writes")
    return Levels(shape, size, quality, count, levels[PAD:-PAD, PAD:-PAD, :4 * count].tolist())


def whole(content: Levels) -> Array:
    """All 64 channels."""
    coded = np.array(content.levels, np.int64)
    return np.concatenate([coded, np.zeros((*coded.shape[:2], 64 - 4 * content.count), np.int64)], -1)


def stretched(lines: Array, wanted: int) -> Array:
    """Lines of values as lines of `wanted`."""
    m = lines.shape[1]
    result = np.zeros((len(lines), wanted), object)
    for j in range(4 * wanted):
        p, f = divmod((2 * j + 1) * m - 4 * wanted, 8 * wanted)
        result[:, j // 4] += lines[:, max(p, 0)] * (8 * wanted - f) + lines[:, min(p + 1, m - 1)] * f
    return result


def samples(content: Levels, rows: int, columns: int, tables: Tables) -> Array:
    """4 rows x 4 columns x 3 bytes."""
    table = Table(tables)
    amplitudes = np.pad(whole(content) * table.steps[content.quality], ((1, 1), (1, 1), (0, 0)))
    high, wide = (n - 2 for n in amplitudes.shape[:2])
    sums = sum(amplitudes[1 + y:1 + y + high, 1 + x:1 + x + wide] @ table.coarse[i] for i, (y, x) in enumerate(AROUND))
    values = (sums + 131072 >> 18) + table.ground
    coarse = values.reshape(high, wide, 4, 4, 3).transpose(0, 2, 1, 3, 4).reshape(4 * high, 4 * wide, 3).astype(object)
    h, w = 4 * rows, 4 * columns
    z = 16 * 32 * h * 32 * w
    planes = [stretched(stretched(coarse[..., n], w).T, h).T for n in range(3)]
    return np.clip(np.stack([(2 * plane + z) // (2 * z) for plane in planes], -1), 0, 255).astype(np.int64)


def canvas(content: Levels, tables: Tables) -> Array:
    """The canvas: 8 rows x 8 columns x 3 pixel levels, neither rounded nor cut."""
    reader = Reader(tables.content("synthesis-1"))
    latents = (whole(content) * Table(tables).steps[content.quality] / 65536).transpose(2, 0, 1)
    d, m, f = (int(n) for n in reader.take("<u2", 3))

    def convolution(picture: Array, outputs: int) -> Array:
        inputs, rows, columns = picture.shape
        weights, biases = reader.take("<f2", outputs, inputs, 3, 3), reader.take("<f2", outputs, 1, 1)
        padded = np.pad(picture, ((0, 0), (1, 1), (1, 1)))
        return biases + sum(np.tensordot(weights[:, :, r, c], padded[:, r:r + rows, c:c + columns], (1, 0))
                            for r in range(3) for c in range(3))

    def expand(picture: Array, side: int) -> Array:
        values, rows, columns = picture.shape
        parts = picture.reshape(values // side ** 2, side, side, rows, columns)
        return parts.transpose(0, 3, 1, 4, 2).reshape(-1, side * rows, side * columns)

    def blocks(s: Array, width: int, count: int) -> Array:
        for _ in range(count):
            inner = np.maximum(convolution(s, width), 0)
            s = s + convolution(inner, width)
        return s

    line = expand(convolution(latents, 192), 8)
    q, one = content.quality, np.ones((1, *latents.shape[1:]))
    inputs = np.concatenate([latents, one * (q - 18) / 18, one, one * 2 ** (q / 8) / 8])
    s = blocks(np.maximum(convolution(inputs, d), 0), d, 2)
    s = blocks(np.maximum(expand(convolution(s, 4 * m), 2), 0), m, 2)
    s = blocks(np.maximum(expand(convolution(s, 4 * f), 2), 0), f, 1)
    s = expand(convolution(s, 12), 2)
    need(reader.at == len(reader.data), "the length of synthesis-1")
    return ((line + s) * 64 + 127.5).transpose(1, 2, 0)
