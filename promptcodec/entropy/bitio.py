"""Symbols into a range coder and out of it: a writer, a reader that mirrors it, and a counter of bits.

``BitWriter.x(model, value)`` writes what ``value = BitReader.x(model)`` reads, for each method ``x``.
``BitCounter`` takes a writer's calls and adds up what they would cost; adaptive bits learn from it as
they do from a writer, so it also teaches models from examples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from promptcodec.entropy.rangecoder import BIT_ONE, Decoder, Encoder
from promptcodec.native import core

HALF = BIT_ONE // 2

_LEAST = 64
"""No bit may cost more than ten bits: a surprise must stay affordable in a stream of 50 bytes."""

RATES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 22, 24)
"""Divisor of the step by how often a bit was used; the last one stays."""


class AdaptiveBit:
    """The chance of one kind of bit, which learns fast at first and slowly later.

    Attributes:
        one: the chance of a 1, in parts of BIT_ONE.
        seen: how often it was used, as far as RATES goes; a trained prior starts above 0.
    """

    __slots__ = ("one", "seen")

    def __init__(self, one: int = HALF, seen: int = 0) -> None:
        self.one = one
        self.seen = seen

    def learn(self, bit: int) -> None:
        """Move towards ``bit``."""
        goal = BIT_ONE - _LEAST if bit else _LEAST
        step = goal - self.one
        # Rounds towards zero on both sides, so that encoder and decoder never depend on the sign rule.
        self.one += abs(step) // RATES[self.seen] * (1 if step > 0 else -1)
        self.seen = min(self.seen + 1, len(RATES) - 1)


class BitTree(Protocol):
    """Adaptive bits by the node of a binary tree: 1 is the root, below node n are 2n and 2n + 1."""

    def __getitem__(self, node: int, /) -> AdaptiveBit:
        """Give the bit of a node."""
        ...


class SymbolWriter(Protocol):
    """What takes symbols: a ``BitWriter``, or a ``BitCounter``."""

    def bit(self, one: int, value: int) -> None:
        """Take a bit whose chance of being 1 is ``one`` in BIT_ONE."""
        ...

    def adaptive(self, model: AdaptiveBit, value: int) -> None:
        """Take a bit, and teach its model."""
        ...

    def tree(self, models: BitTree, bits: int, value: int) -> None:
        """Take an integer below ``2**bits`` by a binary tree of ``2**bits`` models, high bit first."""
        ...

    def bypass(self, count: int, value: int) -> None:
        """Take the lowest ``count`` bits of ``value``, each as likely 0 as 1, high bit first."""
        ...

    def symbol(self, frequencies: Sequence[int], value: int) -> None:
        """Take an index into ``frequencies``, whole numbers from 1 that its chance is proportional to."""
        ...

    def span(self, bounds: Sequence[int], value: int) -> None:
        """Take i where symbol i owns ``bounds[i] .. bounds[i + 1] - 1``; bounds start at 0."""
        ...

    def uniform(self, total: int, value: int) -> None:
        """Take a number below ``total``, at most 2**32, all equally likely."""
        ...


class BitWriter:
    """Write symbols; ``finish`` gives the bytes."""

    def __init__(self) -> None:
        self._encoder = Encoder()

    def bit(self, one: int, value: int) -> None:
        """Write a bit."""
        self._encoder.encode_bit(value, one)

    def adaptive(self, model: AdaptiveBit, value: int) -> None:
        """Write a bit and teach its model."""
        self._encoder.encode_bit(value, model.one)
        model.learn(value)

    def tree(self, models: BitTree, bits: int, value: int) -> None:
        """Write an integer by a tree of adaptive bits."""
        _take_tree(self, models, bits, value)

    def bypass(self, count: int, value: int) -> None:
        """Write the lowest bits of a number."""
        for shift in range(count - 1, -1, -1):
            self._encoder.encode_bit(value >> shift & 1, HALF)

    def symbol(self, frequencies: Sequence[int], value: int) -> None:
        """Write an index into frequencies."""
        self._encoder.encode(sum(frequencies[:value]), frequencies[value], sum(frequencies))

    def span(self, bounds: Sequence[int], value: int) -> None:
        """Write an index between bounds."""
        self._encoder.encode(bounds[value], bounds[value + 1] - bounds[value], bounds[-1])

    def uniform(self, total: int, value: int) -> None:
        """Write a number below ``total``."""
        self._encoder.encode(value, 1, total)

    def finish(self) -> bytes:
        """Give the bytes."""
        return self._encoder.finish()


def _take_tree(writer: SymbolWriter, models: BitTree, bits: int, value: int) -> None:
    node = 1
    for shift in range(bits - 1, -1, -1):
        bit = value >> shift & 1
        writer.adaptive(models[node], bit)
        node = node << 1 | bit


class BitReader:
    """Read what a ``BitWriter`` wrote; ``data`` is untrusted."""

    def __init__(self, data: bytes) -> None:
        self._decoder = Decoder(data)

    def bit(self, one: int) -> int:
        """Read a bit."""
        return self._decoder.decode_bit(one)

    def adaptive(self, model: AdaptiveBit) -> int:
        """Read a bit and teach its model."""
        value = self._decoder.decode_bit(model.one)
        model.learn(value)
        return value

    def tree(self, models: BitTree, bits: int) -> int:
        """Read an integer by a tree of adaptive bits."""
        node = 1
        for _ in range(bits):
            node = node << 1 | self.adaptive(models[node])
        return node - (1 << bits)

    def bypass(self, count: int) -> int:
        """Read a number below ``2**count``."""
        value = 0
        for _ in range(count):
            value = value << 1 | self._decoder.decode_bit(HALF)
        return value

    def symbol(self, frequencies: Sequence[int]) -> int:
        """Read an index into frequencies."""
        total = sum(frequencies)
        target = self._decoder.target(total)
        start = index = 0
        while start + frequencies[index] <= target:
            start += frequencies[index]
            index += 1
        self._decoder.take(start, frequencies[index], total)
        return index

    def span(self, bounds: Sequence[int]) -> int:
        """Read an index between bounds."""
        target = self._decoder.target(bounds[-1])
        index = 0
        while bounds[index + 1] <= target:
            index += 1
        self._decoder.take(bounds[index], bounds[index + 1] - bounds[index], bounds[-1])
        return index

    def uniform(self, total: int) -> int:
        """Read a number below ``total``."""
        value = self._decoder.target(total)
        self._decoder.take(value, 1, total)
        return value

    def close(self) -> None:
        """Make sure that the data are the very bytes a writer gives for the symbols read.

        Raises:
            EntropyError: they are not, so they were altered, cut or go on behind the last symbol.
        """
        self._decoder.close()


class BitCounter:
    """Count what symbols would cost.

    Attributes:
        bits: so far.
    """

    def __init__(self) -> None:
        self.bits = 0.0

    def bit(self, one: int, value: int) -> None:
        """Count a bit."""
        self.bits -= math.log2((one if value else BIT_ONE - one) / BIT_ONE)

    def adaptive(self, model: AdaptiveBit, value: int) -> None:
        """Count a bit and teach its model."""
        self.bit(model.one, value)
        model.learn(value)

    def tree(self, models: BitTree, bits: int, value: int) -> None:
        """Count an integer by a tree of adaptive bits."""
        _take_tree(self, models, bits, value)

    def bypass(self, count: int, value: int) -> None:
        """Count the lowest bits of a number."""
        self.bits += count

    def symbol(self, frequencies: Sequence[int], value: int) -> None:
        """Count an index into frequencies."""
        self.bits -= math.log2(frequencies[value] / sum(frequencies))

    def span(self, bounds: Sequence[int], value: int) -> None:
        """Count an index between bounds."""
        self.bits -= math.log2((bounds[value + 1] - bounds[value]) / bounds[-1])

    def uniform(self, total: int, value: int) -> None:
        """Count a number below ``total``."""
        self.bits += math.log2(total)


if core:
    AdaptiveBit = core.AdaptiveBit  # type: ignore[assignment, misc]
    BitWriter, BitReader = core.BitWriter, core.BitReader  # type: ignore[assignment, misc]
