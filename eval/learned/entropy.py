"""Levels of the latents as real bytes: tables of whole numbers, and the range coder of the package.

The tables are whole numbers, but which table a latent takes, and the mean that it is counted from, come out
of float networks. Encoder and decoder agree where these give the same floats: on one machine with one build
of torch, in float32, one picture at a time on one thread, which ``alone`` sees to. On another machine a scale
may fall into the neighbouring table, and all behind it is lost; the checksum then says so.

Source: J. Balle and others, "Variational image compression with a scale hyperprior", 2018 (tables by scale);
J. Balle, N. Johnston, D. Minnen, "Integer networks for data compression with latent-variable models", 2019
(why floats do not agree).
"""

from __future__ import annotations

import functools
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from eval.learned.blocks import Words
from eval.learned.network import GRAIN, HYPER_LARGEST, SMALLEST_SCALE, Codec
from promptcodec.entropy.bitio import BitReader, BitWriter
from promptcodec.errors import EntropyError

Floats = npt.NDArray[np.float64]
TOTAL = 1 << 16
TABLES, LARGEST_SCALE = 64, 64.0
# Deviations that a table reaches; what is further is escaped.
_REACH = 4
_LARGEST = (1 << 15) - 1


@contextmanager
def alone() -> Iterator[None]:
    """Compute on one thread and without slopes, so that equal inputs give equal floats."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(threads)


def encode(codec: Codec, picture: Tensor, words: Words, rate: int, checksum: int) -> tuple[bytes, int]:
    """Code a picture.

    Args:
        codec: the networks, float32, on the processor.
        picture: RGB 0..1, 1 x 3 x rows x columns; GRAIN divides the sides.
        words: of the picture.
        rate: index into LAMBDAS.
        checksum: CRC-32 to go on from.

    Returns:
        The bytes, and the CRC-32 with the levels.
    """
    latents, hyper = codec.analyse(picture, words, torch.tensor([rate]))
    writer = BitWriter()
    levels = _plain(hyper.round().clamp(-HYPER_LARGEST, HYPER_LARGEST))
    for bounds, plane in zip(_hyper_tables(codec, rate), _planes(levels), strict=True):
        for level in plane:
            writer.span(bounds, level + HYPER_LARGEST)
    checksum = _checked(levels, checksum)
    state = codec.start(levels, words)
    slices: list[Tensor] = []
    for slice_ in latents.chunk(codec.shape.slices, 1):
        if slices:
            state = codec.remember(state, slices[-1])
        mean, scale = codec.expect(state, words)
        levels = _plain((slice_ - mean).round().clamp(-_LARGEST, _LARGEST))
        for level, table in zip(levels.int().flatten().tolist(), _chosen(scale), strict=True):
            _write(writer, table, level)
        checksum = _checked(levels, checksum)
        slices.append(codec.correct(state, levels + mean))
    return writer.finish(), checksum


def decode(
    codec: Codec, data: bytes, words: Words, rate: int, sides: tuple[int, int], checksum: int
) -> tuple[Tensor, int]:
    """Decode what ``encode`` gave; ``sides`` are rows and columns of the picture.

    Returns:
        The picture, not clipped, and the CRC-32 with the levels.

    Raises:
        EntropyError: the bytes are damaged, or this machine computes other floats than the encoder's.
    """
    rows, columns = (length // GRAIN for length in sides)
    reader = BitReader(data)
    planes = [
        [reader.span(bounds) - HYPER_LARGEST for _ in range(rows * columns)]
        for bounds in _hyper_tables(codec, rate)
    ]
    levels = torch.tensor(planes, dtype=torch.float32).reshape(1, -1, rows, columns)
    checksum = _checked(levels, checksum)
    state = codec.start(levels, words)
    slices: list[Tensor] = []
    for _ in range(codec.shape.slices):
        if slices:
            state = codec.remember(state, slices[-1])
        mean, scale = codec.expect(state, words)
        values = [_read(reader, table) for table in _chosen(scale)]
        levels = torch.tensor(values, dtype=torch.float32).reshape(mean.shape)
        checksum = _checked(levels, checksum)
        slices.append(codec.correct(state, levels + mean))
    reader.close()
    return codec.synthesise(torch.cat(slices, 1), words, torch.tensor([rate])), checksum


def padded(picture: Tensor) -> Tensor:
    """Repeat the last row and column until GRAIN divides the sides."""
    rows, columns = picture.shape[-2:]
    return functional.pad(picture, (0, -columns % GRAIN, 0, -rows % GRAIN), "replicate")


def bounds_of(chances: Floats) -> list[list[int]]:
    """Round chances to whole numbers of at least 1 with the sum TOTAL.

    Args:
        chances: a row for each table, each of the sum 1.

    Returns:
        For each table where each symbol starts, and TOTAL.
    """
    symbols = chances.shape[1]
    below = np.concatenate((np.zeros((len(chances), 1)), chances.cumsum(1)), 1)
    return (np.rint(below * (TOTAL - symbols)).astype(np.int64) + np.arange(symbols + 1)).tolist()


@functools.cache
def latent_tables() -> tuple[list[float], list[list[int]]]:
    """Give the scales between two tables, and the tables.

    Symbol 0 is level 0, then come 1, -1, 2, -2 and so on; the last stands for all that is further away.
    """
    step = math.log(LARGEST_SCALE / SMALLEST_SCALE) / (TABLES - 1)
    between = [SMALLEST_SCALE * math.exp(step * (place + 0.5)) for place in range(TABLES - 1)]
    tables = []
    for place in range(TABLES):
        scale = SMALLEST_SCALE * math.exp(step * place)
        reach = math.ceil(_REACH * scale) + 1

        def beyond(edge: float, scale: float = scale) -> float:
            return math.erfc(edge / (scale * math.sqrt(2))) / 2

        sizes = [beyond(size - 0.5) - beyond(size + 0.5) for size in range(reach + 1)]
        chances = [sizes[0], *(size for size in sizes[1:] for _ in range(2)), 2 * beyond(reach + 0.5)]
        tables += bounds_of(np.array([chances]))
    return between, tables


def _hyper_tables(codec: Codec, rate: int) -> list[list[int]]:
    """Give the tables of the hyper latents, one for each channel."""
    weight, place, width = codec.prior[rate].detach().double().numpy().transpose(1, 0, 2)[:, :, None]
    shares = np.exp(weight - weight.max(-1, keepdims=True))
    edges = np.arange(-HYPER_LARGEST, HYPER_LARGEST + 2)[:, None] - 0.5
    below = 0.5 + 0.5 * np.tanh((edges - place) * np.exp(-width) / 2)
    chances = (np.diff(below, axis=1) * shares / shares.sum(-1, keepdims=True)).sum(-1)
    chances += 1e-9
    return bounds_of(chances / chances.sum(1, keepdims=True))


def _chosen(scale: Tensor) -> Iterator[list[int]]:
    between, tables = latent_tables()
    for index in torch.bucketize(scale.flatten(), torch.tensor(between)).tolist():
        yield tables[index]


def _write(writer: BitWriter, bounds: list[int], level: int) -> None:
    symbol, last = 2 * abs(level) - (level > 0), len(bounds) - 2
    if symbol < last:
        writer.span(bounds, symbol)
        return
    writer.span(bounds, last)
    # How far away: Elias gamma code (P. Elias, 1975).
    number = symbol - last + 1
    bits = number.bit_length() - 1
    writer.bypass(bits + 1, 1)
    writer.bypass(bits, number - (1 << bits))


def _read(reader: BitReader, bounds: list[int]) -> int:
    symbol, last = reader.span(bounds), len(bounds) - 2
    if symbol == last:
        bits = 0
        while not reader.bypass(1):
            bits += 1
            if bits > 16:
                raise EntropyError("a level is larger than any that is written")
        symbol += (1 << bits) + reader.bypass(bits) - 1
    return (symbol + 1) // 2 if symbol % 2 else -(symbol // 2)


def _plain(levels: Tensor) -> Tensor:
    """Lay levels out as a decoder's are: convolutions of another layout give other floats."""
    return levels.clone(memory_format=torch.contiguous_format)


def _planes(levels: Tensor) -> list[list[int]]:
    return levels[0].flatten(1).int().tolist()


def _checked(levels: Tensor, checksum: int) -> int:
    return zlib.crc32(levels.flatten().to(torch.int32).numpy().astype("<i4").tobytes(), checksum)
